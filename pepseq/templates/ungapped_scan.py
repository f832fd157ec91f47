"""Comparison of a readout, without gaps, with every place of a reference where it may lie."""

import numpy as np

from pepseq.kernels import fast_kernel, kernel

_NEVER = np.float32(-1e9)


@kernel
def scan(symbols, residues, begins, table, most):
    """Return (places, scores) of the `most` best ungapped fits that begin at `begins`.

    Each must leave room for the whole readout. `begins` rise. Best first; equal fits by place.
    """
    length = len(symbols)
    highest = np.array([table[symbol].max() for symbol in symbols])
    order = np.argsort(-highest, kind="mergesort")  # labels first: they tell most
    rest = np.zeros(length + 1, np.float32)
    for i in range(length - 1, -1, -1):
        rest[i] = rest[i + 1] + highest[order[i]]
    places, scores = np.empty(4 * most, np.int64), np.empty(4 * most, np.float32)
    count, low = 0, _NEVER
    for at in begins:
        score = np.float32(0)
        for i in range(length):
            score += table[symbols[order[i]], residues[at + order[i]]]
            if score + rest[i + 1] <= low:
                break
        else:
            places[count], scores[count] = at, score
            count += 1
            if count == len(places):
                count, low = _sort_best(places, scores, count, most)
    count, _ = _sort_best(places, scores, count, most)
    return places[:count], scores[:count]


@kernel
def scan_all(symbols, residues, offsets, table, most):
    """Return what `scan` does if a readout may begin anywhere in a protein that holds it whole."""
    length = len(symbols)
    used = np.unique(symbols)
    row_of = np.searchsorted(used, symbols)
    longest = np.diff(offsets).max() if len(offsets) > 1 else 0
    tracks = np.empty((len(used), longest), np.float32)
    sums = np.empty(longest, np.float32)
    places, scores = np.empty(4 * most, np.int64), np.empty(4 * most, np.float32)
    count, low = 0, _NEVER
    for p in range(len(offsets) - 1):
        begins = offsets[p + 1] - offsets[p] - length + 1
        if begins < 1:
            continue
        for u in range(len(used)):
            for j in range(offsets[p + 1] - offsets[p]):
                tracks[u, j] = table[used[u], residues[offsets[p] + j]]
        sums[:begins] = 0
        for i in range(length):
            _add(sums[:begins], tracks[row_of[i], i : i + begins])
        if _highest(sums[:begins]) <= low:
            continue
        for k in range(begins):
            if sums[k] > low:
                places[count], scores[count] = offsets[p] + k, sums[k]
                count += 1
                if count == len(places):
                    count, low = _sort_best(places, scores, count, most)
    count, _ = _sort_best(places, scores, count, most)
    return places[:count], scores[:count]


@fast_kernel
def _add(sums, track):
    for k in range(len(sums)):
        sums[k] += track[k]


@fast_kernel
def _highest(sums):
    top = _NEVER
    for k in range(len(sums)):
        top = max(top, sums[k])
    return top


@kernel
def _sort_best(places, scores, count, most):
    """Move the `most` best of the first `count` to the front; return how many, and the last one."""
    best = np.argsort(-scores[:count], kind="mergesort")[:most]
    places[: len(best)], scores[: len(best)] = places[best], scores[best]
    return len(best), scores[most - 1] if len(best) == most else _NEVER
