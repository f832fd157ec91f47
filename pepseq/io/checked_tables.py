"""Columns of a table, in a file or a DataFrame, checked cell by cell."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.io.dataframes import holds_parquet, read_parquet_from
from pepseq.io.files import open_input
from pepseq.io.tables import read_cells_from, select_columns

MAX_WHOLE = 10**15
"""Largest whole number of a table, such as a number of reads: sums of these are exact."""
MAX_SUM_OF_FRACTIONS = 1.01
"""Fractions that add up to more are percentages, or of several samples; room for rounding."""


@dataclass(frozen=True)
class CheckedTable:
    """Columns of a table; `place` says where a row is, for messages."""

    source: str
    columns: dict[str, Sequence[Any]]
    place: Callable[[int], str]

    def texts(self, column: str, may_be_empty: bool = False) -> list[str]:
        """Return the cells of a column as texts; InputError for a cell without one.

        With `may_be_empty`, a cell without a text is "".
        """
        texts = []
        for row, cell in enumerate(self.columns[column]):
            is_text = isinstance(cell, str | Integral) and not isinstance(cell, bool)
            text = str(cell).strip() if is_text else ""
            if not text and not may_be_empty:
                raise InputError(
                    f"{self.place(row)}: {column}: expected a text, found {quoted(str(cell))}"
                )
            texts.append(text)
        return texts

    def numbers(self, column: str, high: float = math.inf, whole: bool = False) -> np.ndarray:
        """Return the numbers of a column, float64.

        Raises InputError for a cell that is no number, negative or above `high`.
        """
        cells = self.columns[column]
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
        limit = min(high, MAX_WHOLE) if whole else high
        right = np.isfinite(values) & (values >= 0) & (values <= limit)
        if whole:
            right &= values == np.floor(values)
        if not right.all():
            row = int(np.argmin(right))
            kind = "a whole number" if whole else "a number"
            is_bounded = high < math.inf or values[row] > limit
            bounds = f"from 0 to {limit:g}" if is_bounded else "of 0 or more"
            raise InputError(
                f"{self.place(row)}: {column}: expected {kind} {bounds}, found "
                f"{quoted(str(cells[row]))}"
            )
        return values

    def fractions(self, column: str) -> np.ndarray:
        """Return the numbers of a column of fractions; InputError if their sum exceeds 1."""
        values = self.numbers(column, 1)
        if (total := float(values.sum())) > MAX_SUM_OF_FRACTIONS:
            raise InputError(
                f"{self.source}: {column}: expected fractions that add up to at most 1, found a "
                f"sum of {total:.4g}"
            )
        return values

    def refuse_repeated(self, names: Iterable[tuple[int, str]], kind: str) -> None:
        """Raise InputError if a name occurs in two rows; `names` are pairs of (row, name)."""
        first: dict[str, int] = {}
        for row, name in names:
            if name in first:
                raise InputError(
                    f"{self.place(row)}: {kind} {quoted(name)} occurs twice, first in "
                    f"{self.place(first[name])}"
                )
            first[name] = row


def _number(cell: Any) -> float:
    """Return a cell as a number, NaN for another cell."""
    if isinstance(cell, bool):
        return math.nan
    if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def read_checked_table(
    table: Any,
    source: str,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    may_be_empty: tuple[str, ...] = (),
    *,
    needs_rows: bool = True,
) -> CheckedTable:
    """Return columns of a DataFrame, which messages call `source`, or of a file (TSV, Parquet).

    The format of a file is found by its content. The file is opened once, so that it may be a pipe.

    Raises InputError for a required column that is missing, a column that occurs twice, a table
    without rows if it `needs_rows`, and in a file of text for an empty cell of a column that is not
    in `may_be_empty`.
    """
    if isinstance(table, str | Path):
        source = str(table)
        with open_input(table) as stream:
            if not holds_parquet(stream):
                return _read_text(source, stream, required, optional, may_be_empty, needs_rows)
            table = read_parquet_from(source, stream)
    elif not hasattr(table, "columns"):
        raise InputError(f"{source}: expected a DataFrame, found {type(table).__name__}")
    header = list(table.columns)
    names = (*required, *(name for name in optional if name in header))
    for column in names:
        if header.count(column) != 1:
            shown = quoted(" ".join(map(str, header)))
            raise InputError(f"{source}: expected one column {column}, found {shown}")
    if needs_rows and not len(table):
        raise InputError(f"{source}: expected rows, found none")
    columns = {name: table[name].tolist() for name in names}
    return CheckedTable(source, columns, lambda row: f"{source}: row {row + 1}")


def _read_text(
    source: str,
    stream: BufferedReader,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    may_be_empty: tuple[str, ...],
    needs_rows: bool,
) -> CheckedTable:
    lines = read_cells_from(source, stream)
    first = next(lines)
    header = [name.strip() for name in first[1]]
    names = (*required, *(name for name in optional if name in header))
    rows = list(select_columns(source, chain([first], lines), names, may_be_empty))
    if needs_rows and not rows:
        raise InputError(f"{source}: expected rows below the header, found none")
    cells = [cells for _, cells in rows]
    columns: dict[str, Sequence[Any]] = {
        name: [row[n] for row in cells] for n, name in enumerate(names)
    }
    return CheckedTable(source, columns, lambda row: f"{source}:{rows[row][0]}")
