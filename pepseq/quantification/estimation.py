"""Amounts of proteins by expectation-maximisation.

The number n_r of each distinct read is taken as Poisson with the mean

    s_r = sum_d q_d L_dr + w_k B_r,   q_d = sum_i a_i W_id,

in which a_i are the copies of protein i, W_id the number of its peptides with pattern d, L_dr the
probability that a molecule with pattern d gives read r, and w_k B_r the background: contaminants,
and reads less probable than the cutoffs of `ReadProbabilities`, which are left out of L and of the
expected numbers alike. The weight w_k is free for each number of labels k in a read, because the
reads that are left out have many.
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
TOLERANCE = 1e-4
"""EM ends when no protein's expected reads change by more than this share of them plus one."""
MAX_STEPS = 600
MIN_EXPECTED_READS = 1e-3
"""A protein with fewer expected reads is taken as absent during EM."""


@dataclass(frozen=True)
class Observations:
    """Distinct reads: `counts`, int64 (R,); `labels`, int64 (R,), k; `background`, float64 (R,), B.

    The background of all possible reads with k labels sums to 1 for each k.
    """

    counts: np.ndarray
    labels: np.ndarray
    background: np.ndarray


@dataclass(frozen=True)
class Amounts:
    """Estimated amounts.

    `copies`: float64 (P,), of each protein; `patterns`: float64 (D,), molecules of each pattern;
    `background`: float64 (K,), background reads with k labels; `means`: float64 (R,), expected number of each
    read; `steps` of EM, and whether it `converged`.
    """

    copies: np.ndarray
    patterns: np.ndarray
    background: np.ndarray
    means: np.ndarray
    steps: int
    converged: bool


class Model:
    """Proteins, their patterns and the probabilities of reads.

    `weights`: sparse (P, D), W of the module; `reads`: L. `visible` and `covered`, float64 (P,),
    are the reads that one copy of a protein gives, and those of them above the cutoffs.
    """

    def __init__(self, weights: csr_array, reads: ReadProbabilities, threads: int):
        self.weights, self.reads, self.threads = weights, reads, threads
        self._transposed = csr_array(weights.T)
        self.visible = weights @ reads.visible
        self.covered = weights @ np.maximum(reads.visible - reads.residual, 0)
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
            _add_means(*self._csr, patterns, *self._borders[block : block + 2], result)
            return result

        return sum(self._each_block(add_block), np.zeros(count))

    def gradients(self, ratios: np.ndarray) -> np.ndarray:
        """Return the sum over reads of L_dr ratios_r, float64 (D,)."""
        result = np.zeros(self.weights.shape[1])

        def fill_block(block: int) -> None:
            _fill_gradients(*self._csr, ratios, *self._borders[block : block + 2], result)

        self._each_block(fill_block)
        return result

    @property
    def _csr(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.reads.starts, self.reads.reads, self.reads.values

    def _each_block(self, function: Callable[[int], object]) -> list:
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
    model: Model, observed: Observations, start: np.ndarray | None = None, max_steps: int = MAX_STEPS
) -> Amounts:
    """Return the amounts that make the reads most probable.

    Steps of EM are extrapolated (SQUAREM: Varadhan and Roland 2008, Scand J Stat 35: 335), and an
    extrapolation that makes the reads less probable is not taken. `start`: copies to begin with,
    float64 (P,), followed by the K numbers of background reads; by default all proteins are equally
    abundant, and a tenth of the reads with each number of labels are background.
    """
    total = float(observed.counts.sum())
    if start is None:
        copies = np.full(len(model.covered), 0.9 * total / max(model.covered.sum(), 1e-300))
        start = np.append(copies, 0.1 * np.bincount(observed.labels, observed.counts))
    current = start.copy()
    current[: len(model.covered)][model.covered <= 0] = 0
    steps, converged = 0, False
    fitted = _step(model, observed, current)
    while steps < max_steps and not converged:
        first = fitted
        second = _step(model, observed, first.amounts)
        steps += 2
        change, bend = first.amounts - current, second.amounts - 2 * first.amounts + current
        length = -np.sqrt((change**2).sum() / max((bend**2).sum(), 1e-300))
        reads = np.append(model.covered, np.ones(len(start) - len(model.covered)))
        moved = np.abs(second.amounts - first.amounts) * reads
        converged = bool((moved <= TOLERANCE * (second.amounts * reads + 1)).all())
        jump = current - 2 * length * change + length**2 * bend
        jump[(jump <= 0) | (second.amounts == 0)] = second.amounts[(jump <= 0) | (second.amounts == 0)]
        tried = _step(model, observed, jump) if length < -1 and not converged else None
        steps += tried is not None
        if tried is not None and tried.log_likelihood >= second.log_likelihood:
            current, fitted = jump, tried
        else:
            current, fitted = first.amounts, second
    copies, background = np.split(fitted.amounts, [len(model.covered)])
    patterns = model.patterns_of(copies)
    means = _means(model, observed, patterns, background)
    return Amounts(copies, patterns, background, means, steps, converged)


@dataclass(frozen=True)
class _Step:
    """New amounts (those of the background last), and the log-likelihood of those before."""

    amounts: np.ndarray
    log_likelihood: float


def _means(
    model: Model, observed: Observations, patterns: np.ndarray, background: np.ndarray
) -> np.ndarray:
    of_proteins = model.means(patterns, len(observed.counts))
    return of_proteins + background[observed.labels] * observed.background


def _step(model: Model, observed: Observations, amounts: np.ndarray) -> _Step:
    copies, background = np.split(amounts, [len(model.covered)])
    means = _means(model, observed, model.patterns_of(copies), background)
    means = np.maximum(means, 1e-300)
    ratios = observed.counts / means
    gained = model.weights @ model.gradients(ratios)
    expected = float(model.covered @ copies) + background.sum()
    log_likelihood = float(observed.counts @ np.log(means)) - expected
    copies = copies * gained / np.maximum(model.covered, 1e-300)
    copies[copies * model.covered < MIN_EXPECTED_READS] = 0
    shares = np.bincount(observed.labels, observed.background * ratios, len(background))
    return _Step(np.append(copies, background * shares), log_likelihood)
