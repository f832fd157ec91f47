"""Small tab-separated tables with a header: those that users give, and those that commands write.

In the latter cells may be empty and hold any text.
"""

from collections.abc import Iterator
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.files import open_input

Row = dict[str, str]
_BOM = b"\xef\xbb\xbf"


def read_table(path: str | Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, the cells of `columns`) of each row; other columns and empty lines are let be.

    `-` is stdin, gzip is unpacked; spaces around a cell are dropped.

    Raises InputError for a column that is missing or there twice, for another number of cells than
    the header has, an empty cell, and text that is not ASCII.
    """
    with open_input(path) as stream:
        names = _cells(path, 1, stream.readline().removeprefix(_BOM))
        for column in columns:
            if names.count(column) != 1:
                raise InputError(
                    f"{path}:1: expected one column {column} in a header divided by tabs, "
                    f"found {found(' '.join(names))}"
                )
        at = [names.index(column) for column in columns]
        for line, text in enumerate(stream, 2):
            if not text.strip():
                continue
            cells = _cells(path, line, text)
            if len(cells) != len(names):
                raise InputError(
                    f"{path}:{line}: expected {len(names)} cells divided by tabs, "
                    f"found {len(cells)}"
                )
            wanted = [cells[i] for i in at]
            if "" in wanted:
                raise InputError(f"{path}:{line}: expected a {columns[wanted.index('')]}, found ''")
            yield line, wanted


def _cells(path: str | Path, line: int, text: bytes) -> list[str]:
    if not text.isascii() or b"\0" in text:
        raise InputError(f"{path}:{line}: expected a table in ASCII, found other bytes")
    return [cell.strip() for cell in text.decode("ascii").rstrip("\r\n").split("\t")]


def read_columns(path: str | Path) -> tuple[str, ...]:
    """Return the cells of a file's first line; none if that is no text."""
    with open_input(path) as stream:
        line = stream.readline(1 << 16)
    return () if b"\0" in line else _split(line)


def _split(line: bytes) -> tuple[str, ...]:
    text = line.removeprefix(_BOM).decode("utf-8", "replace")
    return tuple(text.rstrip("\r\n").split("\t"))


def read_rows(path: str | Path) -> list[Row]:
    """Return the rows of a table by column; InputError for a row of another number of cells."""
    rows = []
    with open_input(path) as stream:
        names = _split(stream.readline())
        for line, text in enumerate(stream, 2):
            cells = _split(text)
            if len(cells) != len(names):
                raise InputError(
                    f"{path}:{line}: expected {len(names)} cells divided by tabs, "
                    f"found {len(cells)}: {found(cells[0])}"
                )
            rows.append(dict(zip(names, cells, strict=True)))
    return rows
