"""Local alignment of a read's symbols with proteins, in a band around a diagonal."""

import numpy as np

from pepseq.kernels import fast_kernel, kernel
from pepseq.templates.alignment_paths import IMPOSSIBLE, Band, Scoring, extend_path, trace_back


@kernel
def align_locally(
    symbols: np.ndarray,
    residues: np.ndarray,
    offsets: np.ndarray,
    proteins: np.ndarray,
    diagonals: np.ndarray,
    half_width: int,
    scoring: Scoring,
) -> tuple[np.ndarray, np.ndarray]:
    """Align a read with each of several proteins of a reference, see `align_in_band`.

    Return scores, float32, (proteins,), and paths, int32, (proteins, length).
    """
    scratch = np.empty((2, len(symbols) + 1, 2 * half_width + 2), np.float32)
    scores = np.empty(len(proteins), np.float32)
    paths = np.empty((len(proteins), len(symbols)), np.int32)
    for k in range(len(proteins)):
        protein = residues[offsets[proteins[k]] : offsets[proteins[k] + 1]]
        scores[k] = align_in_band(
            symbols, protein, diagonals[k], half_width, scoring, scratch, paths[k]
        )
    return scores, paths


@kernel
def align_in_band(
    symbols: np.ndarray,
    protein: np.ndarray,
    diagonal: int,
    half_width: int,
    scoring: Scoring,
    scratch: np.ndarray,
    path: np.ndarray,
) -> np.float32:
    """Align locally (Smith-Waterman with affine gaps); return the score in bits.

    `symbols`: uint8, (length,); `protein`: residue codes; cell (i, i + diagonal) is the middle of
    the band; `scoring`: see `Scoring`; `scratch`: float32, (2, length + 1, 2 * half_width + 2).
    `path` becomes the alignment, extended without gaps beyond its ends.

    A cell is the best of: 0 (an alignment begins after it), the cell before it on the diagonal with
    the score of this pair, a gap that skips residues of the read (`gaps`), and one that skips
    residues of the protein. The order of cells is that of `Band`. Outside the protein cells are 0,
    as before its first residue.
    """
    length, size, width = len(symbols), len(protein), 2 * half_width + 1
    first = max(0, diagonal - half_width)  # the stretch of the protein inside the band
    last = max(first, min(size, length + diagonal + half_width))
    profile = np.empty((len(scoring.table), last - first), np.float32)  # scores along the stretch
    for s in range(len(scoring.table)):
        for j in range(last - first):
            profile[s, j] = scoring.table[s, protein[first + j]]
    band = Band(scratch[0], scratch[1], diagonal - half_width)
    cells, gaps, shift = band
    cells[0] = 0
    gaps[0] = IMPOSSIBLE
    best, best_i, best_w = np.float32(0), -1, -1
    for i in range(length):
        row, gap_row = cells[i + 1], gaps[i + 1]
        low = min(max(0, -i - shift), width)  # columns low to high lie inside the protein
        high = max(low, min(width, size - i - shift))
        row[:low] = 0
        row[high:] = 0
        gap_row[:low] = IMPOSSIBLE
        gap_row[high:] = IMPOSSIBLE
        if low == high:
            continue
        start = i + shift + low - first
        highest = fill_row(
            cells[i, low:high],
            cells[i, low + 1 : high + 1],
            gaps[i, low + 1 : high + 1],
            profile[symbols[i], start : start + high - low],
            row[low:high],
            gap_row[low:high],
            scoring.gap_opening,
            scoring.gap_extension,
            np.float32(0),
        )
        if highest > scoring.gap_opening:  # else no gap leads from this row to a score above 0
            _add_protein_gaps(row[low:high], scoring.gap_opening, scoring.gap_extension)
        if highest > best:
            best, best_i = highest, i
            best_w = low + int(np.argmax(row[low:high]))
    path[:] = -1
    if best_i >= 0:
        trace_back(path, symbols, protein, scoring, band, best_i, best_w, np.float32(0))
        extend_path(path, size)
    return best


@fast_kernel
def fill_row(
    diagonal: np.ndarray,
    above: np.ndarray,
    gap_above: np.ndarray,
    scores: np.ndarray,
    row: np.ndarray,
    gap_row: np.ndarray,
    opening: np.float32,
    extension: np.float32,
    lowest: np.float32,
) -> np.float32:
    """Fill in a row without gaps that skip residues of the protein; return its highest score.

    `diagonal` are the cells of the row above in the same columns, `above` and `gap_above` those one
    column to the right; no cell is below `lowest`. No column depends on another, so that the loop
    is vectorised.
    """
    highest = lowest
    for w in range(len(row)):
        gap_row[w] = max(above[w] - opening, gap_above[w] - extension)
        row[w] = max(max(diagonal[w] + scores[w], gap_row[w]), lowest)
        highest = max(highest, row[w])
    return highest


@kernel
def _add_protein_gaps(row, opening, extension):
    """Raise cells of a row that a gap skipping residues of the protein leads to.

    Gaps that lead to a score of 0 or less are left out. The best gap to a column is the one whose
    first cell scores most if all are moved to column 0; float64, in which this adds exactly.
    """
    first = 0
    while first < len(row) and row[first] <= opening:
        first += 1
    if first == len(row):
        return
    before, best = np.float64(row[first]), -np.inf
    for w in range(first, len(row) - 1):
        moved = w * np.float64(extension)
        best = max(best, before + moved)
        before = np.float64(row[w + 1])
        row[w + 1] = max(row[w + 1], np.float32(best - opening - moved))
