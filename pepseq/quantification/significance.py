"""Whether a protein is there: likelihood ratios, and q-values by decoys."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pepseq.kernels import kernel
from pepseq.quantification.estimation import Amounts, Model

_PROTEINS_PER_TASK = 256
_NEWTON_STEPS = 30


def likelihood_ratios(model: Model, amounts: Amounts, counts: np.ndarray) -> np.ndarray:
    """Return by how much each protein makes the reads more probable, in nats, float64 (P,).

    The log-likelihood at the best amount of the protein, less that without it, while all others
    stay as they are. Improbable reads do not count. `counts`: int64 (R,), of each read.
    """
    weights, reads = model.weights, model.reads
    result = np.zeros(weights.shape[0])
    tasks = range(0, len(result), _PROTEINS_PER_TASK)

    def fill(first: int) -> None:
        last = min(first + _PROTEINS_PER_TASK, len(result))
        proteins = weights.indptr, weights.indices, weights.data
        patterns = reads.starts, reads.reads, reads.values
        given = model.covered, amounts.copies, counts, amounts.means
        _fill_ratios(*proteins, *patterns, *given, first, last, result)

    with ThreadPoolExecutor(model.threads) as pool:
        list(pool.map(fill, tasks))
    return result


@kernel
def _fill_ratios(
    firsts,
    patterns,
    numbers,
    starts,
    reads,
    values,
    covered,
    copies,
    counts,
    means,
    begin,
    end,
    result,
):
    """Fill the ratios of the proteins from `begin` to `end`; see `likelihood_ratios`."""
    given = np.zeros(len(counts))  # P(read | protein), of the reads in `touched`
    touched = np.empty(len(counts), np.int64)
    for p in range(begin, end):
        n = 0
        for j in range(firsts[p], firsts[p + 1]):
            for k in range(starts[patterns[j]], starts[patterns[j] + 1]):
                r = reads[k]
                if given[r] == 0:
                    touched[n] = r
                    n += 1
                given[r] += numbers[j] * values[k]
        # l(a) = sum n log(1 + a x) - a c with x = P / (mean without the protein)
        slope = -covered[p]
        for i in range(n):
            r = touched[i]
            rest = max(means[r] - copies[p] * given[r], 1e-6 * means[r], 1e-12)
            given[r] /= rest
            slope += counts[r] * given[r]
        amount = copies[p]
        if slope > 0 and covered[p] > 0:
            if amount <= 0:
                amount = 1e-3 / covered[p]
            for _ in range(_NEWTON_STEPS):
                slope, bend = -covered[p], 0.0
                for i in range(n):
                    r = touched[i]
                    x = given[r] / (1 + amount * given[r])
                    slope += counts[r] * x
                    bend += counts[r] * x * x
                step = slope / max(bend, 1e-300)
                step = max(step, -0.5 * amount)
                amount += step
                if abs(step) < 1e-4 * amount:
                    break
            total = -amount * covered[p]
            for i in range(n):
                total += counts[touched[i]] * np.log(1 + amount * given[touched[i]])
            result[p] = max(total, 0.0)
        else:
            result[p] = 0.0
        for i in range(n):
            given[touched[i]] = 0.0


def q_values(targets: np.ndarray, decoys: np.ndarray, sets: int = 1) -> np.ndarray:
    """Return the q-value of each target, float64.

    The false discovery rate at a score is (decoys at least as good + 1) / sets / (targets at least
    as good), where the decoys are `sets` times as many as the targets; the q-value is the lowest
    rate at which a target is still accepted. A score of 0 has 1.

    >>> q_values(np.array([9.0, 8, 7, 1, 0]), np.array([2.0, 0, 0, 0, 0])).round(2).tolist()
    [0.33, 0.33, 0.33, 0.5, 1.0]
    """
    order = np.argsort(-targets, kind="stable")
    ranked = targets[order]
    better = np.searchsorted(np.sort(-decoys), -ranked, side="right")
    accepted = np.searchsorted(-ranked, -ranked, side="right")
    rates = (better + 1) / sets / np.maximum(accepted, 1)
    lowest = np.minimum.accumulate(rates[::-1])[::-1]
    result = np.ones(len(targets))
    result[order] = np.where(ranked > 0, np.minimum(lowest, 1), 1.0)
    return result
