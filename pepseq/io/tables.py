"""Tables with a header: as pepseq writes them (TSV), and as R and spreadsheets do.

The header's first line says what divides cells: a tab, or else a semicolon or a comma, or else a
space. A cell may be quoted ("a,b", with "" for a quote) and must end in its line. UTF-8 with or
without a byte-order mark and UTF-16 with one are read; bytes that are no UTF-8 stay as they are.
R's row names, for which its header has no cell, are a column without a name.
"""

import io
import os
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.compression import without_suffix
from pepseq.io.files import decode_text, encode_text, numbered_lines, open_input

Row = dict[str, str]
_DIVIDERS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}
_DOUBLED = '""'
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LONGEST_HEADER = 1 << 16
_EXCEL, _OPEN_DOCUMENT = "an Excel workbook", "an OpenDocument spreadsheet"
_BINARY = (
    (b"PK\x03\x04", b"[Content_Types].xml", _EXCEL),
    (b"PK\x03\x04", b"xl/", _EXCEL),
    (b"PK\x03\x04", b"opendocument.spreadsheet", _OPEN_DOCUMENT),
    (b"PK\x03\x04", b"", "a zip archive"),
    (b"\xd0\xcf\x11\xe0", b"", _EXCEL),
    (b"PAR1", b"", "Parquet"),
)
"""How a file starts, what is near its start, and its format."""
_SUFFIXES = {
    "csv": "CSV",
    **dict.fromkeys(("xlsx", "xlsm", "xlsb", "xls"), _EXCEL),
    "ods": _OPEN_DOCUMENT,
    "parquet": "Parquet",
    **dict.fromkeys(("feather", "arrow"), "Arrow"),
    **dict.fromkeys(("json", "jsonl"), "JSON"),
    **dict.fromkeys(("html", "htm"), "HTML"),
    "pdf": "PDF",
    **dict.fromkeys(("fasta", "fa", "faa", "fas"), "FASTA"),
}


def check_table_name(path: str | Path) -> None:
    """Raise SettingsError for the name of an output that promises another format than TSV."""
    name = without_suffix(path)
    stem, suffix = os.path.splitext(name)
    if promised := _SUFFIXES.get(suffix.lower().removeprefix(".")):
        raise SettingsError(
            f"{path}: pepseq writes tables as TSV, and this name promises {promised}; give "
            f"{stem}.tsv{str(path).removeprefix(name)}"
        )


def read_table(path: str | Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, the cells of `columns`) of each row; other columns and empty rows are let be.

    `-` is stdin; spaces around a cell are dropped.

    Raises InputError for a column that is missing or there twice, for another number of cells than
    the header has, an empty cell, and a file that is no text.
    """
    rows = read_cells(path)
    names = [name.strip() for name in next(rows)[1]]
    for column in columns:
        if names.count(column) != 1:
            raise InputError(
                f"{path}:1: expected one column {column} in the header of a table, "
                f"found {found(' '.join(names))}"
            )
    at = [names.index(column) for column in columns]
    for line, cells in _of_one_length(path, rows, len(names)):
        wanted = [cells[i].strip() for i in at]
        if "" in wanted:
            raise InputError(f"{path}:{line}: expected a {columns[wanted.index('')]}, found ''")
        yield line, wanted


def read_rows(path: str | Path) -> list[Row]:
    """Return the rows of a table by column; InputError for a row of another number of cells."""
    rows = read_cells(path)
    _, names = next(rows)
    return [dict(zip(names, row, strict=True)) for _, row in _of_one_length(path, rows, len(names))]


def _of_one_length(
    path: str | Path, rows: Iterator[tuple[int, list[str]]], length: int
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in rows:
        if len(cells) != length:
            raise InputError(
                f"{path}:{line}: expected {length} cells as in the header, found {len(cells)}: "
                f"{found(' '.join(cells))}"
            )
        yield line, cells


def read_columns(path: str | Path) -> tuple[str, ...]:
    """Return the cells of a file's first line; none if that is no text."""
    with open_input(path) as stream:
        if _binary(stream):
            return ()
        line = _text_of(stream).readline(_LONGEST_HEADER).rstrip("\n")
    return () if "\0" in line else tuple(_split(line, _divider(line), True))


