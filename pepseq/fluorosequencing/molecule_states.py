"""States of a molecule: which numbers of dyes can work, and what a cycle makes of them.

A combination of numbers n_c of working dyes of each channel has the code s = sum n_c stride_c.
"""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel

MAX_COUNT_STATES = 512
"""Combinations of numbers of dyes; of dyes beyond the last cycle, the rest is left out."""
MIN_BLEACHING = 1e-6
"""Combinations of dyes that bleach in one cycle, if less probable, are left out."""


class DyeTables(NamedTuple):
    """What follows from the number of dyes of each channel, for combinations s of working ones.

    `numbers`: int64 (S, C), working dyes of each channel; `strides`: int64 (C + 1,), of the code;
    `detached`: int64 (S,), the symbol of a cycle in which a molecule with s detaches. The others
    have an index v first: Edman removes no working dye in the cycle, or one of channel v - 1, and
    leaves s. `called`: float64 (C + 1, S, C + 1), the probability that a cycle in which s may
    bleach is called as each symbol, and `ended`: that no dye is left, too. For k from
    `first[v, s, o]` to `first[v, s, o + 1]`, most probable first, the cycle is called as symbol o
    and leaves the combination `to[k]`, with probability `chance[k]`.
    """

    numbers: np.ndarray
    strides: np.ndarray
    detached: np.ndarray
    called: np.ndarray
    ended: np.ndarray
    first: np.ndarray
    to: np.ndarray
    chance: np.ndarray


@kernel
def count_dyes(channels, tail):
    """Return how many dyes of each channel lie on residue e and after it, int64 (T + 1, C).

    Of `tail`, dyes are left out if there are more than MAX_COUNT_STATES combinations.
    """
    cycles, n_channels = len(channels), len(tail)
    tail = tail.copy()
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
    return dyes


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
def _bleaching(numbers, bleach):
    """Return what bleaching makes of each combination, most probable first.

    Combination s becomes `to[k]` with probability `chance[k]` for k from `first[s]` to
    `first[s + 1]`.
    """
    size, n_channels = numbers.shape
    first = np.zeros(size + 1, np.int64)
    capacity = 1024
    to, chance = np.empty(capacity, np.int64), np.empty(capacity)
    most = numbers.max() + 1
    left = np.zeros((n_channels, most, most))  # probability that so many of so many dyes are left
    for c in range(n_channels):
        for n in range(most):
            for m in range(n + 1):
                left[c, n, m] = _binomial(n, n - m, bleach[c])
    k = 0
    for s in range(size):
        t = 0
        while t <= s:
            p, stride, skipped = 1.0, 1, 0
            for c in range(n_channels):
                if numbers[t, c] > numbers[s, c]:  # none up to the next number of channel c + 1
                    skipped = (numbers[size - 1, c] + 1 - numbers[t, c]) * stride
                    break
                p *= left[c, numbers[s, c], numbers[t, c]]
                stride *= numbers[size - 1, c] + 1
            if skipped:
                t += skipped
                continue
            if p >= MIN_BLEACHING:
                if k == capacity:
                    capacity *= 2
                    to, chance = np.append(to, to), np.append(chance, chance)
                to[k], chance[k] = t, p
                k += 1
            t += 1
        start = first[s]
        order = start + np.argsort(-chance[start:k], kind="mergesort")
        to[start:k], chance[start:k] = to[order], chance[order]
        first[s + 1] = k
    return first, to[:k].copy(), chance[:k].copy()


@kernel
def dye_tables(dyes, bleach):
    """Return the tables for so many dyes of each channel; see `DyeTables`."""
    n_channels = len(dyes)
    strides = np.ones(n_channels + 1, np.int64)
    for c in range(n_channels):
        strides[c + 1] = strides[c] * (dyes[c] + 1)
    size = strides[n_channels]
    numbers = np.empty((size, n_channels), np.int64)
    for s in range(size):
        for c in range(n_channels):
            numbers[s, c] = s % strides[c + 1] // strides[c]
    first, to, chance = _bleaching(numbers, bleach)
    variants = n_channels + 1
    called, ended = np.zeros((2, variants, size, variants))
    begin = np.zeros((variants, size, variants + 1), np.int64)
    entries_to = np.empty(variants * len(to), np.int64)
    entries_chance = np.empty(variants * len(to))
    symbols = np.empty(len(to), np.int64)
    before = np.empty(n_channels, np.int64)
    filled = 0
    for v in range(variants):
        for s in range(size):
            before[:] = numbers[s]
            if v > 0:
                before[v - 1] += 1
            for k in range(first[s], first[s + 1]):
                symbols[k] = called_symbol(before, numbers[to[k]])
                called[v, s, symbols[k]] += chance[k]
                if to[k] == 0:
                    ended[v, s, symbols[k]] += chance[k]
            for o in range(variants):
                begin[v, s, o] = filled
                for k in range(first[s], first[s + 1]):
                    if symbols[k] == o and to[k] > 0:
                        entries_to[filled], entries_chance[filled] = to[k], chance[k]
                        filled += 1
            begin[v, s, variants] = filled
    detached = np.zeros(size, np.int64)
    nothing = np.zeros(n_channels, np.int64)
    for s in range(size):
        detached[s] = called_symbol(numbers[s], nothing)
    return DyeTables(
        *(numbers, strides, detached, called, ended, begin),
        *(entries_to[:filled].copy(), entries_chance[:filled].copy()),
    )


@kernel
def fill_no_label(channels, dyes, tables, rates, result):
    """Fill the probability that each state at the start of each cycle shows no more label.

    At [t, s, 0] for blocked molecules with combination s, at [t, s, e + 1] for those that lost e
    residues; `result`: float64 (T + 1, S, T + 2), filled with ones.
    """
    cycles, size = len(channels), len(tables.numbers)
    for t in range(cycles - 1, -1, -1):
        attached = 1 - rates.detach[t]
        for s in range(1, size):
            gone = rates.detach[t] * (tables.detached[s] == 0)
            # either no dye is lost, or all at once, which is taken for a detachment
            ended, stays = tables.ended[0, s, 0], tables.called[0, s, 0] - tables.ended[0, s, 0]
            after, now = result[t + 1, s], result[t, s]
            blocked = stays * after[0] + ended
            now[0] = gone + attached * blocked
            for e in range(t + 1):
                p = stays * after[e + 2] + ended
                c = channels[e]
                if c >= 0 and tables.numbers[s, c] > 0:
                    share = tables.numbers[s, c] / dyes[e, c]
                    left = s - tables.strides[c]
                    p += share * (tables.ended[c + 1, left, 0] - p)
                p *= 1 - rates.edman_failure
                p += rates.edman_failure * (stays * after[e + 1] + ended)
                p += rates.cyclic_block * (blocked - p)
                now[e + 1] = gone + attached * p
