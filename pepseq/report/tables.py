"""Small tables that commands write, read whole; numbers in them, and in run records, as they are.

Unlike tables that users give, cells may be empty and ids may be of any text.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.files import open_input

Row = dict[str, str]


def read_columns(path: str | Path) -> tuple[str, ...]:
    """Return the cells of a file's first line; none if that is no text."""
    with open_input(path) as stream:
        line = stream.readline(1 << 16)
    return () if b"\0" in line else _split(line)


def _split(line: bytes) -> tuple[str, ...]:
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    return tuple(text.rstrip("\r\n").split("\t"))


def read_table(path: str | Path) -> list[Row]:
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


def number(value: object) -> float | None:
    """Return a number of a cell or of JSON; None for an empty cell and for what is no number.

    >>> number("12.5"), number(3), number(""), number(None), number("nan")
    (12.5, 3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def told_apart(paths: Sequence[Path]) -> list[str]:
    """Return the last part of each path, or as many parts as make different paths different.

    >>> told_apart([Path("/x/a/t.tsv"), Path("/x/b/t.tsv")])
    ['a/t.tsv', 'b/t.tsv']
    """
    names: list[str] = []
    for parts in range(1, 2 + max((len(path.parts) for path in paths), default=0)):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def part(value: object, *keys: str) -> object:
    """Return what lies in nested dicts under these keys; None if it is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def total(rows: list[Row], column: str) -> int:
    """Return the sum of a column, cells without a number counting as 0."""
    return int(sum(number(row.get(column)) or 0 for row in rows))
