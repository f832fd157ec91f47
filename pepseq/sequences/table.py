"""Small tables that users give: tab-separated, with a header, read row by row."""

from collections.abc import Iterator
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.files import open_input

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
