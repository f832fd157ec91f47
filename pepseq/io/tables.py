"""Tables with a header: TSV as pepseq writes it, and the tables of R and spreadsheets.

The separator is found in the header: a tab, or else a semicolon or a comma, or else a space. A cell
may be quoted ("a,b", with "" for a quote) and must end in its line. UTF-8 with or without a
byte-order mark and UTF-16 with one are read; bytes that are not UTF-8 are kept. Row names of R, for
which its header has no cell, are a column without a name.
"""

import io
import os
import re
import shlex
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.files import decode_text, encode_text, numbered_lines, open_input

Row = dict[str, str]
_SEPARATORS = frozenset("\t;, ")
_ESCAPED_QUOTE = '""'
_QUOTED_CELL = re.compile(r'"((?:[^"]|"")*)"')
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_HEADER_BYTES = 1 << 16
_EXCEL, _OPEN_DOCUMENT = "an Excel workbook", "an OpenDocument spreadsheet"
_BINARY_FORMATS = (
    (b"PK\x03\x04", b"[Content_Types].xml", _EXCEL),
    (b"PK\x03\x04", b"xl/", _EXCEL),
    (b"PK\x03\x04", b"opendocument.spreadsheet", _OPEN_DOCUMENT),
    (b"PK\x03\x04", b"", "a zip archive"),
    (b"\xd0\xcf\x11\xe0", b"", _EXCEL),
    (b"PAR1", b"", "Parquet"),
)
"""Format of a file by its first bytes and bytes that are near them."""
_FORMAT_OF_SUFFIX = {
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
    """Raise SettingsError for the name of an output that has the suffix of another format."""
    name = without_suffix(path)
    stem, suffix = os.path.splitext(name)
    if other_format := _FORMAT_OF_SUFFIX.get(suffix.lower().removeprefix(".")):
        raise SettingsError(
            f"{path}: pepseq writes tables as TSV, but this name is that of {other_format}; use "
            f"{stem}.tsv{str(path).removeprefix(name)}"
        )


def read_table(
    path: str | Path, columns: tuple[str, ...], may_be_empty: Collection[str] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells of `columns`) of each row; other columns and empty rows are skipped.

    `-` is standard input; spaces around a cell are dropped; cells of `may_be_empty` may be empty.

    Raises InputError for a column that is missing or occurs twice, a row with more or fewer cells
    than the header, an empty cell, and a file that is not text.
    """
    yield from select_columns(path, read_cells(path), columns, may_be_empty)


def select_columns(
    path: str | Path,
    rows: Iterator[tuple[int, list[str]]],
    columns: tuple[str, ...],
    may_be_empty: Collection[str] = (),
) -> Iterator[tuple[int, list[str]]]:
    """Yield what `read_table` does of the rows of `read_cells`, the header first."""
    names = [name.strip() for name in next(rows)[1]]
    for column in columns:
        if names.count(column) != 1:
            raise InputError(
                f"{path}:1: expected one column {column} in the header of the table, found "
                f"{quoted(' '.join(names))}"
            )
    places = [names.index(column) for column in columns]
    for line, cells in check_cell_counts(path, rows, len(names)):
        values = [cells[place].strip() for place in places]
        if "" in values:
            for column, value in zip(columns, values, strict=True):
                if not value and column not in may_be_empty:
                    raise InputError(f"{path}:{line}: the cell of {column} is empty")
        yield line, values


def read_rows(path: str | Path) -> list[Row]:
    """Return the rows of a table as dicts; InputError for a row with too many or too few cells."""
    rows = read_cells(path)
    _, names = next(rows)
    checked = check_cell_counts(path, rows, len(names))
    return [dict(zip(names, cells, strict=True)) for _, cells in checked]


def check_cell_counts(
    path: str | Path, rows: Iterator[tuple[int, list[str]]], count: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield rows of `read_cells`; InputError for a row that has not `count` cells."""
    for line, cells in rows:
        if len(cells) != count:
            hint = "; put quotes around a cell with a separator in it" if len(cells) > count else ""
            raise InputError(
                f"{path}:{line}: expected {count} cells as in the header, found {len(cells)}: "
                f"{quoted(' '.join(cells))}{hint}"
            )
        yield line, cells


def read_columns(path: str | Path) -> tuple[str, ...]:
    """Return the cells of a file's first line; none if the file is not text."""
    with open_input(path) as stream:
        if _binary_format(stream):
            return ()
        line = _text_stream(stream).readline(_MAX_HEADER_BYTES).rstrip("\n")
    return () if "\0" in line else tuple(_split_cells(line, _find_separator(line), True))


def read_cells(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a table's header and of each row that is not empty.

    Rows may have any number of cells. Raises InputError for a file that is not text.
    """
    with open_input(path) as stream:
        yield from read_cells_from(path, stream)


def read_cells_from(path: str | Path, stream: io.BufferedReader) -> Iterator[tuple[int, list[str]]]:
    """Yield what `read_cells` does of an open file."""
    lines = text_lines(path, stream)
    _, header = next(lines, (1, ""))
    separator = _find_separator(header)
    names = _split_cells(header, separator, True)
    all_quoted = separator != "\t" or '"' in header
    is_first = True
    for number, line in lines:
        cells = _split_cells(line, separator, all_quoted)
        if not any(cells):
            continue
        if is_first:
            is_first = False
            may_have_name = line.startswith(('"', f"1{separator}")) and cells[-1] and len(cells) > 1
            has_row_names = may_have_name and len(cells) == len(names) + 1
            yield 1, ["", *names] if has_row_names else names
        yield number, cells
    if is_first:
        yield 1, names


def text_lines(path: str | Path, stream: io.BufferedReader) -> Iterator[tuple[int, str]]:
    """Yield (number, line without its end) of a text in UTF-8 or UTF-16; InputError for no text."""
    if binary := _binary_format(stream):
        hint = ""
        if binary in (_EXCEL, _OPEN_DOCUMENT):
            command = f"soffice --headless --convert-to csv {shlex.quote(str(path))}"
            hint = f"; save it as CSV, in a spreadsheet program or with: {command}"
        raise InputError(f"{path}: this is {binary}, not text{hint}")
    for number, line in numbered_lines(path, _text_stream(stream)):
        if "\0" in line:
            raise InputError(f"{path}:{number}: expected text, found binary data")
        yield number, line.rstrip("\n")


def _binary_format(stream: io.BufferedReader) -> str:
    """Return the format of a binary file, empty for another file."""
    head = stream.peek(1 << 12)[: 1 << 12]
    for start, near, name in _BINARY_FORMATS:
        if head.startswith(start) and near in head:
            return name
    return ""


def _text_stream(stream: io.BufferedReader) -> io.TextIOWrapper:
    if stream.peek(2)[:2] in _UTF_16_MARKS:
        return io.TextIOWrapper(stream, "utf-16", "replace")
    return io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape")


def _find_separator(header: str) -> str:
    """Return the separator of the cells of a table with this header."""
    unquoted = _QUOTED_CELL.sub("", header)
    if "\t" in unquoted or not _SEPARATORS & set(unquoted):
        return "\t"
    return max(";,", key=unquoted.count) if set(unquoted) & set(";,") else " "


def _split_cells(line: str, separator: str, all_quoted: bool) -> list[str]:
    """Return the cells of a line.

    `all_quoted`: quotes around a cell are never part of it. Without, as in a TSV whose header has
    no quotes, they are, unless the cell contains a separator or a quote.
    """
    if '"' not in line:
        return line.split(separator)
    cells, start = [], 0
    while True:
        quoted = _QUOTED_CELL.match(line, start)
        if quoted and not (all_quoted or separator in quoted[1] or _ESCAPED_QUOTE in quoted[1]):
            quoted = None
        if quoted and line[quoted.end() : quoted.end() + 1] in ("", separator):
            end, cell = quoted.end(), quoted[1].replace(_ESCAPED_QUOTE, '"')
        else:
            end = line.find(separator, start)
            end = len(line) if end < 0 else end
            cell = line[start:end]
        cells.append(cell)
        if end == len(line):
            return cells
        start = end + 1


class TsvBlocks:
    """A table that is read in blocks of lines: UTF-8 with tabs between cells and without quotes.

    `names` are the header's cells. Lines of a TSV without quotes are passed on unchanged, which is
    fast.
    """

    def __init__(self, path: str | Path, stream: io.BufferedReader):
        header = stream.peek(_MAX_HEADER_BYTES).partition(b"\n")[0].decode("utf-8-sig", "replace")
        is_utf_16 = stream.peek(2)[:2] in _UTF_16_MARKS
        is_tsv = (
            not is_utf_16
            and not _binary_format(stream)
            and '"' not in header
            and _find_separator(header) == "\t"
        )
        self._stream = stream
        self._rows: Iterator[tuple[int, list[str]]] | None = None
        if is_tsv:
            first = stream.readline().decode("utf-8-sig", "surrogateescape")
            self.names = first.rstrip("\r\n").split("\t")
        else:
            self._rows = read_cells_from(path, stream)
            self.names = next(self._rows)[1]

    def read(self, size: int) -> list[bytes]:
        """Return the next lines, about `size` bytes; an empty list at the end."""
        if self._rows is not None:
            lines, left = [], size
            while left > 0 and (row := next(self._rows, None)) is not None:
                lines.append(_format_row(row[1]))
                left -= len(lines[-1])
            return lines
        lines = self._stream.readlines(size)
        if b'"' in b"".join(lines):
            lines = list(map(_without_quotes, lines))
        return lines


def _without_quotes(line: bytes) -> bytes:
    if b'"' not in line:
        return line
    return _format_row(_split_cells(decode_text(line).rstrip("\r\n"), "\t", False))


def _format_row(cells: list[str]) -> bytes:
    return encode_text("\t".join(cells) + "\n")


def format_tsv(rows: Iterable[Iterable[object]]) -> bytes:
    r"""Return rows as TSV, the first of them the column names; None is an empty cell.

    >>> format_tsv([("id", "length"), ("P0A7V8", 206), ("P62399", None)])
    b'id\tlength\nP0A7V8\t206\nP62399\t\n'
    """
    lines = ("\t".join("" if c is None else str(c) for c in row) + "\n" for row in rows)
    return encode_text("".join(lines))
