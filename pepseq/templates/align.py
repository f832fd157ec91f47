"""Alignment of a readout's symbols with proteins: in a band around a diagonal, or without gaps."""

import numpy as np

from pepseq.templates.kernels import kernel


@kernel
def align(symbols, protein, diagonal, band, table, opening, extension, path):
    """Align locally (Smith-Waterman with affine gaps); return the score in the table's unit.

    `symbols`: uint8, (length,); `protein`: residue codes; cell (i, i + diagonal) is the middle of
    the band; `table`: (symbols, 21) float32. `path`, int64, gets the 0-based position in the
    protein for each residue of the readout or -1; beyond the local alignment's ends it goes on
    without gaps.
    """
    length, width = len(symbols), 2 * band + 1
    top = np.zeros(width + 1, np.float32)
    gap_q = np.full(width + 1, -1e9, np.float32)
    trace = np.zeros((length, width), np.uint8)
    best, best_i, best_w = np.float32(0), -1, -1
    size = len(protein)
    for i in range(length):
        gap_t = np.float32(-1e9)
        row = table[symbols[i]]
        left = np.float32(0)
        for w in range(width):
            j = i + diagonal + w - band
            # top[w] is cell (i-1, j-1); top[w+1] is (i-1, j); left is (i, j-1)
            if j < 0 or j >= size:
                top[w] = 0
                gap_q[w] = -1e9
                left = 0
                gap_t = -1e9
                continue
            t = 0
            up = top[w + 1] - opening
            gq = gap_q[w + 1] - extension
            if up >= gq:
                gq = up
                t |= 4
            gap_q[w] = gq
            lf = left - opening
            gt = gap_t - extension
            if lf >= gt:
                gt = lf
                t |= 8
            gap_t = gt
            here = top[w] + row[protein[j]]
            if here <= 0:
                here = np.float32(0)
                move = 3
            else:
                move = 0
            if gq > here:
                here = gq
                move = 1
            if gt > here:
                here = gt
                move = 2
            trace[i, w] = t | move
            top[w] = here
            left = here
            if here > best:
                best, best_i, best_w = here, i, w
    path[:] = -1
    if best_i < 0:
        return best
    _trace_back(trace, path, best_i, best_w, diagonal - band, size)
    _extend(path, size)
    return best


@kernel
def _trace_back(trace, path, i, w, shift, size):
    """Follow the moves (2 bits: aligned, readout's gap, protein's gap, start) and gap openings."""
    state = 0
    while i >= 0 and 0 <= w < trace.shape[1] and 0 <= i + shift + w < size:
        t = trace[i, w]
        if state == 0:
            move = t & 3
            if move == 3:
                break
            if move == 0:
                path[i] = i + shift + w
                i -= 1
            else:
                state = move
        elif state == 1:
            if t & 4:
                state = 0
            i -= 1
            w += 1
        else:
            if t & 8:
                state = 0
            w -= 1


@kernel
def _extend(path, size):
    """Go on without gaps before the first and after the last aligned residue."""
    first, last = 0, len(path) - 1
    while path[first] < 0:
        first += 1
    while path[last] < 0:
        last -= 1
    for k in range(first - 1, max(first - path[first], 0) - 1, -1):
        path[k] = path[k + 1] - 1
    for k in range(last + 1, min(len(path), last + size - path[last])):
        path[k] = path[k - 1] + 1


@kernel
def scan(symbols, residues, begins, table, most):
    """Return (places, scores) of the `most` best ungapped fits that begin at `begins`.

    Each must leave room for the whole readout. Best first; equal fits by place.
    """
    length = len(symbols)
    rest = np.zeros(length + 1, np.float32)
    for i in range(length - 1, -1, -1):
        rest[i] = rest[i + 1] + table[symbols[i]].max()
    scores = np.full(most, -1e9, np.float32)
    places = np.full(most, -1, np.int64)
    low = 0
    for k in range(len(begins)):
        at = begins[k]
        score = np.float32(0)
        for i in range(length):
            score += table[symbols[i], residues[at + i]]
            if score + rest[i + 1] <= scores[low]:
                break
        else:
            scores[low] = score
            places[low] = at
            low = np.argmin(scores)
    order = np.argsort(places, kind="mergesort")
    order = order[places[order] >= 0]
    order = order[np.argsort(-scores[order], kind="mergesort")]
    return places[order], scores[order]
