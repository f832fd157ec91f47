"""Amounts of proteins by expectation-maximisation.

The number n_r of each distinct read is taken as Poisson with the mean

    s_r = sum_d q_d (L_dr + E_df F_fr) + w_k B_r,   q_d = sum_i a_i W_id,

in which a_i are the copies of protein i, W_id the number of its peptides with pattern d, and L_dr
the probability that a molecule with pattern d gives read r. Improbable reads, below the cutoffs of
`ReadProbabilities`, are left out of L; E_df is the probability of all of them with the first label
f, and F_fr shares it among the reads with this first label: by their number of labels k as such
reads are distributed in the sample, and equally among those with as many. The background w_k B_r
comes from no protein of the reference; its weight is free for each number of labels.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pepseq.fluorosequencing.read_probabilities import ReadProbabilities
from pepseq.kernels import kernel

BLOCKS = 16
"""Parts into which patterns are divided; fixed, so that sums do not depend on threads."""
_FEW_PROBABILITIES = 1 << 18
"""Up to so many probabilities of reads, threads take longer to start than they save."""
TOLERANCE = 1e-4
"""EM ends when no protein's expected reads change by more than this share of them plus one."""
MAX_STEPS = 600
MIN_EXPECTED_READS = 1e-3
"""A protein with fewer expected reads is taken as absent during EM."""


@dataclass(frozen=True)
class Observations:
    """Distinct reads.

    `counts`: int64 (R,); `labels`: int64 (R,), number of labels k; `first`: int64 (R,), first label
    f as a column of `ReadProbabilities.residual`; `background`: float64 (R,), 1 over the number of
    possible reads with k labels; `alike`: float64 (R,), 1 over the number of those with k labels
    and the first label f. For whole peptides, whose length is certain, f is a class of lengths.
    """

    counts: np.ndarray
    labels: np.ndarray
    first: np.ndarray
    background: np.ndarray
    alike: np.ndarray


@dataclass(frozen=True)
class Amounts:
    """Estimated amounts.

    `copies`: float64 (P,), of each protein; `patterns`: float64 (D,), molecules of each pattern;
    `background`: float64 (K,), background reads with k labels; `improbable`: float64 (K,), the
    shares of improbable reads with k labels; `means`: float64 (R,), expected number of each read;
    `steps` of EM, and whether it `converged`.
    """

    copies: np.ndarray
    patterns: np.ndarray
    background: np.ndarray
    improbable: np.ndarray
    means: np.ndarray
    steps: int
    converged: bool


class Model:
    """Proteins, their patterns and the probabilities of reads.

    `weights`: sparse (P, D), W of the module; `reads`: L and E. `visible` and `covered`, float64
    (P,), are the reads that one copy of a protein gives, and those of them above the cutoffs;
    `improbable`, float64 (P, F), the others by their first label.
    """

    def __init__(self, weights: csr_array, reads: ReadProbabilities, threads: int):
        self.weights, self.reads, self.threads = weights, reads, threads
        self._transposed = csr_array(weights.T)
        self.visible = weights @ reads.visible
        self.improbable = weights @ reads.residual
        self.covered = np.maximum(self.visible - self.improbable.sum(1), 0)
        borders = np.linspace(0, reads.starts[-1], BLOCKS + 1)
        self._borders = np.searchsorted(reads.starts, borders)
        self._borders[0], self._borders[-1] = 0, weights.shape[1]

    def patterns_of(self, copies: np.ndarray) -> np.ndarray:
        """Return the molecules of each pattern, float64 (D,)."""
        return self._transposed @ copies

    def means(self, patterns: np.ndarray, count: int) -> np.ndarray:
        """Return the expected number of each of `count` distinct reads, without background."""

        def add_block(block: int) -> np.ndarray:
            result = np.zeros(count)
            begin, end = self._borders[block : block + 2]
            _add_means(*self._csr, patterns, begin, end, result)
            return result

        return sum(self._each_block(add_block), np.zeros(count))

    def gradients(self, ratios: np.ndarray) -> np.ndarray:
        """Return the sum over reads of L_dr ratios_r, float64 (D,)."""
        result = np.zeros(self.weights.shape[1])

        def fill_block(block: int) -> None:
            begin, end = self._borders[block : block + 2]
            _fill_gradients(*self._csr, ratios, begin, end, result)

        self._each_block(fill_block)
        return result

    @property
    def _csr(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.reads.starts, self.reads.reads, self.reads.values

    def _each_block(self, function: Callable[[int], object]) -> list:
        if self.threads == 1 or self.reads.starts[-1] <= _FEW_PROBABILITIES:
            return list(map(function, range(BLOCKS)))
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(function, range(BLOCKS)))


