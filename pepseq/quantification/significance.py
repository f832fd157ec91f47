"""Whether a protein is there: likelihood ratios, and q-values by decoys."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array

from pepseq.kernels import kernel, leaf_kernel
from pepseq.quantification.estimation import Amounts, Model

NEIGHBOURS = 8
"""Proteins that may take the place of another."""
MAX_SHARING = 100
"""Proteins that have a pattern; one of more proteins says little about how alike they are."""
DECOY_WEIGHT = 1.5
"""Absent proteins resemble present ones more than decoys do, as relatives share peptides."""
TAIL_DECOYS = 20
"""Best decoys, of which the ratios of better ones that were not drawn are extrapolated."""
MIN_TAIL_DECOYS = 100
"""With fewer decoys nothing is extrapolated."""
TAIL_SAFETY = 1.15
"""Factor of the exponent's inverse, which TAIL_DECOYS give within about 22 %."""
MIN_TAIL_RATIO, MIN_TAIL_SHAPE = 1.0, 0.2
"""The least of the ratio from which the tail begins, in nats, and of the exponent's inverse."""
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
        n = _gather(p, firsts, patterns, numbers, starts, reads, values, given, touched)
        for i in range(n):
            r = touched[i]
            given[r] /= max(means[r] - copies[p] * given[r], 1e-6 * means[r], 1e-12)
        start = copies[p] if copies[p] > 0 else 1e-3 / max(covered[p], 1e-300)
        result[p] = _best_gain(touched, n, given, counts, covered[p], start)
        for i in range(n):
            given[touched[i]] = 0.0


@leaf_kernel
def _gather(p, firsts, patterns, numbers, starts, reads, values, given, touched):
    """Add P(read | protein p) to `given`; write its reads to `touched`, and return their number."""
    n = 0
    for j in range(firsts[p], firsts[p + 1]):
        for k in range(starts[patterns[j]], starts[patterns[j] + 1]):
            r = reads[k]
            if given[r] == 0:
                touched[n] = r
                n += 1
            given[r] += numbers[j] * values[k]
    return n


@leaf_kernel
def _best_gain(touched, n, x, counts, covered, start):
    """Return the largest l(a) = sum counts log(1 + a x) - a covered, over a >= 0, by Newton steps.

    x is P(read | protein) over the mean without the protein, of the first n reads in `touched`.
    """
    slope = -covered
    for i in range(n):
        slope += counts[touched[i]] * x[touched[i]]
    if slope <= 0 or covered <= 0:
        return 0.0
    amount = start
    for _ in range(_NEWTON_STEPS):
        slope, bend = -covered, 0.0
        for i in range(n):
            share = x[touched[i]] / (1 + amount * x[touched[i]])
            slope += counts[touched[i]] * share
            bend += counts[touched[i]] * share * share
        step = max(slope / max(bend, 1e-300), -0.5 * amount)
        amount += step
        if abs(step) < 1e-4 * amount:
            break
    gain = -amount * covered
    for i in range(n):
        gain += counts[touched[i]] * np.log(1 + amount * x[touched[i]])
    return max(gain, 0.0)


def substitute_ratios(
    model: Model, chosen: np.ndarray, copies: np.ndarray, counts: np.ndarray, means: np.ndarray
) -> np.ndarray:
    """Return how well another protein could take the place of each chosen one, in nats, float64.

    The gain in log-likelihood, after the protein is left out, by the best amount of that one of its
    NEIGHBOURS that gains most; all others stay as they are. `chosen`: numbers of proteins of the
    model, int64; `copies`: amounts of all its proteins, of which `means` are made.
    """
    neighbours = _neighbours(model.weights, chosen)
    result = np.zeros(len(chosen))
    weights, reads = model.weights, model.reads

    def fill(first: int) -> None:
        last = min(first + _PROTEINS_PER_TASK, len(chosen))
        proteins = weights.indptr, weights.indices, weights.data
        patterns = reads.starts, reads.reads, reads.values
        given = model.covered, copies, counts, means
        part = slice(first, last)
        _fill_substitutes(
            *proteins, *patterns, *given, chosen[part], neighbours[part], result[part]
        )

    with ThreadPoolExecutor(model.threads) as pool:
        list(pool.map(fill, range(0, len(chosen), _PROTEINS_PER_TASK)))
    return result


