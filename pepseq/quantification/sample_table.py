"""Amounts of several samples in one table: samples as columns, in long form, or for MSstats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pepseq.errors import InputError, SettingsError, is_text, quoted
from pepseq.io.dataframes import frame_of_rows
from pepseq.quantification.amounts_table import (
    COPIES_COLUMNS,
    PROTEIN_SEPARATOR,
    EstimatedAmounts,
    estimated_amounts,
)

if TYPE_CHECKING:
    import pandas as pd

GROUP_COLUMNS = ("group", "proteins", "description")
NUMBER_COLUMNS = (
    *("expected_reads", "unique_reads", "molar_fraction", "mass_fraction"),
    *("low", "high", "q_value"),
)
MSSTATS_COLUMNS = (
    *("ProteinName", "PeptideSequence", "PrecursorCharge", "FragmentIon", "ProductCharge"),
    *("IsotopeLabelType", "Condition", "BioReplicate", "Run", "Intensity"),
)

MSSTATS_SCALE = 1e9
"""Intensity of a fraction of 1. MSstats replaces intensities below 1 by 1."""

_FRACTIONS = ("molar_fraction", "mass_fraction")
_ATTRIBUTES = {"molar_fraction": "molar", "mass_fraction": "mass"}


@dataclass(frozen=True)
class Labels:
    """Condition and biological replicate of each sample, by its name; None if they are not given.

    Samples with the same condition and replicate are technical replicates.
    """

    conditions: Mapping[str, str] | None = None
    replicates: Mapping[str, str] | None = None

    def given(self) -> dict[str, Mapping[str, str]]:
        """Return those that are given, by the name of their column."""
        both = {"condition": self.conditions, "replicate": self.replicates}
        return {name: of for name, of in both.items() if of is not None}

    def check(self, samples: list[str]) -> None:
        """Raise SettingsError for a sample without one of those that are given."""
        for column, of in self.given().items():
            for name in samples:
                if not str(of.get(name, "")).strip():
                    raise SettingsError(
                        f"{column}s: expected one for sample {quoted(name)}, found none"
                    )


@dataclass(frozen=True)
class JoinedSamples:
    """Tables of several samples, and the groups that are kept.

    tables: by the name of the sample; rows: the row of each group in the table of each sample that
        has it, by the proteins of the group, in the order in which groups occur.
    left_out: number of groups that are not kept.
    """

    tables: dict[str, EstimatedAmounts]
    rows: dict[str, dict[str, int]]
    left_out: int

    @property
    def missing(self) -> int:
        """The number of pairs of a sample and a group that its table lacks."""
        return len(self.tables) * len(self.rows) - sum(map(len, self.rows.values()))

    def cells(self, proteins: str) -> dict[str, Any]:
        """Return the cells of GROUP_COLUMNS of a group."""
        name, row = next(iter(self.rows[proteins].items()))
        table = self.tables[name]
        return {
            "group": table.names[row],
            "proteins": proteins,
            "description": table.descriptions[row],
        }

    def column(self, name: str, value: str) -> np.ndarray:
        """Return a column of a sample's table; InputError if the table lacks it."""
        table = self.tables[name]
        values: np.ndarray | None = getattr(table, _ATTRIBUTES.get(value, value))
        if values is None:
            hint = "; copies need quantify --known" if value == "copies" else ""
            raise InputError(f"{table.source}: expected one column {value}, found none{hint}")
        return values

    def has(self, name: str, value: str) -> bool:
        """Return whether a sample's table has a column."""
        return getattr(self.tables[name], _ATTRIBUTES.get(value, value)) is not None


def join_samples(samples: Mapping[str, Any], max_q: float, min_samples: int) -> JoinedSamples:
    """Join the tables of samples, DataFrames or paths by the name of the sample.

    A group is kept if its q-value is at most `max_q` in at least `min_samples` samples; in a table
    without q-values, if its molar fraction is above 0.

    Raises SettingsError for the name of a sample; InputError for faulty tables, and for a protein
    that is in different groups in two samples.
    """
    tables = _read_samples(samples)
    if min_samples > len(tables):
        raise SettingsError(
            f"min_samples: expected at most {len(tables)}, the number of samples, found "
            f"{min_samples}"
        )
    rows: dict[str, dict[str, int]] = {}
    found: dict[str, int] = {}
    for name, table in tables.items():
        is_found = table.molar > 0 if table.q_value is None else table.q_value <= max_q
        for row, members in enumerate(table.members):
            # in an order of its own, so that all samples have the same
            proteins = PROTEIN_SEPARATOR.join(sorted(members))
            rows.setdefault(proteins, {})[name] = row
            found[proteins] = found.get(proteins, 0) + int(is_found[row])
    kept = {proteins: of for proteins, of in rows.items() if found[proteins] >= min_samples}
    return JoinedSamples(tables, kept, len(rows) - len(kept))