@kernel
def _add_means(starts, reads, values, patterns, begin, end, result):
    for d in range(begin, end):
        if patterns[d] > 0:
            for k in range(starts[d], starts[d + 1]):
                result[reads[k]] += patterns[d] * values[k]


@kernel
def _fill_gradients(starts, reads, values, ratios, begin, end, result):
    for d in range(begin, end):
        total = 0.0
        for k in range(starts[d], starts[d + 1]):
            total += values[k] * ratios[reads[k]]
        result[d] = total


def estimate(
    model: Model,
    observed: Observations,
    start: np.ndarray | None = None,
    max_steps: int = MAX_STEPS,
) -> Amounts:
    """Return the amounts that make the reads most probable.

    Steps of EM are extrapolated (SQUAREM: Varadhan and Roland 2008, Scand J Stat 35: 335), and an
    extrapolation that makes the reads less probable is not taken. `start`: what to begin with, as
    `first_guess` returns it.
    """
    proteins = len(model.visible)
    current = (first_guess(model, observed) if start is None else start).copy()
    current[:proteins][model.visible <= 0] = 0
    reads = np.ones(len(current))
    reads[:proteins] = model.visible
    steps, converged = 0, False
    fitted = _step(model, observed, current)
    while steps < max_steps and not converged:
        first = fitted
        second = _step(model, observed, first.state)
        steps += 2
        change, bend = first.state - current, second.state - 2 * first.state + current
        length = -np.sqrt((change**2).sum() / max((bend**2).sum(), 1e-300))
        moved = np.abs(second.state - first.state) * reads
        converged = bool((moved <= TOLERANCE * (second.state * reads + 1)).all())
        jump = current - 2 * length * change + length**2 * bend
        unsafe = (jump <= 0) | (second.state == 0)
        jump[unsafe] = second.state[unsafe]
        tried = _step(model, observed, jump) if length < -1 and not converged else None
        steps += tried is not None
        if tried is not None and tried.log_likelihood >= second.log_likelihood:
            current, fitted = jump, tried
        else:
            current, fitted = first.state, second
    copies, background, improbable = _parts(model, fitted.state)
    patterns = model.patterns_of(copies)
    means, _ = _means(model, observed, patterns, copies, background, improbable)
    return Amounts(copies, patterns, background, improbable, means, steps, converged)


def first_guess(model: Model, observed: Observations) -> np.ndarray:
    """Return equal copies of all proteins, a tenth of the reads as background, and equal shares.

    float64 (P + 2 K,): copies, background, and shares of improbable reads by number of labels.
    """
    by_labels = np.bincount(observed.labels, observed.counts)
    copies = 0.9 * by_labels.sum() / max(model.visible.sum(), 1e-300)
    shares = np.full(len(by_labels), 1 / len(by_labels))
    return np.concatenate([np.full(len(model.visible), copies), 0.1 * by_labels, shares])


@dataclass(frozen=True)
class _Step:
    """A new state, as of `first_guess`, and the log-likelihood of the one before."""

    state: np.ndarray
    log_likelihood: float


def _parts(model: Model, state: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    proteins = len(model.visible)
    kinds = (len(state) - proteins) // 2
    improbable = state[proteins + kinds :]
    total = improbable.sum()
    return state[:proteins], state[proteins:][:kinds], improbable / (total if total > 0 else 1.0)


def _means(model, observed, patterns, copies, background, improbable):  # type: ignore[no-untyped-def]
    """Return the expected number of each read, and the part of it that is improbable reads."""
    by_first = copies @ model.improbable
    rest = by_first[observed.first] * improbable[observed.labels] * observed.alike
    means = model.means(patterns, len(observed.counts)) + rest
    return means + background[observed.labels] * observed.background, rest


def _step(model: Model, observed: Observations, state: np.ndarray) -> _Step:
    copies, background, improbable = _parts(model, state)
    patterns = model.patterns_of(copies)
    means, rest = _means(model, observed, patterns, copies, background, improbable)
    means = np.maximum(means, 1e-300)
    ratios = observed.counts / means
    expected = float(model.visible @ copies) + background.sum()
    log_likelihood = float(observed.counts @ np.log(means)) - expected
    shared = improbable[observed.labels] * observed.alike * ratios
    by_first = np.bincount(observed.first, shared, model.improbable.shape[1])
    gained = model.weights @ model.gradients(ratios) + model.improbable @ by_first
    copies = copies * gained / np.maximum(model.visible, 1e-300)
    copies[copies * model.visible < MIN_EXPECTED_READS] = 0
    kinds = len(background)
    background = background * np.bincount(
        observed.labels, observed.background * ratios, minlength=kinds
    )
    improbable = np.bincount(observed.labels, rest * ratios, minlength=kinds)
    return _Step(np.concatenate([copies, background, improbable]), log_likelihood)
