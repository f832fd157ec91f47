"""Comparison of a read, without gaps, with every place of a reference where it may lie.

A place is the index in `residues` of the read's first residue. Scores are sums of log odds, one for
each residue of the read: `table`, (symbols, 21) float32, in bits.
"""

import numpy as np

from pepseq.kernels import fast_kernel, kernel

_IMPOSSIBLE = np.float32(-1e9)


@kernel
def scan(
    symbols: np.ndarray, residues: np.ndarray, starts: np.ndarray, table: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return places and scores of the best `count` fits that begin at `starts`.

    `starts` rise, and each leaves room for the whole read. Best first; equal fits by place.
    """
    length = len(symbols)
    highest = np.array([table[symbol].max() for symbol in symbols])
    # residues in the order of what they can add, labels first; max_rest[i] is what those from the
    # i-th on can add: a place is left once it cannot reach the worst fit kept
    order = np.argsort(-highest, kind="mergesort")
    max_rest = np.zeros(length + 1, np.float32)
    for i in range(length - 1, -1, -1):
        max_rest[i] = max_rest[i + 1] + highest[order[i]]
    places, scores = np.empty(4 * count, np.int64), np.empty(4 * count, np.float32)
    kept, worst = 0, _IMPOSSIBLE
    for start in starts:
        score = np.float32(0)
        for i in range(length):
            score += table[symbols[order[i]], residues[start + order[i]]]
            if score + max_rest[i + 1] <= worst:
                break
        else:
            places[kept], scores[kept] = start, score
            kept += 1
            if kept == len(places):
                kept, worst = _keep_best(places, scores, kept, count)
    kept, _ = _keep_best(places, scores, kept, count)
    return places[:kept], scores[:kept]


@kernel
def scan_all(
    symbols: np.ndarray, residues: np.ndarray, offsets: np.ndarray, table: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fits of `scan` for a read that may lie anywhere inside a protein.

    All places of a protein are summed up at once, one residue of the read after the other, which
    the processor does for several places in one step.
    """
    length = len(symbols)
    distinct = np.unique(symbols)
    track_of = np.searchsorted(distinct, symbols)
    longest = np.diff(offsets).max() if len(offsets) > 1 else 0
    tracks = np.empty((len(distinct), longest), np.float32)  # score of each symbol at each residue
    sums = np.empty(longest, np.float32)
    places, scores = np.empty(4 * count, np.int64), np.empty(4 * count, np.float32)
    kept, worst = 0, _IMPOSSIBLE
    for p in range(len(offsets) - 1):
        starts = offsets[p + 1] - offsets[p] - length + 1
        if starts < 1:
            continue
        for t in range(len(distinct)):
            for j in range(offsets[p + 1] - offsets[p]):
                tracks[t, j] = table[distinct[t], residues[offsets[p] + j]]
        sums[:starts] = 0
        for i in range(length):
            _add(sums[:starts], tracks[track_of[i], i : i + starts])
        if _highest(sums[:starts]) <= worst:
            continue
        for k in range(starts):
            if sums[k] > worst:
                places[kept], scores[kept] = offsets[p] + k, sums[k]
                kept += 1
                if kept == len(places):
                    kept, worst = _keep_best(places, scores, kept, count)
    kept, _ = _keep_best(places, scores, kept, count)
    return places[:kept], scores[:kept]


@fast_kernel
def _add(sums, track):
    for k in range(len(sums)):
        sums[k] += track[k]


@fast_kernel
def _highest(sums):
    highest = _IMPOSSIBLE
    for k in range(len(sums)):
        highest = max(highest, sums[k])
    return highest


@kernel
def _keep_best(places, scores, kept, count):
    """Move the best `count` of the first `kept` to the front; return their number.

    Also returned is the score that a further fit must exceed.
    """
    best = np.argsort(-scores[:kept], kind="mergesort")[:count]
    places[: len(best)], scores[: len(best)] = places[best], scores[best]
    return len(best), scores[count - 1] if len(best) == count else _IMPOSSIBLE
