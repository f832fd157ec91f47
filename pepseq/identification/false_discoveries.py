"""Estimates of the share of wrong discoveries from hits in entrapment sequences.

An entrapment sequence is in the reference but in no sample, so that a hit in one is wrong. Formulas
of Wen et al. 2025, Nature Methods 22: 1454. N_E is the number of accepted entrapment hits, N that
of all accepted hits, and r the number of entrapment sequences for each sequence of the reference.
"""

from collections.abc import Mapping
from typing import NamedTuple

from scipy.special import betaincinv


class Interval(NamedTuple):
    """A share with its 95 % interval, 0 to 1."""

    share: float
    low: float
    high: float


def share_with_interval(count: int, total: int) -> Interval:
    """Return count / total with its exact 95 % interval (Clopper and Pearson 1934).

    Nothing of nothing is 0 with an interval of 0 to 1.

    >>> [round(value, 4) for value in share_with_interval(1, 100)]
    [0.01, 0.0003, 0.0545]
    """
    if not total:
        return Interval(0.0, 0.0, 1.0)
    low = betaincinv(count, total - count + 1, 0.025) if count else 0.0
    high = betaincinv(count + 1, total - count, 0.975) if count < total else 1.0
    return Interval(count / total, float(low), float(high))


def lower_bound(entrapment: int, total: int) -> Interval:
    """Return N_E / N: at least so many hits are wrong; those in the reference are not counted."""
    return share_with_interval(entrapment, total)


def combined_estimate(entrapment: int, total: int, ratio: float = 1.0) -> Interval:
    """Return N_E (1 + 1 / r) / N, at most 1: it is above the true share on average.

    For each hit in an entrapment sequence, 1 / r wrong hits are expected in the reference.

    >>> combined_estimate(2, 100).share
    0.04
    """
    bounds = share_with_interval(entrapment, total)
    return Interval(*(min(1.0, value * (1 + 1 / ratio)) for value in bounds))


def paired_estimate(targets: Mapping[str, float], entrapment: Mapping[str, float]) -> float:
    """Return (N_E + N_E>=s>T + 2 N_E>T>=s) / N, at most 1: above the true share on average.

    It is nearer to the true share than the combined estimate, but needs one entrapment sequence
    for each sequence of the reference. Both arguments hold the scores of the accepted hits, by
    their pair. N_E>=s>T are entrapment hits whose partner is not accepted, and N_E>T>=s those with
    an accepted partner that scores no better.

    >>> paired_estimate({"a": 9.0, "b": 3.0, "c": 2.0}, {"b": 5.0})
    0.75
    """
    alone = sum(pair not in targets for pair in entrapment)
    above = sum(pair in targets and score >= targets[pair] for pair, score in entrapment.items())
    total = len(targets) + len(entrapment)
    return min(1.0, (len(entrapment) + alone + 2 * above) / total) if total else 0.0
