"""True and estimated amounts of proteins, read from tables in files or in memory."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.errors import InputError, found
from pepseq.io.parquet import is_parquet, read_parquet
from pepseq.io.tables import read_columns, read_table

TRUTH_COLUMNS = ("protein", "molar_fraction")
"""Columns that a table of true amounts must have."""
OPTIONAL_TRUTH_COLUMNS = ("mass_fraction", "reads")

TABLE_COLUMNS = ("proteins", "molar_fraction")
"""Columns that a table of estimated amounts must have."""
OPTIONAL_TABLE_COLUMNS = ("group", "mass_fraction", "low", "high", "q_value")

PROTEIN_SEPARATOR = ";"
"""Stands between the proteins of a group."""

_MAX_SUM = 1.01
"""Fractions that add up to more are percentages, or of several samples; room for rounding."""


@dataclass(frozen=True)
class TrueAmounts:
    """True amounts of proteins; arrays have a value for each protein, or are None.

    molar, mass: fractions of all molecules and of their mass; reads: number of reads.
    """

    source: str
    proteins: list[str]
    molar: np.ndarray
    mass: np.ndarray | None
    reads: np.ndarray | None


@dataclass(frozen=True)
class EstimatedAmounts:
    """Estimated amounts of groups of proteins; arrays have a value for each group, or are None.

    members: the proteins of each group; low, high: interval of the molar fraction.
    """

    source: str
    names: list[str]
    members: list[list[str]]
    molar: np.ndarray
    mass: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None
    q_value: np.ndarray | None


@dataclass(frozen=True)
class _Table:
    """Columns of a table; `place` says where a row is, for messages."""

    source: str
    columns: dict[str, Sequence[Any]]
    place: Callable[[int], str]

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column as texts; InputError for a cell without one."""
        texts = []
        for row, cell in enumerate(self.columns[column]):
            text = str(cell).strip() if isinstance(cell, str | Integral) else ""
            if not text:
                raise InputError(
                    f"{self.place(row)}: {column}: expected a text, found {found(str(cell))}"
                )
            texts.append(text)
        return texts

    def numbers(
        self, column: str, high: float = math.inf, whole: bool = False
    ) -> np.ndarray | None:
        """Return the numbers of a column, None if the table lacks it.

        Raises InputError for a cell that is no number, negative or above `high`.
        """
        if column not in self.columns:
            return None
        cells = self.columns[column]
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
        right = np.isfinite(values) & (values >= 0) & (values <= high)
        if whole:
            right &= values == np.floor(values)
        if not right.all():
            row = int(np.argmin(right))
            kind = "a whole number" if whole else "a number"
            bounds = "of 0 or more" if math.isinf(high) else f"from 0 to {high:g}"
            raise InputError(
                f"{self.place(row)}: {column}: expected {kind} {bounds}, found "
                f"{found(str(cells[row]))}"
            )
        return values

    def fractions(self, column: str) -> np.ndarray | None:
        """Return the numbers of a column of fractions; InputError if their sum exceeds 1."""
        values = self.numbers(column, 1)
        if values is not None and (total := float(values.sum())) > _MAX_SUM:
            raise InputError(
                f"{self.source}: {column}: expected fractions that add up to at most 1, found a "
                f"sum of {total:.4g}"
            )
        return values


def _number(cell: object) -> float:
    """Return a cell as a number, NaN for another cell."""
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def true_amounts(truth: Any, source: str = "truth") -> TrueAmounts:
    """Return the true amounts that a DataFrame holds, or the file at a path (TSV, Parquet).

    Raises InputError for missing columns, faulty cells, proteins that occur twice, and a table
    without a protein that is present.
    """
    table = _read(truth, source, TRUTH_COLUMNS, OPTIONAL_TRUTH_COLUMNS)
    proteins = table.texts("protein")
    _refuse_repeated(table, [(row, name) for row, name in enumerate(proteins)], "protein")
    molar = table.fractions("molar_fraction")
    assert molar is not None  # a column that must be there
    if not molar.any():
        raise InputError(
            f"{table.source}: expected a protein with a molar_fraction above 0, found none"
        )
    reads = table.numbers("reads", whole=True)
    return TrueAmounts(table.source, proteins, molar, table.fractions("mass_fraction"), reads)


def estimated_amounts(amounts: Any, source: str = "table") -> EstimatedAmounts:
    """Return the estimates that a DataFrame holds, or the file at a path (TSV, Parquet).

    A table without the column `group` names each group by its proteins. Raises InputError for
    missing columns, faulty cells, and a protein or a group that occurs twice.
    """
    table = _read(amounts, source, TABLE_COLUMNS, OPTIONAL_TABLE_COLUMNS)
    texts = table.texts("proteins")
    names = table.texts("group") if "group" in table.columns else texts
    members = [[name.strip() for name in text.split(PROTEIN_SEPARATOR)] for text in texts]
    for row, group in enumerate(members):
        if "" in group:
            raise InputError(
                f"{table.place(row)}: proteins: expected ids with {PROTEIN_SEPARATOR} between "
                f"them, found {found(texts[row])}"
            )
    _refuse_repeated(table, list(enumerate(names)), "group")
    _refuse_repeated(
        table, [(row, name) for row, group in enumerate(members) for name in group], "protein"
    )
    molar = table.fractions("molar_fraction")
    assert molar is not None  # a column that must be there
    low, high = table.numbers("low"), table.numbers("high")
    if low is None or high is None:
        low = high = None
    elif (low > high).any():
        row = int(np.argmax(low > high))
        raise InputError(
            f"{table.place(row)}: expected low to be at most high, found {low[row]:g} and "
            f"{high[row]:g}"
        )
    mass, q_value = table.fractions("mass_fraction"), table.numbers("q_value", 1)
    return EstimatedAmounts(table.source, names, members, molar, mass, low, high, q_value)


def _refuse_repeated(table: _Table, names: list[tuple[int, str]], kind: str) -> None:
    first: dict[str, int] = {}
    for row, name in names:
        if name in first:
            raise InputError(
                f"{table.place(row)}: {kind} {found(name)} occurs twice, first in "
                f"{table.place(first[name])}"
            )
        first[name] = row


def _read(table: Any, source: str, required: tuple[str, ...], optional: tuple[str, ...]) -> _Table:
    """Return the columns of a DataFrame, named `source` in messages, or of a file."""
    if isinstance(table, str | Path):
        source = str(table)
        if not is_parquet(table):
            return _read_text(source, required, optional)
        table = read_parquet(table)
    elif not hasattr(table, "columns"):
        raise InputError(f"{source}: expected a DataFrame, found {type(table).__name__}")
    names = list(table.columns)
    for column in (*required, *(name for name in optional if name in names)):
        if names.count(column) != 1:
            shown = found(" ".join(map(str, names)))
            raise InputError(f"{source}: expected one column {column}, found {shown}")
    if not len(table):
        raise InputError(f"{source}: expected rows, found none")
    columns = {name: table[name].tolist() for name in (*required, *optional) if name in names}
    return _Table(source, columns, lambda row: f"{source}: row {row + 1}")


def _read_text(source: str, required: tuple[str, ...], optional: tuple[str, ...]) -> _Table:
    header = [name.strip() for name in read_columns(source)]
    names = (*required, *(name for name in optional if name in header))
    rows = list(read_table(source, names))
    if not rows:
        raise InputError(f"{source}: expected rows below the header, found none")
    columns: dict[str, Sequence[Any]] = dict(
        zip(names, zip(*(cells for _, cells in rows), strict=True), strict=True)
    )
    return _Table(source, columns, lambda row: f"{source}:{rows[row][0]}")
