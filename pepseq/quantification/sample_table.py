"""Amounts of several samples in one table: samples as columns, in long form, or for MSstats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.dataframes import frame_of_rows
from pepseq.quantification.amounts_table import (
    PROTEIN_SEPARATOR,
    EstimatedAmounts,
    estimated_amounts,
)

if TYPE_CHECKING:
    import pandas as pd

VALUES = ("molar_fraction", "mass_fraction", "expected_reads", "unique_reads")
"""Columns of which a table with samples as columns can hold one."""

LONG_COLUMNS = (
    *("sample", "group", "proteins", "description", "expected_reads", "unique_reads"),
    *("molar_fraction", "mass_fraction", "low", "high", "q_value"),
)

MSSTATS_COLUMNS = (
    *("ProteinName", "PeptideSequence", "PrecursorCharge", "FragmentIon", "ProductCharge"),
    *("IsotopeLabelType", "Condition", "BioReplicate", "Run", "Intensity"),
)

MSSTATS_SCALE = 1e9
"""Intensity of a molar fraction of 1. MSstats replaces intensities below 1 by 1."""

_GROUP_COLUMNS = ("group", "proteins", "description")
_ATTRIBUTES = {"molar_fraction": "molar", "mass_fraction": "mass"}

Samples = Mapping[str, Any]
"""The table of `quantify` of each sample, a DataFrame or a path, by the name of the sample."""


def samples_as_columns(
    samples: Samples, value: str = "molar_fraction", max_q: float | None = None
) -> "pd.DataFrame":
    """Return a table with a row for each group, and a column of `value` for each sample.

    The first columns are group, proteins and description. A value is missing (NaN) where the
    table of the sample lacks the group, or has a q_value above `max_q`; groups that no sample has
    are left out. Rows are in the order in which the groups occur.

    Raises InputError for faulty tables, and for a protein that is in different groups in two
    samples; SettingsError for the name of a sample that is that of another column.

    >>> import pandas as pd
    >>> a = pd.DataFrame({"proteins": ["P1", "P2;P3"], "molar_fraction": [0.75, 0.25]})
    >>> b = pd.DataFrame({"proteins": ["P1"], "molar_fraction": [1.0]})
    >>> samples_as_columns({"a": a, "b": b})[["proteins", "a", "b"]]
      proteins     a    b
    0       P1  0.75  1.0
    1    P2;P3  0.25  NaN
    """
    if value not in VALUES:
        raise SettingsError(f"value: expected one of {', '.join(VALUES)}, found {quoted(value)}")
    tables = _read_samples(samples)
    for name in tables:
        if name in _GROUP_COLUMNS:
            raise SettingsError(f"sample {quoted(name)}: the table has a column of this name")
    chosen = {name: _chosen_rows(table, max_q) for name, table in tables.items()}
    rows: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        values = _column(table, value)
        if values is None:
            raise InputError(f"{table.source}: expected one column {value}, found none")
        for row in np.flatnonzero(chosen[name]).tolist():
            cells = rows.setdefault(_proteins(table, row), _group_cells(table, row))
            cells[name] = values[row]
    return frame_of_rows(list(rows.values()), [*_GROUP_COLUMNS, *tables], tuple(tables))


def long_sample_table(samples: Samples, max_q: float | None = None) -> "pd.DataFrame":
    """Return the rows of all samples below each other: the column sample, then those of `quantify`.

    Values of columns that a table lacks are missing (NaN). Groups with a q_value above `max_q` are
    left out. Raises InputError as `samples_as_columns` does.
    """
    rows = []
    for name, table in _read_samples(samples).items():
        columns = {column: _column(table, column) for column in LONG_COLUMNS[4:]}
        for row in np.flatnonzero(_chosen_rows(table, max_q)).tolist():
            numbers = {
                column: None if values is None else values[row]
                for column, values in columns.items()
            }
            rows.append({"sample": name, **_group_cells(table, row), **numbers})
    return frame_of_rows(rows, LONG_COLUMNS, LONG_COLUMNS[4:])


def msstats_table(
    samples: Samples,
    conditions: Mapping[str, str] | None = None,
    replicates: Mapping[str, str] | None = None,
    max_q: float | None = None,
) -> "pd.DataFrame":
    """Return the input of MSstats' `dataProcess`: one feature for each group, a row in each sample.

    ProteinName: ids of the group's proteins, with ; between them. PeptideSequence: the name of the
    group, since amounts are of proteins. PrecursorCharge, FragmentIon, ProductCharge: missing (NA),
    as MSstats wants what an experiment does not have. IsotopeLabelType: L (label-free). Condition,
    BioReplicate: those of the sample in `conditions` and `replicates`, default: its name. Run: the
    name of the sample. Intensity: the molar fraction in parts per 10^9, not logarithmic; missing
    where the sample lacks the group, has a q_value above `max_q`, or an intensity below 1, which
    MSstats would replace by 1. Each group has a row in every sample.

    Amounts of a sample are fractions of it: `normalization = FALSE` keeps them. Write the table
    with `format_msstats`. Raises InputError as `samples_as_columns` does, SettingsError for a
    sample without a condition or a replicate.
    """
    wide = samples_as_columns(samples, "molar_fraction", max_q)
    rows = []
    for place, mapping in (("conditions", conditions), ("replicates", replicates)):
        for name in samples if mapping is not None else ():
            if not str((mapping or {}).get(name) or "").strip():
                raise SettingsError(f"{place}: expected one for sample {quoted(name)}, found none")
    for name in samples:
        intensities = wide[name].to_numpy() * MSSTATS_SCALE
        intensities[~(intensities >= 1)] = np.nan
        fixed = {
            "IsotopeLabelType": "L",
            "Condition": name if conditions is None else conditions[name],
            "BioReplicate": name if replicates is None else replicates[name],
            "Run": name,
        }
        for group, proteins, intensity in zip(
            wide["group"], wide["proteins"], intensities, strict=True
        ):
            about = {"ProteinName": proteins, "PeptideSequence": group}
            rows.append({**about, **fixed, "Intensity": intensity})
    return frame_of_rows(rows, MSSTATS_COLUMNS, ("Intensity",))


def format_msstats(table: "pd.DataFrame") -> bytes:
    """Return the table of `msstats_table` as CSV, in which NA is a missing value."""
    text = table.to_csv(index=False, na_rep="NA", float_format="%.6g", lineterminator="\n")
    return text.encode("utf-8", "surrogateescape")


def _read_samples(samples: Samples) -> dict[str, EstimatedAmounts]:
    """Return the amounts of each sample, after a check that their groups are the same."""
    if not isinstance(samples, Mapping) or not samples:
        raise InputError("samples: expected tables by the names of samples, found none")
    tables = {}
    group_of: dict[str, tuple[frozenset[str], str]] = {}
    for name, table in samples.items():
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
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
                        "samples with the same reference and settings"
                    )
    return tables


def _chosen_rows(table: EstimatedAmounts, max_q: float | None) -> np.ndarray:
    if max_q is None:
        return np.ones(len(table.names), dtype=bool)
    if table.q_value is None:
        raise InputError(f"{table.source}: expected one column q_value, found none")
    return table.q_value <= max_q


def _column(table: EstimatedAmounts, name: str) -> np.ndarray | None:
    values: np.ndarray | None = getattr(table, _ATTRIBUTES.get(name, name))
    return values


def _proteins(table: EstimatedAmounts, row: int) -> str:
    """Return the proteins of a group in an order of its own, so that all samples have the same."""
    return PROTEIN_SEPARATOR.join(sorted(table.members[row]))


def _group_cells(table: EstimatedAmounts, row: int) -> dict[str, Any]:
    cells = (table.names[row], _proteins(table, row), table.descriptions[row])
    return dict(zip(_GROUP_COLUMNS, cells, strict=True))
