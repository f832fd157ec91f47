"""Amounts of groups of proteins: the table of `quantify`, read from a file or from memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.io.checked_tables import CheckedTable, read_checked_table

TABLE_COLUMNS = ("proteins", "molar_fraction")
"""Columns that a table of estimated amounts must have."""
COPIES_COLUMNS = ("copies", "copies_low", "copies_high")
"""Columns of absolute copies, which spike-ins give."""
OPTIONAL_TABLE_COLUMNS = (
    *("group", "description", "expected_reads", "unique_reads"),
    *("mass_fraction", "low", "high", "q_value"),
    *COPIES_COLUMNS,
)

PROTEIN_SEPARATOR = ";"
"""Stands between the proteins of a group."""


@dataclass(frozen=True)
class EstimatedAmounts:
    """Estimated amounts of groups of proteins; arrays have a value for each group, or are None.

    members: the proteins of each group; description: "" if there is none; low, high: interval of
    the molar fraction; copies, copies_low, copies_high: absolute copies and their interval.
    """

    source: str
    names: list[str]
    members: list[list[str]]
    descriptions: list[str]
    expected_reads: np.ndarray | None
    unique_reads: np.ndarray | None
    molar: np.ndarray
    mass: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None
    q_value: np.ndarray | None
    copies: np.ndarray | None
    copies_low: np.ndarray | None
    copies_high: np.ndarray | None


def estimated_amounts(amounts: Any, source: str = "table") -> EstimatedAmounts:
    """Return the amounts that a DataFrame holds, or the file at a path (TSV, Parquet).

    A table without the column `group` names each group by its proteins. Raises InputError for
    missing columns, faulty cells, and a protein or a group that occurs twice.
    """
    try:
        table = read_checked_table(
            amounts,
            source,
            TABLE_COLUMNS,
            OPTIONAL_TABLE_COLUMNS,
            may_be_empty=("description",),
            needs_rows=False,
        )
    except InputError as error:
        if "expected one column molar_fraction" not in str(error):
            raise
        raise InputError(f"{error}; give the table of one sample, as quantify writes it") from error
    has = set(table.columns)
    texts = table.texts("proteins")
    names = table.texts("group") if "group" in has else texts
    members = _members(table, texts)
    table.refuse_repeated(enumerate(names), "group")
    descriptions = [""] * len(names)
    if "description" in has:
        descriptions = table.texts("description", may_be_empty=True)
    low, high = _intervals(table) if {"low", "high"} <= has else (None, None)
    return EstimatedAmounts(
        source=table.source,
        names=names,
        members=members,
        descriptions=descriptions,
        expected_reads=table.numbers("expected_reads") if "expected_reads" in has else None,
        unique_reads=table.numbers("unique_reads") if "unique_reads" in has else None,
        molar=table.fractions("molar_fraction"),
        mass=table.fractions("mass_fraction") if "mass_fraction" in has else None,
        low=low,
        high=high,
        q_value=table.numbers("q_value", 1) if "q_value" in has else None,
        **{name: table.numbers(name) if name in has else None for name in COPIES_COLUMNS},
    )


def _members(table: CheckedTable, texts: list[str]) -> list[list[str]]:
    """Return the proteins of each group; InputError for one that occurs twice."""
    members = [[name.strip() for name in text.split(PROTEIN_SEPARATOR)] for text in texts]
    for row, group in enumerate(members):
        if "" in group:
            raise InputError(
                f"{table.place(row)}: proteins: expected ids with {PROTEIN_SEPARATOR} between "
                f"them, found {quoted(texts[row])}"
            )
    pairs = ((row, name) for row, group in enumerate(members) for name in group)
    table.refuse_repeated(pairs, "protein")
    return members


def _intervals(table: CheckedTable) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns low and high; InputError if low exceeds high."""
    low, high = table.numbers("low"), table.numbers("high")
    if (low > high).any():
        row = int(np.argmax(low > high))
        raise InputError(
            f"{table.place(row)}: expected low to be at most high, found {low[row]:g} and "
            f"{high[row]:g}"
        )
    return low, high
