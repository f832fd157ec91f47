"""Measures of amounts against the true ones, over groups of proteins.

A group holds proteins that no read tells apart; it is compared with the summed truth of its
members. A protein of the truth that no group has is a group of its own, which is not reported. A
group is present if the true molar fraction of a member is above 0.
"""

import math
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.evaluation.metrics import in_bin, percent
from pepseq.evaluation.true_amounts import TrueAmounts
from pepseq.quantification.amounts_table import EstimatedAmounts

READ_CLASSES = {
    "0": (0, 0),
    "1-9": (1, 9),
    "10-99": (10, 99),
    "100-999": (100, 999),
    ">=1000": (1000, math.inf),
}
"""Classes of the true number of reads: first and last number of each."""

FOUND, MISSED, FALSE, ABSENT = "found", "missed", "false", "absent"
"""Present and found, present and not found, absent and found, absent and not found."""


class QuantityMeasures(TypedDict):
    """Measures over groups; shares are in percent, None is undefined.

    groups, present, found, missed, false: numbers of groups. reported: present ones in the table.
    share_found: `100 * found / present`. false_discovery_rate: `100 * false / (found + false)`.
    compared: groups that are present and have an estimate above 0; of these, root mean square
    (log10_rmse) and median (log10_median_error) of |log10(estimate / truth)|, spearman, and pearson
    of log10. mean_molar_error, mean_mass_error: mean of |estimate - truth| over all groups, the
    estimate of one that is not reported being 0. coverage: share of the reported ones whose truth
    is in their interval.
    """

    groups: int
    present: int
    reported: int
    found: int
    missed: int
    false: int
    share_found: float | None
    false_discovery_rate: float | None
    compared: int
    log10_rmse: float | None
    log10_median_error: float | None
    spearman: float | None
    pearson: float | None
    mean_molar_error: float | None
    mean_mass_error: float | None
    coverage: float | None


class ReadClassRow(QuantityMeasures):
    """Measures over the groups of one class of the true number of reads."""

    reads: str


@dataclass(frozen=True, repr=False)
class ComparedGroups:
    """True and estimated amounts, a value for each group; arrays are None where a table has none.

    reported: whether the group is in the table; estimates of others are NaN.
    """

    names: list[str]
    members: list[list[str]]
    reported: np.ndarray
    true_molar: np.ndarray
    molar: np.ndarray
    true_mass: np.ndarray | None
    mass: np.ndarray | None
    low: np.ndarray | None
    high: np.ndarray | None
    q_value: np.ndarray | None
    reads: np.ndarray | None

    @property
    def present(self) -> np.ndarray:
        """Which groups have a member that is present: bool, (groups,)."""
        return self.true_molar > 0

    def is_found(self, max_q: float) -> np.ndarray:
        """Return which groups are found: reported with a q-value of at most `max_q`.

        Without q-values, those with an estimate above 0.
        """
        if self.q_value is None:
            return self.molar > 0
        return self.q_value <= max_q

    def statuses(self, max_q: float) -> np.ndarray:
        """Return FOUND, MISSED, FALSE or ABSENT for each group: texts, (groups,)."""
        is_found = self.is_found(max_q)
        of_present = np.where(is_found, FOUND, MISSED)
        return np.where(self.present, of_present, np.where(is_found, FALSE, ABSENT))


def compare_groups(truth: TrueAmounts, estimates: EstimatedAmounts) -> ComparedGroups:
    """Return the groups of `estimates`, then the proteins of `truth` that none of them has.

    Raises InputError if no protein is in both.
    """
    place = {name: number for number, name in enumerate(truth.proteins)}
    known = [[place[name] for name in group if name in place] for group in estimates.members]
    in_group = {number for numbers in known for number in numbers}
    if known and not in_group:
        raise InputError(
            f"{estimates.source}: expected proteins of {truth.source}, such as "
            f"{quoted(truth.proteins[0])}, found none of them: the table is of another reference, "
            f"or its ids are others, such as {quoted(estimates.members[0][0])}"
        )
    alone = [number for number in range(len(place)) if number not in in_group]
    names = [truth.proteins[number] for number in alone]
    truth_of_groups = [*known, *([number] for number in alone)]

    def true(values: np.ndarray | None) -> np.ndarray | None:
        if values is None:
            return None
        return np.array([math.fsum(values[numbers]) for numbers in truth_of_groups])

    def estimated(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else np.append(values, np.full(len(alone), np.nan))

    true_molar, molar = true(truth.molar), estimated(estimates.molar)
    assert true_molar is not None and molar is not None
    return ComparedGroups(
        names=[*estimates.names, *names],
        members=[*estimates.members, *([name] for name in names)],
        reported=np.arange(len(molar)) < len(estimates.names),
        true_molar=true_molar,
        molar=molar,
        true_mass=true(truth.mass),
        mass=estimated(estimates.mass),
        low=estimated(estimates.low),
        high=estimated(estimates.high),
        q_value=estimated(estimates.q_value),
        reads=true(truth.reads),
    )


def measure(groups: ComparedGroups, status: np.ndarray, inside: np.ndarray) -> QuantityMeasures:
    """Return the measures over the groups that `inside` (bool) selects, of this status."""
    counts = {name: int((status[inside] == name).sum()) for name in (FOUND, MISSED, FALSE)}
    is_present = groups.present & inside
    is_reported = is_present & groups.reported
    compared = is_present & (groups.molar > 0)
    true, estimated = groups.true_molar[compared], groups.molar[compared]
    errors = np.abs(np.log10(estimated / true))
    n_present, n_found, n_false = int(is_present.sum()), counts[FOUND], counts[FALSE]
    coverage = None
    if groups.low is not None and groups.high is not None:
        covered = (groups.low <= groups.true_molar) & (groups.true_molar <= groups.high)
        coverage = percent(int((covered & is_reported).sum()), int(is_reported.sum()))
    return {
        "groups": int(inside.sum()),
        "present": n_present,
        "reported": int(is_reported.sum()),
        "found": n_found,
        "missed": counts[MISSED],
        "false": n_false,
        "share_found": percent(n_found, n_present),
        "false_discovery_rate": percent(n_false, n_found + n_false),
        "compared": len(errors),
        "log10_rmse": float(np.sqrt(np.mean(errors**2))) if len(errors) else None,
        "log10_median_error": float(np.median(errors)) if len(errors) else None,
        "spearman": _correlation(_ranks(true), _ranks(estimated)),
        "pearson": _correlation(np.log10(true), np.log10(estimated)),
        "mean_molar_error": _mean_error(groups.true_molar, groups.molar, inside),
        "mean_mass_error": _mean_error(groups.true_mass, groups.mass, inside),
        "coverage": coverage,
    }


def class_rows(groups: ComparedGroups, status: np.ndarray) -> list[ReadClassRow] | None:
    """Return the measures by class of the true number of reads; None if it is unknown.

    Groups that are not present have no read, and are in the first class.
    """
    if groups.reads is None:
        return None
    return [
        {"reads": name, **measure(groups, status, in_bin(groups.reads, bounds))}
        for name, bounds in READ_CLASSES.items()
    ]


def _mean_error(
    true: np.ndarray | None, estimated: np.ndarray | None, inside: np.ndarray
) -> float | None:
    if true is None or estimated is None or not inside.any():
        return None
    return float(np.abs(np.nan_to_num(estimated[inside]) - true[inside]).mean())


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1, equal values having the mean of theirs."""
    _, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[number]


def _correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Pearson's correlation; None for fewer than two values, or for equal ones."""
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return None
    return float(np.corrcoef(first, second)[0, 1])
