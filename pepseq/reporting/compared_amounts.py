"""Folders of `evaluate-quantities`: measures, and groups with their true amounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from pepseq.evaluation.quantities import QuantityEvaluation, QuantitySummary
from pepseq.evaluation.quantity_measures import FALSE, MISSED, READ_CLASSES, ComparedGroups
from pepseq.io.tables import Row
from pepseq.quantification.amounts_table import PROTEIN_SEPARATOR
from pepseq.reporting import amount_figures
from pepseq.reporting.discovery import read_object
from pepseq.reporting.results import NamedTable, Results
from pepseq.reporting.values import as_list, fraction, nested, number

_MAX_LOG10_ERROR = 300
_MAX_LISTED = 100
"""Lists of missed and of false groups show so many at most."""


@dataclass(frozen=True)
class ComparedAmounts:
    """A folder that `evaluate-quantities` wrote; `inputs` are the SHA-256 of what it compared."""

    name: str
    inputs: frozenset[str]
    summary: dict[str, Any]
    rows: list[Row]

    @property
    def true_fractions(self) -> dict[str, float | None]:
        """The true molar fraction of each group."""
        return {row["group"]: number(row["true_molar_fraction"]) for row in self.rows}

    def section(self, key: str) -> dict[str, Any]:
        """Return what the page shows; `key` makes ids distinct on the page."""
        listed = as_list(self.summary.get("by_reads"))
        by_reads = [row for row in listed if isinstance(nested(row, "reads"), str)]
        evaluation = _evaluation(self.rows, by_reads)
        missed, false = (_listed(self.rows, status) for status in (MISSED, FALSE))
        error = _log10_error(self.summary, "log10_median_error")
        return {
            "key": key,
            "name": self.name,
            "summary": self.summary,
            "max_q": number(self.summary.get("max_q")),
            "factor": None if error is None else 10**error,
            "measures": [self.summary | {"reads": "all"}, *by_reads],
            "missed": missed[:_MAX_LISTED],
            "all_missed": len(missed),
            "false": false[:_MAX_LISTED],
            "all_false": len(false),
            "scatter": amount_figures.true_and_estimated(f"{key}-scatter", evaluation),
            "errors": amount_figures.error_by_reads(f"{key}-errors", evaluation),
        }


def read_compared(results: Results) -> list[ComparedAmounts]:
    """Return the folders of `evaluate-quantities`."""
    return [_compared(table) for table in results.read_tables("amounts_compared")]


def _compared(table: NamedTable) -> ComparedAmounts:
    summary = read_object(table.path.with_name("summary.json"))
    inputs = frozenset(table.run.inputs if table.run else ())
    return ComparedAmounts(table.name, inputs, summary, table.rows)


def _listed(rows: Sequence[Row], status: str) -> list[Row]:
    """Return the groups of a status, the most abundant first."""
    column = "molar_fraction" if status == FALSE else "true_molar_fraction"
    chosen = [row for row in rows if row["status"] == status]
    return sorted(chosen, key=lambda row: -(number(row[column]) or 0))


def _log10_error(measures: Mapping[str, Any], name: str) -> float | None:
    """Return an error of amounts on a log scale; None for what is none."""
    error = number(measures.get(name))
    return error if error is not None and 0 <= error <= _MAX_LOG10_ERROR else None


def _evaluation(rows: Sequence[Row], by_reads: list[dict[str, Any]]) -> QuantityEvaluation:
    """Return an evaluation as the figures need it, of the rows of groups.tsv."""

    def fractions(column: str) -> np.ndarray:
        return np.array([fraction(row.get(column)) for row in rows], np.float64)

    def optional(column: str) -> np.ndarray | None:
        values = fractions(column)
        return None if np.isnan(values).all() else values

    estimated = fractions("molar_fraction")
    reads = np.array([number(row.get("reads")) for row in rows], np.float64)
    groups = ComparedGroups(
        names=[row["group"] for row in rows],
        members=[row["proteins"].split(PROTEIN_SEPARATOR) for row in rows],
        reported=~np.isnan(estimated),
        true_molar=np.nan_to_num(fractions("true_molar_fraction")),
        molar=estimated,
        true_mass=optional("true_mass_fraction"),
        mass=optional("mass_fraction"),
        low=optional("low"),
        high=optional("high"),
        q_value=optional("q_value"),
        reads=None if np.isnan(reads).all() else reads,
    )
    classes = [row for row in by_reads if row["reads"] in READ_CLASSES]
    errors = [row | {"log10_rmse": _log10_error(row, "log10_rmse")} for row in classes]
    summary = cast(QuantitySummary, {"by_reads": errors})
    return QuantityEvaluation(summary, groups, [row["status"] for row in rows])
