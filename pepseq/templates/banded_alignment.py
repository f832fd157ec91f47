"""Alignment of a readout's symbols with proteins, in a band around a diagonal."""

import numpy as np

from pepseq.kernels import fast_kernel, kernel
from pepseq.templates.copying_model import NOT_ALIGNED

_NEVER = np.float32(-1e9)


@kernel
def align_all(symbols, residues, offsets, proteins, diagonals, band, table, opening, extension):
    """Align a readout with each of several proteins of a reference, see `align`.

    Return scores, float32, (proteins,), and paths, int32, (proteins, length).
    """
    width = 2 * band + 1
    scratch = np.empty((2, len(symbols) + 1, width + 1), np.float32)
    scores = np.empty(len(proteins), np.float32)
    paths = np.empty((len(proteins), len(symbols)), np.int32)
    for k in range(len(proteins)):
        protein = residues[offsets[proteins[k]] : offsets[proteins[k] + 1]]
        scores[k] = align(
            symbols, protein, diagonals[k], band, table, opening, extension, scratch, paths[k]
        )
    return scores, paths


@kernel
def align(symbols, protein, diagonal, band, table, opening, extension, scratch, path):
    """Align locally (Smith-Waterman with affine gaps); return the score in the table's unit.

    `symbols`: uint8, (length,); `protein`: residue codes; cell (i, i + diagonal) is the middle of
    the band; `table`: (symbols, 21) float32; `scratch`: float32, (2, length + 1, 2 * band + 2).
    `path` gets the 0-based position in the protein for each residue of the readout or -1; beyond
    the local alignment's ends it goes on without gaps.
    """
    length, size, width = len(symbols), len(protein), 2 * band + 1
    first = max(0, diagonal - band)  # the stretch of the protein inside the band
    last = max(first, min(size, length + diagonal + band))
    profile = np.empty((len(table), last - first), np.float32)
    for s in range(len(table)):
        for j in range(last - first):
            profile[s, j] = table[s, protein[first + j]]
    # cell (i, w) of the band is residue i of the readout and i + shift + w of the protein; its
    # best score is cells[i + 1, w], with a gap that skips residues of the readout gaps[i + 1, w]
    shift = diagonal - band
    cells, gaps = scratch[0], scratch[1]
    cells[0] = 0
    gaps[0] = _NEVER
    best, best_i, best_w = np.float32(0), -1, -1
    for i in range(length):
        here, gap = cells[i + 1], gaps[i + 1]
        low = min(max(0, -i - shift), width)
        high = max(low, min(width, size - i - shift))
        here[:low] = 0
        here[high:] = 0
        gap[:low] = _NEVER
        gap[high:] = _NEVER
        if low == high:
            continue
        at = i + shift + low - first
        top = _row(
            cells[i, low:high],
            cells[i, low + 1 : high + 1],
            gaps[i, low + 1 : high + 1],
            profile[symbols[i], at : at + high - low],
            here[low:high],
            gap[low:high],
            opening,
            extension,
        )
        if top > opening:
            _skip(here[low:high], opening, extension)
        if top > best:
            best, best_i = top, i
            best_w = low + np.argmax(here[low:high])
    path[:] = -1
    if best_i < 0:
        return best
    _trace_back(
        symbols, protein, table, cells, gaps, opening, extension, path, best_i, best_w, shift
    )
    _extend(path, size)
    return best


@fast_kernel
def _row(diagonal, above, gap_above, scores, here, gap, opening, extension):
    """Fill in a row but for gaps that skip residues of the protein; return its highest score."""
    top = np.float32(0)
    for w in range(len(here)):
        gap[w] = max(above[w] - opening, gap_above[w] - extension)
        here[w] = max(max(diagonal[w] + scores[w], gap[w]), np.float32(0))
        top = max(top, here[w])
    return top


@kernel
def _skip(here, opening, extension):
    """Put in the gaps of a row that skip residues of the protein."""
    gap = _NEVER
    for w in range(1, len(here)):
        gap = max(here[w - 1] - opening, gap - extension)
        here[w] = max(here[w], gap)


@kernel
def _trace_back(symbols, protein, table, cells, gaps, opening, extension, path, i, w, shift):
    """Follow the scores back to where the alignment begins."""
    skipping = False
    while i >= 0 and 0 <= w < cells.shape[1] - 1 and 0 <= i + shift + w < len(protein):
        if skipping:
            skipping = gaps[i + 1, w] != cells[i, w + 1] - opening
            i -= 1
            w += 1
            continue
        score = cells[i + 1, w]
        if score <= 0:
            break
        if score == cells[i, w] + table[symbols[i], protein[i + shift + w]]:
            path[i] = i + shift + w
            i -= 1
        elif score == gaps[i + 1, w]:
            skipping = True
        else:  # the nearest cell to the left that a gap leads from
            low = max(0, -i - shift)
            gap, start = _NEVER, low
            for v in range(low + 1, w + 1):
                if cells[i + 1, v - 1] - opening >= gap - extension:
                    gap, start = cells[i + 1, v - 1] - opening, v - 1
                else:
                    gap -= extension
            w = start


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
def overhang(residues):
    """Return the bits that it costs if so many residues jut out over an end."""
    return 0.0 if residues == 0 else 3.0 + np.log2(residues)


@kernel
def bonuses(paths, lengths, end, gap):
    """Return what the ends and gaps of alignments with proteins of these lengths are worth.

    `end`: for each end of a path that is one of the protein's too, less if one of the two juts
    out; `gap`: against each gap, at most 6.
    """
    result = np.zeros(len(paths))
    for k in range(len(paths)):
        path, first, before, gaps = paths[k], -1, -1, 0
        for i in range(len(path)):
            if path[i] < 0:
                continue
            if before >= 0 and (i - before != 1 or path[i] - path[before] != 1):
                gaps += 1
            before = i
            if first < 0:
                first = i
        over = (
            overhang(first + path[first]),
            overhang(len(path) - 1 - before + lengths[k] - 1 - path[before]),
        )
        result[k] = max(end - over[0], 0) + max(end - over[1], 0) - gap * min(gaps, 6)
    return result


@kernel
def copied(residues, starts, paths):
    """Return the residues that paths lead to, and where in the protein each begins and ends.

    `starts`: where the proteins lie in `residues`. Returns codes, uint8, NOT_ALIGNED where a path
    is -1, of the paths' shape, and int64 of shape (paths, 2).
    """
    codes = np.full(paths.shape, NOT_ALIGNED, np.uint8)
    spans = np.full((len(paths), 2), -1, np.int64)
    for k in range(len(paths)):
        for i in range(paths.shape[1]):
            if paths[k, i] >= 0:
                codes[k, i] = residues[starts[k] + paths[k, i]]
                spans[k, 1] = paths[k, i]
                if spans[k, 0] < 0:
                    spans[k, 0] = paths[k, i]
    return codes, spans
