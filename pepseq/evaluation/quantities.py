"""Evaluation of amounts of proteins against the true ones: errors, found and false groups."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pepseq.evaluation.config import QuantityEvaluationConfig
from pepseq.evaluation.quantity_measures import (
    FALSE,
    FOUND,
    ComparedGroups,
    QuantityMeasures,
    ReadClassRow,
    class_rows,
    compare_groups,
    measure,
)
from pepseq.evaluation.true_amounts import true_amounts
from pepseq.io.dataframes import frame_of_rows
from pepseq.quantification.amounts_table import PROTEIN_SEPARATOR, estimated_amounts

if TYPE_CHECKING:
    import pandas as pd

GROUP_COLUMNS = (
    *("group", "proteins", "status", "true_molar_fraction", "molar_fraction", "low", "high"),
    *("q_value", "true_mass_fraction", "mass_fraction", "reads"),
)

Cell = str | int | float | None


class QuantitySummary(QuantityMeasures):
    """What summary.json holds: measures over all groups, and by class of reads.

    proteins: numbers of proteins that are present, and that are in a group that was found.
    false_groups: the names of the false ones. by_reads: None if the truth has no numbers of reads.
    """

    max_q: float
    proteins: dict[str, int]
    false_groups: list[str]
    by_reads: list[ReadClassRow] | None


@dataclass(frozen=True, repr=False)
class QuantityEvaluation:
    """How right amounts are: `summary` of all, `groups` with the status of each.

    Shares are in percent, fractions and q-values in 0-1, None is undefined.
    """

    summary: QuantitySummary
    groups: ComparedGroups
    status: list[str]

    def group_rows(self) -> Iterator[dict[str, Cell]]:
        """Yield the rows of groups.tsv: the table's groups, then proteins that it lacks."""
        groups = self.groups
        columns = {
            "true_molar_fraction": groups.true_molar,
            "molar_fraction": groups.molar,
            "low": groups.low,
            "high": groups.high,
            "q_value": groups.q_value,
            "true_mass_fraction": groups.true_mass,
            "mass_fraction": groups.mass,
            "reads": groups.reads,
        }
        for row, (name, members) in enumerate(zip(groups.names, groups.members, strict=True)):
            cells: dict[str, Cell] = {
                "group": name,
                "proteins": PROTEIN_SEPARATOR.join(members),
                "status": self.status[row],
            }
            for column, values in columns.items():
                value = math.nan if values is None else float(values[row])
                cells[column] = None if math.isnan(value) else value
            if cells["reads"] is not None:
                cells["reads"] = int(cells["reads"])
            yield cells

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a DataFrame with a row for each group: the columns of groups.tsv."""
        return frame_of_rows(self.group_rows(), GROUP_COLUMNS, GROUP_COLUMNS[3:])

    def __repr__(self) -> str:
        summary = self.summary
        error = summary["log10_rmse"]
        shown = "undefined" if error is None else f"{error:.3f}"
        counts = ", ".join(f"{name}={summary[name]}" for name in ("present", "found", "false"))
        return f"QuantityEvaluation({counts}, log10_rmse={shown})"


def evaluate_quantities(
    truth: "pd.DataFrame",
    table: "pd.DataFrame",
    *,
    max_q: float = QuantityEvaluationConfig.max_q,
) -> QuantityEvaluation:
    """Compare estimated amounts of proteins with the true ones.

    `truth` is a DataFrame with the columns protein and molar_fraction, and mass_fraction,
    labelled_peptides and reads if they are known, as `simulate` writes them; with labelled_peptides
    true fractions are divided by their sum over the proteins that have some. `table` is one that
    `quantify` returns: the columns proteins (ids with ; between them) and molar_fraction, and
    group, mass_fraction, low, high and q_value where there are any. Either may be the path of such
    a table. A group is found if its q-value is at most `max_q`.

    Raises InputError for missing columns, faulty cells, proteins that occur twice, and tables
    without a protein in common; SettingsError for a `max_q` outside 0-1.

    >>> import pandas as pd
    >>> truth = pd.DataFrame({"protein": ["P1", "P2"], "molar_fraction": [0.9, 0.1]})
    >>> table = pd.DataFrame({"proteins": ["P1", "P3"], "molar_fraction": [0.8, 0.2]})
    >>> evaluation = evaluate_quantities(truth, table)
    >>> evaluation
    QuantityEvaluation(present=2, found=1, false=1, log10_rmse=0.051)
    >>> evaluation.to_dataframe()[["proteins", "status", "true_molar_fraction", "molar_fraction"]]
      proteins  status  true_molar_fraction  molar_fraction
    0       P1   found                  0.9             0.8
    1       P3   false                  0.0             0.2
    2       P2  missed                  0.1             NaN
    """
    config = QuantityEvaluationConfig(max_q)
    true = true_amounts(truth)
    groups = compare_groups(true, estimated_amounts(table))
    status = groups.statuses(config.max_q)
    is_present = dict(zip(true.proteins, (true.molar > 0).tolist(), strict=True))
    found = [groups.members[row] for row in np.flatnonzero(status == FOUND)]
    every = np.ones(len(status), dtype=bool)
    summary: QuantitySummary = {
        "max_q": config.max_q,
        **measure(groups, status, every),
        "proteins": {
            "present": sum(is_present.values()),
            "found": sum(is_present.get(name, False) for members in found for name in members),
        },
        "false_groups": [groups.names[row] for row in np.flatnonzero(status == FALSE)],
        "by_reads": class_rows(groups, status),
    }
    return QuantityEvaluation(summary, groups, status.tolist())
