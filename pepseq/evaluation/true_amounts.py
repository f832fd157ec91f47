"""True amounts of proteins, read from tables in files or in memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pepseq.errors import InputError
from pepseq.io.checked_tables import read_checked_table

TRUTH_COLUMNS = ("protein", "molar_fraction")
"""Columns that a table of true amounts must have."""
OPTIONAL_TRUTH_COLUMNS = ("mass_fraction", "labelled_peptides", "reads")


@dataclass(frozen=True)
class TrueAmounts:
    """True amounts of proteins; arrays have a value for each protein, or are None.

    molar, mass: copies and mass over their sums, of the proteins with labelled peptides where these
        are given; reads: number of reads.
    """

    source: str
    proteins: list[str]
    molar: np.ndarray
    mass: np.ndarray | None
    reads: np.ndarray | None


def true_amounts(truth: Any, source: str = "truth") -> TrueAmounts:
    """Return the true amounts that a DataFrame holds, or the file at a path (TSV, Parquet).

    With a column labelled_peptides, fractions are divided by their sum over the proteins that have
    some: those that `quantify` estimates are of what reads show.

    Raises InputError for missing columns, faulty cells, proteins that occur twice, and a table
    without a protein that is present.
    """
    table = read_checked_table(truth, source, TRUTH_COLUMNS, OPTIONAL_TRUTH_COLUMNS)
    proteins = table.texts("protein")
    table.refuse_repeated(enumerate(proteins), "protein")
    molar = table.fractions("molar_fraction")
    if not molar.any():
        raise InputError(
            f"{table.source}: expected a protein with a molar_fraction above 0, found none"
        )
    mass = table.fractions("mass_fraction") if "mass_fraction" in table.columns else None
    if "labelled_peptides" in table.columns:
        is_labelled = table.numbers("labelled_peptides") > 0
        if not molar[is_labelled].any():
            raise InputError(
                f"{table.source}: expected a protein with a molar_fraction and labelled_peptides "
                "above 0, found none"
            )
        molar = molar / molar[is_labelled].sum()
        if mass is not None and mass[is_labelled].any():
            mass = mass / mass[is_labelled].sum()
    reads = table.numbers("reads", whole=True) if "reads" in table.columns else None
    return TrueAmounts(table.source, proteins, molar, mass, reads)
