"""Small tables that commands write, read whole; numbers in them, and in run records, as they are.

Unlike tables that users give, cells may be empty and ids may be of any text.
"""

from collections.abc import Sequence
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.io.tables import Row, read_columns
from pepseq.io.tables import read_rows as read_table

__all__ = ["TENTHS", "Row", "number", "part", "read_columns", "read_table", "tenth", "total"]
TENTHS = 10
LARGEST = 1e15
"""Beyond this a cell holds no count and no measurement."""


def number(value: object) -> float | None:
    """Return a number of a cell or of JSON; None for an empty cell and for what is no number.

    Nor is one beyond LARGEST.

    >>> number("12.5"), number(3), number(""), number(None), number("nan"), number("1e308")
    (12.5, 3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if abs(result) <= LARGEST else None


def tenth(path: str | Path, cell: str) -> int:
    """Return in which tenth a confidence lies, 0 to 9; InputError for none from 0 to 1."""
    share = number(cell)
    if share is None or not 0 <= share <= 1:
        raise InputError(f"{path}: expected a confidence from 0 to 1, found {found(cell)}")
    return min(int(TENTHS * share), TENTHS - 1)


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
