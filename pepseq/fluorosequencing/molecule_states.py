"""States of a molecule: which numbers of dyes can work, and what a cycle makes of them.

A combination of numbers n_c of working dyes of each channel has the code s = sum n_c stride_c.
"""

import numpy as np

from pepseq.kernels import kernel

MAX_COUNT_STATES = 512
"""Combinations of numbers of dyes; of dyes beyond the last cycle, the rest is left out."""
MIN_BLEACHING = 1e-6
"""Combinations of dyes that bleach in one cycle, if less probable, are left out."""


@kernel
def count_dyes(channels, tail):
    """Return how many dyes of each channel lie on residue e and after it, for each e, and strides.

    `tail` is shortened if there are more than MAX_COUNT_STATES combinations.
    """
    cycles, n_channels = len(channels), len(tail)
    dyes = np.zeros((cycles + 1, n_channels), np.int64)
    inside = np.zeros(n_channels, np.int64)
    for channel in channels:
        if channel >= 0:
            inside[channel] += 1
    while True:
        size = 1
        for c in range(n_channels):
            size *= inside[c] + tail[c] + 1
        if size <= MAX_COUNT_STATES or tail.max() == 0:
            break
        tail[np.argmax(tail)] -= 1
    dyes[cycles] = tail
    for e in range(cycles - 1, -1, -1):
        dyes[e] = dyes[e + 1]
        if channels[e] >= 0:
            dyes[e, channels[e]] += 1
    strides = np.ones(n_channels + 1, np.int64)
    for c in range(n_channels):
        strides[c + 1] = strides[c] * (dyes[0, c] + 1)
    return dyes, strides


@kernel
def combinations(strides):
    """Return the number of working dyes of each channel in each combination, int64 (S, C)."""
    n_channels = len(strides) - 1
    numbers = np.empty((strides[n_channels], n_channels), np.int64)
    for s in range(len(numbers)):
        for c in range(n_channels):
            numbers[s, c] = s % strides[c + 1] // strides[c]
    return numbers


@kernel
def _binomial(n, k, p):
    """Return the probability of k successes in n trials."""
    result = (1 - p) ** (n - k)
    for i in range(k):
        result *= p * (n - i) / (i + 1)
    return result


@kernel
def without_duds(numbers, dyes, dud):
    """Return the probability of each combination before the first cycle, float64 (S,)."""
    result = np.ones(len(numbers))
    for s in range(len(numbers)):
        for c in range(len(dud)):
            result[s] *= _binomial(dyes[c], numbers[s, c], 1 - dud[c])
    return result


@kernel
def called_symbol(before, after):
    """Return the symbol of a cycle in which working dyes fall from `before` to `after`, by channel.

    0 stands for no label, c + 1 for one of channel c; see `molecules`.
    """
    symbol, largest, lost, left = 0, 0, 0, 0
    for c in range(len(before)):
        drop = before[c] - after[c]
        lost += drop
        left += after[c]
        if drop > largest:
            largest, symbol = drop, c + 1
    return 0 if left == 0 and lost > 1 else symbol


@kernel
def bleaching(numbers, bleach):
    """Return what bleaching makes of each combination of numbers of working dyes.

    Combination s becomes `to[k]` with probability `chance[k]`, most probable first, for k from
    `first[s]` to `first[s + 1]`; the cycle is called `symbol[0, k]`, or `symbol[c + 1, k]` if Edman
    has removed a dye of channel c in the same cycle.
    """
    size, n_channels = numbers.shape
    first = np.zeros(size + 1, np.int64)
    before = np.empty(n_channels, np.int64)
    capacity = 1024
    to, chance = np.empty(capacity, np.int64), np.empty(capacity)
    k = 0
    for s in range(size):
        for t in range(s + 1):
            p = 1.0
            for c in range(n_channels):
                if numbers[t, c] > numbers[s, c]:
                    p = 0.0
                if p < MIN_BLEACHING:
                    break
                p *= _binomial(numbers[s, c], numbers[s, c] - numbers[t, c], bleach[c])
            if p < MIN_BLEACHING:
                continue
            if k == capacity:
                capacity *= 2
                to, chance = np.append(to, to), np.append(chance, chance)
            to[k], chance[k] = t, p
            k += 1
        start = first[s]
        order = start + np.argsort(-chance[start:k], kind="mergesort")
        to[start:k], chance[start:k] = to[order], chance[order]
        first[s + 1] = k
    symbol = np.empty((n_channels + 1, k), np.int64)
    for s in range(size):
        for j in range(first[s], first[s + 1]):
            before[:] = numbers[s]
            symbol[0, j] = called_symbol(before, numbers[to[j]])
            for c in range(n_channels):
                before[c] += 1
                symbol[c + 1, j] = called_symbol(before, numbers[to[j]])
                before[c] -= 1
    return first, to[:k].copy(), chance[:k].copy(), symbol


@kernel
def detachment_symbols(numbers):
    """Return the symbol of a cycle in which a molecule with each combination detaches."""
    result = np.zeros(len(numbers), np.int64)
    nothing = np.zeros(numbers.shape[1], np.int64)
    for s in range(len(numbers)):
        result[s] = called_symbol(numbers[s], nothing)
    return result
