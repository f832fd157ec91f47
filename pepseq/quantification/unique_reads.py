"""Reads that only one group of proteins explains."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pepseq.kernels import kernel
from pepseq.quantification.estimation import Amounts, Model

MIN_SHARE = 0.99
"""Share of the expected number of a read that must come from a group to which it is unique."""
_GROUPS_PER_TASK = 128


def count_unique_reads(model: Model, amounts: Amounts, counts: np.ndarray) -> np.ndarray:
    """Return the number of reads that come from each group almost surely, int64 (groups,).

    `counts`: int64 (R,), of each distinct read.
    """
    weights, reads = model.weights, model.reads
    result = np.zeros(weights.shape[0], np.int64)
    tasks = range(0, len(result), _GROUPS_PER_TASK)

    def fill(first: int) -> None:
        last = min(first + _GROUPS_PER_TASK, len(result))
        groups = weights.indptr, weights.indices, weights.data, amounts.copies
        patterns = reads.starts, reads.reads, reads.values
        _count(*groups, *patterns, counts, amounts.means, first, last, result)

    with ThreadPoolExecutor(model.threads) as pool:
        list(pool.map(fill, tasks))
    return result


@kernel
def _count(
    firsts, patterns, numbers, copies, starts, reads, values, counts, means, begin, end, result
):
    """Fill the results of the groups from `begin` to `end`."""
    expected = np.zeros(len(counts))
    for group in range(begin, end):
        if copies[group] <= 0:
            continue
        for j in range(firsts[group], firsts[group + 1]):
            for k in range(starts[patterns[j]], starts[patterns[j] + 1]):
                expected[reads[k]] += copies[group] * numbers[j] * values[k]
        for j in range(firsts[group], firsts[group + 1]):
            for k in range(starts[patterns[j]], starts[patterns[j] + 1]):
                r = reads[k]
                if expected[r] >= MIN_SHARE * means[r] and expected[r] > 0:
                    result[group] += counts[r]
                expected[r] = 0.0