def _read_samples(samples: Mapping[str, Any]) -> dict[str, EstimatedAmounts]:
    """Return the amounts of each sample, after a check that their groups are the same."""
    if not isinstance(samples, Mapping) or not samples:
        raise InputError("samples: expected tables by the names of samples, found none")
    tables = {}
    group_of: dict[str, tuple[frozenset[str], str]] = {}
    for name, table in samples.items():
        if not isinstance(name, str) or not name.strip() or not all(map(is_text, name)):
            raise SettingsError(f"sample: expected a name, found {quoted(str(name))}")
        tables[name] = estimated_amounts(table, f"sample {name}")
        for members in tables[name].members:
            group = frozenset(members)
            for protein in members:
                other, source = group_of.setdefault(protein, (group, tables[name].source))
                if other != group:
                    raise InputError(
                        f"{tables[name].source}: {quoted(protein)} is in the group "
                        f"{quoted(PROTEIN_SEPARATOR.join(sorted(group)))}, but in {source} in "
                        f"{quoted(PROTEIN_SEPARATOR.join(sorted(other)))}; run quantify on all "
                        "samples with the same reference and settings, --cycles too"
                    )
    return tables


def samples_as_columns(joined: JoinedSamples, value: str) -> "pd.DataFrame":
    """Return a row for each group: GROUP_COLUMNS, then a column of `value` for each sample.

    A value is missing (NaN) where the table of a sample lacks the group. Raises SettingsError for
    the name of a sample that is that of another column.
    """
    for name in joined.tables:
        if name in GROUP_COLUMNS:
            raise SettingsError(f"sample {quoted(name)}: the table has a column of this name")
    values = {name: joined.column(name, value) for name in joined.tables}
    rows = [
        joined.cells(proteins) | {name: values[name][row] for name, row in of.items()}
        for proteins, of in joined.rows.items()
    ]
    return frame_of_rows(rows, [*GROUP_COLUMNS, *joined.tables], tuple(joined.tables))


def long_sample_table(joined: JoinedSamples, labels: Labels) -> "pd.DataFrame":
    """Return the rows of all samples below each other: sample, `labels`, columns of `quantify`.

    Values of columns that a table lacks are missing (NaN); the columns of copies are there if one
    table has them.
    """
    given = labels.given()
    tables = joined.tables
    copies = [c for c in COPIES_COLUMNS if any(joined.has(name, c) for name in tables)]
    numbers = (*NUMBER_COLUMNS, *copies)
    rows = []
    for name in tables:
        columns = {c: joined.column(name, c) for c in numbers if joined.has(name, c)}
        about = {"sample": name, **{column: str(of[name]) for column, of in given.items()}}
        for proteins, of in joined.rows.items():
            if (row := of.get(name)) is not None:
                cells = {column: values[row] for column, values in columns.items()}
                rows.append({**about, **joined.cells(proteins), **cells})
    return frame_of_rows(rows, ("sample", *given, *GROUP_COLUMNS, *numbers), numbers)


def msstats_table(joined: JoinedSamples, value: str, labels: Labels) -> "pd.DataFrame":
    """Return the input of MSstats' `dataProcess`: one feature for each group, a row in each sample.

    ProteinName: ids of the group's proteins, with ; between them. PeptideSequence: the name of the
    group, since amounts are of proteins. PrecursorCharge, FragmentIon, ProductCharge: missing (NA),
    as MSstats wants what an experiment does not have. IsotopeLabelType: L (label-free). Condition,
    BioReplicate: those of the sample in `labels`, default: its name. Run: the name of the sample.
    Intensity: `value`, fractions in parts per 10^9, not logarithmic; missing where the sample lacks
    the group, or has an intensity below 1, which MSstats would replace by 1.

    Amounts of a sample are fractions of it: `normalization = FALSE` keeps them. Write the table
    with `format_msstats`.
    """
    scale = MSSTATS_SCALE if value in _FRACTIONS else 1
    conditions, replicates = labels.conditions or {}, labels.replicates or {}
    groups = [(proteins, joined.cells(proteins)["group"]) for proteins in joined.rows]
    rows = []
    for name in joined.tables:
        intensities = joined.column(name, value) * scale
        fixed = {
            "IsotopeLabelType": "L",
            "Condition": str(conditions.get(name, name)),
            "BioReplicate": str(replicates.get(name, name)),
            "Run": name,
        }
        for proteins, group in groups:
            row = joined.rows[proteins].get(name)
            is_large = row is not None and intensities[row] >= 1
            about = {"ProteinName": proteins, "PeptideSequence": group}
            rows.append({**about, **fixed, "Intensity": intensities[row] if is_large else None})
    return frame_of_rows(rows, MSSTATS_COLUMNS, ("Intensity",))


def format_msstats(table: "pd.DataFrame") -> bytes:
    """Return the table of `msstats_table` as CSV, in which NA is a missing value."""
    text = table.to_csv(index=False, na_rep="NA", float_format="%.6g", lineterminator="\n")
    return text.encode("utf-8", "surrogateescape")