def _neighbours(weights: csr_array, chosen: np.ndarray) -> np.ndarray:
    """Return the proteins that share most with each chosen one, int64 (chosen, NEIGHBOURS).

    A shared pattern counts 1 over the number of proteins that have it, and not at all if these are
    more than MAX_SHARING; -1 stands for none.
    """
    ones = np.ones(len(weights.data))
    is_there = csr_array((ones, weights.indices, weights.indptr), weights.shape)
    sharing = np.asarray(is_there.sum(0)).ravel()
    rare = np.flatnonzero((sharing > 1) & (sharing <= MAX_SHARING))
    of_rare = csr_array(is_there.tocsc()[:, rare])
    shared = csr_array((of_rare[chosen] * (1 / sharing[rare])) @ of_rare.T)
    result = np.full((len(chosen), NEIGHBOURS), -1)
    for row, own in enumerate(chosen.tolist()):
        part = slice(shared.indptr[row], shared.indptr[row + 1])
        others, amounts = shared.indices[part], shared.data[part].copy()
        amounts[others == own] = 0
        best = np.lexsort((others, -amounts))[:NEIGHBOURS]
        best = best[amounts[best] > 0]
        result[row, : len(best)] = others[best]
    return result


@kernel
def _fill_substitutes(
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
    chosen,
    neighbours,
    result,
):
    """Fill the gains of the best substitutes of the chosen proteins; see `substitute_ratios`."""
    own, other = np.zeros((2, len(counts)))  # P(read | protein), of the reads in the lists
    own_reads, other_reads = np.empty((2, len(counts)), np.int64)
    for i in range(len(chosen)):
        p = chosen[i]
        n = _gather(p, firsts, patterns, numbers, starts, reads, values, own, own_reads)
        for q in neighbours[i]:
            if q < 0:
                break
            m = _gather(q, firsts, patterns, numbers, starts, reads, values, other, other_reads)
            for k in range(m):
                r = other_reads[k]
                other[r] /= max(means[r] - copies[p] * own[r], 1e-6 * means[r], 1e-12)
            start = max(copies[p], 1e-3 / max(covered[q], 1e-300))
            gain = _best_gain(other_reads, m, other, counts, covered[q], start)
            result[i] = max(result[i], gain)
            for k in range(m):
                other[other_reads[k]] = 0.0
        for k in range(n):
            own[own_reads[k]] = 0.0


def q_values(targets: np.ndarray, decoys: np.ndarray, sets: int = 1) -> np.ndarray:
    """Return the q-value of each target, float64.

    The false discovery rate at a score is (DECOY_WEIGHT * decoys at least as good + 1) / sets /
    (targets at least as good), where the decoys are `sets` times as many as the targets; the
    q-value is the lowest rate at which a target is still accepted. A score of 0 has 1.

    If few targets are there, the 1 keeps all rates high. So where it is lower, the rate by
    `_expected_decoys` is taken. TAIL_SAFETY and TAIL_DECOYS were chosen by samples of 5 to 150
    proteins of E. coli K-12: 20,000 and 200,000 reads, DE,C,Y, whatprot's error rates and a tenth.

    >>> q_values(np.array([9.0, 8, 7, 1, 0]), np.array([2.0, 0, 0, 0, 0])).round(2).tolist()
    [0.33, 0.33, 0.33, 0.62, 1.0]
    """
    order = np.argsort(-targets, kind="stable")
    ranked = targets[order]
    better = np.searchsorted(np.sort(-decoys), -ranked, side="right")
    accepted = np.searchsorted(-ranked, -ranked, side="right")
    expected = DECOY_WEIGHT * better + 1
    if len(decoys) >= MIN_TAIL_DECOYS:
        expected = np.minimum(expected, DECOY_WEIGHT * _expected_decoys(ranked, decoys))
    rates = expected / sets / np.maximum(accepted, 1)
    lowest = np.minimum.accumulate(rates[::-1])[::-1]
    result = np.ones(len(targets))
    result[order] = np.where(ranked > 0, np.minimum(lowest, 1), 1.0)
    return result


def _expected_decoys(scores: np.ndarray, decoys: np.ndarray) -> np.ndarray:
    """Return the expected number of decoys at least as good as each score, float64.

    By a Pareto tail fitted to the best TAIL_DECOYS (Hill 1975, Annals of Statistics 3: 1163); inf
    below it.
    """
    best = np.maximum(np.sort(decoys)[::-1][: TAIL_DECOYS + 1], MIN_TAIL_RATIO)
    begin = best[-1]
    shape = max(float(np.log(best[:-1] / begin).mean()), MIN_TAIL_SHAPE) * TAIL_SAFETY
    above = np.maximum(scores, begin) / begin
    return np.where(scores > begin, TAIL_DECOYS * above ** (-1 / shape), np.inf)
