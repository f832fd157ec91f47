"""How improbable a read may be of a pattern: the deeper, the more molecules the pattern has."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from pepseq.fluorosequencing.read_probabilities import ReadProbabilities
from pepseq.quantification.estimation import Amounts, Model, Observations, estimate, first_guess

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DepthSettings:
    """How deep the reads of patterns are followed.

    A read is left out of a pattern of which fewer than `expected_reads` such reads are expected; at
    first all patterns are taken as equally abundant, but with a cutoff of at most `max_cutoff`. In
    each of `rounds` rounds the patterns whose amount asks for a cutoff lower by `factor` are
    followed again, as long as there are at most `max_entries` probabilities.

    The patterns of proteins that are likely to be present are then followed deeper, so that
    `expected_reads` is divided by each of `deeper` in turn, as long as more than
    `max_improbable_share` of the reads are too improbable, and there are at most
    `max_deeper_entries` probabilities of these patterns. A protein with less than the mean amount
    is followed as if it had that: one that coarse cutoffs set to 0 would stay there, as the reads
    that it gives are probable of others only. Without this, estimates at high error rates are
    biased. Of 200 proteins of E. coli, 60 of them present, lognormal:2, 100,000 reads, DE,C,Y, 15
    cycles, rates 0.06 (Edman), 0.05 (detachment, bleaching), 0.07 (duds): intervals held the truth
    of 81 % of those found without the mean amount, with it of 94 % (means of five samples).
    """

    expected_reads: float = 0.1
    max_cutoff: float = 0.01
    min_cutoff: float = 1e-8
    factor: float = 3.0
    rounds: int = 3
    max_entries: int = 60_000_000
    steps: int = 60
    deeper: tuple[float, ...] = (20.0, 100.0)
    max_improbable_share: float = 0.005
    min_deeper_cutoff: float = 1e-10
    max_deeper_entries: int = 10_000_000


Follow = Callable[[np.ndarray, np.ndarray], ReadProbabilities]
"""Return the probabilities of the reads of the given patterns (int64) at the given cutoffs."""


def estimate_in_rounds(
    weights: csr_array,
    observed: Observations,
    follow: Follow,
    threads: int,
    settings: DepthSettings = DepthSettings(),
    present: int | None = None,
) -> tuple[Model, Amounts]:
    """Return the amounts, and the model with the depths that they ask for.

    `present`: only so many rows of `weights`, the first, have amounts; default: all.
    """
    absent = slice(weights.shape[0] if present is None else present, weights.shape[0])
    count = weights.shape[1]
    total = float(observed.counts.sum())
    cutoffs = np.full(count, settings.expected_reads * count / max(total, 1.0))
    cutoffs = np.clip(cutoffs, settings.min_cutoff, settings.max_cutoff)
    probabilities = follow(np.arange(count), cutoffs)
    start = first_guess(Model(weights, probabilities, threads), observed)
    start[absent] = 0
    for _ in range(settings.rounds):
        model = Model(weights, probabilities, threads)
        amounts = estimate(model, observed, start, settings.steps)
        asked = settings.expected_reads / np.maximum(amounts.patterns, 1e-300)
        asked = np.maximum(asked, settings.min_cutoff)
        deeper = np.flatnonzero(asked * settings.factor < cutoffs)
        if not len(deeper) or len(probabilities.reads) > settings.max_entries:
            break
        cutoffs[deeper] = asked[deeper]
        probabilities = _replaced(probabilities, deeper, follow(deeper, cutoffs[deeper]))
        floor = 0.01 / np.maximum(model.visible, 1e-300)  # absent so far, but not for ever
        start = np.concatenate(
            [
                np.maximum(amounts.copies, floor),
                amounts.background + 0.01,
                amounts.improbable + 1e-6,
            ]
        )
        start[absent] = 0
    model = Model(weights, probabilities, threads)
    return model, estimate(model, observed, start)


def estimate_deeper(
    model: Model,
    amounts: Amounts,
    observed: Observations,
    follow: Follow,
    settings: DepthSettings = DepthSettings(),
) -> tuple[Model, Amounts]:
    """Return the model with deeper probabilities, see `DepthSettings`, and amounts by it."""
    most = settings.max_improbable_share * observed.counts.sum()
    for factor in settings.deeper:
        if float((amounts.copies @ model.improbable).sum()) <= most:
            break
        patterns = model.patterns_of(np.maximum(amounts.copies, amounts.copies.mean()))
        present = np.flatnonzero(patterns > 0)
        asked = settings.expected_reads / factor / patterns[present]
        cutoffs = np.clip(asked, settings.min_deeper_cutoff, settings.max_cutoff)
        found = follow(present, cutoffs)
        reads = _replaced(model.reads, present, found)
        if len(reads.reads) == len(model.reads.reads) and np.array_equal(
            reads.residual, model.reads.residual
        ):  # such as scores, which are as deep as they are
            break
        model = Model(model.weights, reads, model.threads)
        amounts = estimate(model, observed)
        if len(found.reads) > settings.max_deeper_entries:
            break
    return model, amounts


def _replaced(
    old: ReadProbabilities, patterns: np.ndarray, new: ReadProbabilities
) -> ReadProbabilities:
    """Return probabilities in which those of some patterns are replaced."""
    lengths = np.diff(old.starts)
    lengths[patterns] = np.diff(new.starts)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    is_new = np.zeros(len(lengths), bool)
    is_new[patterns] = True
    from_new = np.repeat(is_new, lengths)
    from_old = np.repeat(~is_new, np.diff(old.starts))
    reads = np.empty(starts[-1], old.reads.dtype)
    values = np.empty(starts[-1], old.values.dtype)
    reads[from_new], values[from_new] = new.reads, new.values
    reads[~from_new], values[~from_new] = old.reads[from_old], old.values[from_old]
    visible, residual = old.visible.copy(), old.residual.copy()
    visible[patterns], residual[patterns] = new.visible, new.residual
    return replace(
        old, starts=starts, reads=reads, values=values, visible=visible, residual=residual
    )
