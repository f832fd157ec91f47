"""The observed reads as a tree: what the reads with the same first symbols share."""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel, leaf_kernel


class ReadGroups(NamedTuple):
    """Distinct reads as sorted codes, int64 (n,), and groups of those with the same first symbols.

    At [t, k], of the group of first t symbols that begins with read k: `cutoffs`, float64
    (T + 1, n), the lowest cutoff of a read; `labels`, int8 (T + 1, n, C), the smallest number of
    labels of each channel that follow in a read. Without cutoffs, both have no row.
    """

    codes: np.ndarray
    cutoffs: np.ndarray
    labels: np.ndarray


def ungrouped(codes: np.ndarray, channels: int) -> ReadGroups:
    """Return reads without cutoffs."""
    return ReadGroups(codes, np.zeros((0, 0)), np.zeros((0, 0, channels), np.int8))


@kernel
def group_reads(codes, cutoffs, cycles, channels):
    """Return sorted reads with their cutoffs as groups."""
    symbols, reads = channels + 1, len(codes)
    lowest = np.empty((cycles + 1, reads))
    labels = np.zeros((cycles + 1, reads, channels), np.int8)
    lowest[cycles] = cutoffs
    width = 1
    for t in range(cycles - 1, -1, -1):
        first = 0
        for k in range(reads):
            own = codes[k] // width % symbols
            is_first = k == 0 or codes[k] // width // symbols != codes[k - 1] // width // symbols
            if is_first:
                first = k
                lowest[t, first] = lowest[t + 1, k]
            elif codes[k] // width == codes[k - 1] // width:
                continue  # not the first of a group of t + 1 symbols
            lowest[t, first] = min(lowest[t, first], lowest[t + 1, k])
            for c in range(channels):
                number = labels[t + 1, k, c] + (own == c + 1)
                if is_first or number < labels[t, first, c]:
                    labels[t, first, c] = number
        width *= symbols
    return ReadGroups(codes, lowest, labels)


@leaf_kernel
def find_read(codes, low, high, code):
    """Return the place of the first read from `low` on that is not below a code, or `high`."""
    while low < high:
        middle = (low + high) // 2
        if codes[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low


@leaf_kernel
def fill_limits(codes, cutoffs, labels, place, code, width, dyes, limits, needed):
    """Fill the cutoff of each next symbol, inf if no read can follow, and the labels after it.

    `place`: of a read that is not above the first with these symbols; `code`: of the symbols so
    far; `width`: number of codes that have the same next symbol; `cutoffs`, `labels`: those of
    `ReadGroups` after the next symbol. A read cannot follow if it has more labels than `dyes`.
    """
    for o in range(len(limits)):
        first = (code * len(limits) + o) * width
        place = find_read(codes, place, len(codes), first)
        limits[o] = np.inf
        if place < len(codes) and codes[place] - first < width:
            limits[o] = cutoffs[place]
            for c in range(len(dyes)):
                needed[o, c] = labels[place, c]
                if needed[o, c] + (o == c + 1) > dyes[c]:
                    limits[o] = np.inf
