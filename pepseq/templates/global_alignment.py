"""Alignment of a whole readout with whole proteins about as long, many at once."""

import numpy as np

from pepseq.kernels import fast_kernel, kernel
from pepseq.templates.banded_alignment import overhang

LANES = 64
"""Proteins aligned at once, so that the processor does the same for several in one step."""
_NEVER = np.float32(-1e6)


@kernel
def best_whole(symbols, residues, offsets, proteins, table, opening, extension, band, most):
    """Align a readout from end to end with proteins; return the `most` best as `align_all` does.

    `symbols`: uint8, (length,); `proteins`: numbers, sorted by length; `table`: (symbols, 21)
    float32; `band`: diagonals beyond those of the two ends. Residues that jut out over an end cost
    what `overhang` says. Returns numbers, scores (float32) and paths (int32, (found, length)), best
    first.
    """
    scores = np.empty(len(proteins), np.float32)
    longest = len(symbols)
    for p in proteins:
        longest = max(longest, offsets[p + 1] - offsets[p])
    over = np.array([overhang(d) for d in range(longest + 1)], np.float32)
    for first in range(0, len(proteins), LANES):
        some = proteins[first : first + LANES]
        lanes = len(some)
        low, width = _band(symbols, offsets, some, band)
        cells = np.full((1, width + 1, lanes), _NEVER)
        gaps = np.full((1, width + 1, lanes), _NEVER)
        scores[first : first + LANES] = _align(
            symbols, residues, offsets, some, table, opening, extension, over, low, cells, gaps
        )[0]
    order = np.argsort(-scores, kind="mergesort")[:most]
    paths = np.full((len(order), len(symbols)), -1, np.int32)
    for k in range(len(order)):
        one = proteins[order[k] : order[k] + 1]
        low, width = _band(symbols, offsets, one, band)
        cells = np.full((len(symbols) + 1, width + 1, 1), _NEVER)
        gaps = np.full((len(symbols) + 1, width + 1, 1), _NEVER)
        _, i, w = _align(
            symbols, residues, offsets, one, table, opening, extension, over, low, cells, gaps
        )
        protein = residues[offsets[one[0]] : offsets[one[0] + 1]]
        _trace_back(
            symbols, protein, table, cells, gaps, opening, extension, over, low, i, w, paths[k]
        )
    return proteins[order], scores[order], paths


@kernel
def _band(symbols, offsets, proteins, band):
    """Return the lowest diagonal and how many: position in the protein less that in the readout."""
    short, long = len(symbols), len(symbols)
    for p in proteins:
        size = offsets[p + 1] - offsets[p]
        short, long = min(short, size), max(long, size)
    low = short - len(symbols) - band
    return low, long - len(symbols) + band - low + 1


@kernel
def _align(symbols, residues, offsets, proteins, table, opening, extension, over, low, cells, gaps):
    """Fill in `cells` and `gaps`, (length + 1 or 1, width + 1, lanes), a row for each residue.

    With one row it is used for all. Returns the scores and the last cell, (i, w), of lane 0.
    """
    length, lanes, width = len(symbols), len(proteins), cells.shape[1] - 1
    step = 0 if len(cells) == 1 else 1
    sizes = offsets[proteins + 1] - offsets[proteins]
    longest = sizes.max()
    profile = np.full((len(table), longest, lanes), _NEVER)
    for lane in range(lanes):
        start = offsets[proteins[lane]]
        for j in range(sizes[lane]):
            for s in range(len(table)):
                profile[s, j, lane] = table[s, residues[start + j]]
    best = np.full(lanes, _NEVER)
    last_i, last_w = -1, -1
    skip = np.empty(lanes, np.float32)
    for w in range(max(0, -low), width):
        cells[0, w] = -over[low + w]
    for i in range(length):
        before, gap_before = cells[i * step], gaps[i * step]
        here, gap = cells[(i + 1) * step], gaps[(i + 1) * step]
        left = max(0, -i - low)
        right = min(width, longest - i - low)
        if left >= right:
            continue
        if i > 0 and left == -i - low:
            before[left] = -over[i]
        skip[:] = _NEVER
        at = profile[symbols[i], i + low + left : i + low + right]
        _row(before, gap_before, at, here, gap, skip, left, opening, extension)
        here[right:] = _NEVER
        gap[right:] = _NEVER
        for lane in range(lanes):
            w = sizes[lane] - 1 - i - low
            if left <= w < right and here[w, lane] - over[length - 1 - i] > best[lane]:
                best[lane] = here[w, lane] - over[length - 1 - i]
                if lane == 0:
                    last_i, last_w = i, w
            if i == length - 1:
                for w in range(left, min(right, sizes[lane] - i - low)):
                    score = here[w, lane] - over[sizes[lane] - 1 - i - low - w]
                    if score > best[lane]:
                        best[lane] = score
                        if lane == 0:
                            last_i, last_w = i, w
    return best, last_i, last_w


@fast_kernel
def _row(before, gap_before, scores, here, gap, skip, left, opening, extension):
    """Fill in a row from column `left` on; `skip` is the best gap in the row, of each lane."""
    lanes = here.shape[1]
    for k in range(len(scores)):
        w = left + k
        for lane in range(lanes):  # one loop would write to three arrays: not vectorised
            gap[w, lane] = max(before[w + 1, lane] - opening, gap_before[w + 1, lane] - extension)
        for lane in range(lanes):
            best = max(before[w, lane] + scores[k, lane], gap[w, lane])
            here[w, lane] = max(best, skip[lane])
        for lane in range(lanes):
            skip[lane] = max(here[w, lane] - opening, skip[lane] - extension)


@kernel
def _trace_back(symbols, protein, table, cells, gaps, opening, extension, over, low, i, w, path):
    """Follow the scores back to where the alignment begins."""
    skipping = False
    while i >= 0:
        j = i + low + w
        if skipping:
            skipping = gaps[i + 1, w, 0] != cells[i, w + 1, 0] - opening
            i -= 1
            w += 1
            continue
        score = cells[i + 1, w, 0]
        if score == cells[i, w, 0] + table[symbols[i], protein[j]]:
            path[i] = j
            if i == 0 or j == 0:
                break
            i -= 1
        elif score == gaps[i + 1, w, 0]:
            skipping = True
        else:  # the nearest cell to the left that a gap leads from
            left = max(0, -i - low)
            gap, start = _NEVER, left
            for v in range(left + 1, w + 1):
                if cells[i + 1, v - 1, 0] - opening >= gap - extension:
                    gap, start = cells[i + 1, v - 1, 0] - opening, v - 1
                else:
                    gap -= extension
            w = start