def read_cells(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a table: of the header, and of each row that has a cell in it.

    Rows may have any number of cells. Raises InputError for a file that is no text.
    """
    with open_input(path) as stream:
        yield from _rows_of(path, stream)


def _rows_of(path: str | Path, stream: io.BufferedReader) -> Iterator[tuple[int, list[str]]]:
    lines = text_lines(path, stream)
    _, header = next(lines, (1, ""))
    divider = _divider(header)
    names, first = _split(header, divider, True), True
    quoted = divider != "\t" or '"' in header
    for number, line in lines:
        cells = _split(line, divider, quoted)
        if not any(cells):
            continue
        if first:
            named = line.startswith(('"', f"1{divider}")) and cells[-1] and len(cells) > 1
            yield 1, ["", *names] if named and len(cells) == len(names) + 1 else names
            first = False
        yield number, cells
    if first:
        yield 1, names


def text_lines(path: str | Path, stream: io.BufferedReader) -> Iterator[tuple[int, str]]:
    """Yield (number, line without its end) of a text, also in UTF-16; InputError if it is none."""
    if binary := _binary(stream):
        hint = ""
        if binary in (_EXCEL, _OPEN_DOCUMENT):
            command = f"soffice --headless --convert-to csv {shlex.quote(str(path))}"
            hint = f"; save it as CSV, in a spreadsheet program or with: {command}"
        raise InputError(f"{path}: expected text, found {binary}{hint}")
    for number, line in numbered_lines(path, _text_of(stream)):
        if "\0" in line:
            raise InputError(f"{path}:{number}: expected text, found binary data")
        yield number, line.rstrip("\n")


def _binary(stream: io.BufferedReader) -> str:
    """Return the format of a binary file, empty if it is none of those known."""
    head = stream.peek(1 << 12)[: 1 << 12]
    fit = (name for start, near, name in _BINARY if head.startswith(start) and near in head)
    return next(fit, "")


def _text_of(stream: io.BufferedReader) -> io.TextIOWrapper:
    wide = stream.peek(2)[:2] in _UTF_16
    errors = "replace" if wide else "surrogateescape"
    return io.TextIOWrapper(stream, "utf-16" if wide else "utf-8-sig", errors)


def _divider(header: str) -> str:
    """Return what divides the cells of a table with this header."""
    bare = _QUOTED.sub("", header)
    if "\t" in bare or not set(bare) & set(_DIVIDERS):
        return "\t"
    return max(";,", key=bare.count) if set(bare) & set(";,") else " "


def _split(line: str, divider: str, quoted_all: bool) -> list[str]:
    """Return the cells of a line.

    Without `quoted_all`, as in a TSV whose header has no quotes, quotes around a cell are its own
    unless the cell needs them.
    """
    if '"' not in line:
        return line.split(divider)
    cells, at = [], 0
    while True:
        quoted = _QUOTED.match(line, at)
        if quoted and not (quoted_all or divider in quoted[1] or _DOUBLED in quoted[1]):
            quoted = None
        if quoted and line[quoted.end() : quoted.end() + 1] in ("", divider):
            end, cell = quoted.end(), quoted[1].replace('""', '"')
        else:
            end = line.find(divider, at)
            end = len(line) if end < 0 else end
            cell = line[at:end]
        cells.append(cell)
        if end == len(line):
            return cells
        at = end + 1


class TsvBlocks:
    """A table in blocks of lines: bytes of UTF-8, cells divided by tabs, none of them quoted.

    `names` are the header's cells. Of a TSV, lines without quotes pass as they are, which is quick.
    """

    def __init__(self, path: str | Path, stream: io.BufferedReader):
        header = stream.peek(_LONGEST_HEADER).partition(b"\n")[0].decode("utf-8-sig", "replace")
        wide = stream.peek(2)[:2] in _UTF_16
        plain = not wide and not _binary(stream) and '"' not in header and _divider(header) == "\t"
        self._stream = stream
        self._rows: Iterator[tuple[int, list[str]]] | None = None
        if plain:
            first = stream.readline().decode("utf-8-sig", "surrogateescape")
            self.names = first.rstrip("\r\n").split("\t")
        else:
            self._rows = _rows_of(path, stream)
            self.names = next(self._rows)[1]

    def read(self, size: int) -> list[bytes]:
        """Return the next lines, about `size` bytes of them; none at the end."""
        if self._rows is not None:
            lines, left = [], size
            while left > 0 and (row := next(self._rows, None)) is not None:
                lines.append(_encoded(row[1]))
                left -= len(lines[-1])
            return lines
        lines = self._stream.readlines(size)
        if b'"' in b"".join(lines):
            lines = list(map(_without_quotes, lines))
        return lines


def _without_quotes(line: bytes) -> bytes:
    if b'"' not in line:
        return line
    return _encoded(_split(decode_text(line).rstrip("\r\n"), "\t", False))


def _encoded(cells: list[str]) -> bytes:
    return encode_text("\t".join(cells) + "\n")


def format_tsv(rows: Iterable[Iterable[object]]) -> bytes:
    r"""Return rows as TSV, the first of them the column names; None is an empty cell.

    >>> format_tsv([("id", "length"), ("P0A7V8", 206), ("P62399", None)])
    b'id\tlength\nP0A7V8\t206\nP62399\t\n'
    """
    lines = ("\t".join("" if c is None else str(c) for c in row) + "\n" for row in rows)
    return encode_text("".join(lines))
