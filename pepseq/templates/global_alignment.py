"""Alignment of a whole read with whole proteins about as long, many at once."""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import fast_kernel, kernel
from pepseq.templates.alignment_paths import IMPOSSIBLE, Band, Scoring, overhang_cost, trace_back

LANES = 64
"""Proteins aligned at once, so that the processor does the same for several in one step."""


class _LaneBand(NamedTuple):
    """A `Band` of several proteins: `cells` and `gaps` are (rows, diagonals + 1, lanes).

    With one row instead of length + 1 it is used for every residue of the read.
    """

    cells: np.ndarray
    gaps: np.ndarray
    first_diagonal: int


@kernel
def align_globally(
    symbols: np.ndarray,
    residues: np.ndarray,
    offsets: np.ndarray,
    proteins: np.ndarray,
    scoring: Scoring,
    margin: int,
    max_returned: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Align a read from end to end with proteins; return the best `max_returned`, best first.

    `symbols`: uint8, (length,); `proteins`: numbers, sorted by length; `scoring`: see `Scoring`;
    `margin`: diagonals beyond those of the two ends. Residues that jut out over an end cost what
    `overhang_cost` says. Returns numbers, scores (float32) and paths (int32, (returned, length)).

    Scores are computed for LANES proteins at once and one row at a time; the few best are aligned
    again with all rows kept, for their paths.
    """
    scores = np.empty(len(proteins), np.float32)
    longest = len(symbols)
    for p in proteins:
        longest = max(longest, offsets[p + 1] - offsets[p])
    overhangs = np.array([overhang_cost(d) for d in range(longest + 1)], np.float32)
    for first in range(0, len(proteins), LANES):
        batch = proteins[first : first + LANES]
        band = _empty_band(symbols, offsets, batch, margin, 1)
        scores[first : first + LANES] = _align_lanes(
            symbols, residues, offsets, batch, scoring, overhangs, band
        )[0]
    order = np.argsort(-scores, kind="mergesort")[:max_returned]
    paths = np.full((len(order), len(symbols)), -1, np.int32)
    for k in range(len(order)):
        single = proteins[order[k] : order[k] + 1]
        band = _empty_band(symbols, offsets, single, margin, len(symbols) + 1)
        _, i, w = _align_lanes(symbols, residues, offsets, single, scoring, overhangs, band)
        protein = residues[offsets[single[0]] : offsets[single[0] + 1]]
        lane = Band(band.cells[:, :, 0], band.gaps[:, :, 0], band.first_diagonal)
        trace_back(paths[k], symbols, protein, scoring, lane, i, w, np.float32(-np.inf))
    return proteins[order], scores[order], paths


@kernel
def _empty_band(symbols, offsets, proteins, margin, rows):
    """Return a band that holds both ends of the read and of each protein, and `margin` more."""
    shortest, longest = len(symbols), len(symbols)
    for p in proteins:
        size = offsets[p + 1] - offsets[p]
        shortest, longest = min(shortest, size), max(longest, size)
    first_diagonal = shortest - len(symbols) - margin
    width = longest - len(symbols) + margin - first_diagonal + 1
    shape = (rows, width + 1, len(proteins))
    return _LaneBand(np.full(shape, IMPOSSIBLE), np.full(shape, IMPOSSIBLE), first_diagonal)


@kernel
def _lane_profile(residues, offsets, proteins, table, longest):
    """Return the score of each symbol at each position of each protein, (symbols, longest, lanes).

    IMPOSSIBLE beyond the end of a protein.
    """
    profile = np.full((len(table), longest, len(proteins)), IMPOSSIBLE)
    for lane in range(len(proteins)):
        start, end = offsets[proteins[lane]], offsets[proteins[lane] + 1]
        for j in range(end - start):
            for s in range(len(table)):
                profile[s, j, lane] = table[s, residues[start + j]]
    return profile


@kernel
def _align_lanes(symbols, residues, offsets, proteins, scoring, overhangs, band):
    """Fill in the band, a row for each residue; return scores and the last cell (i, w) of lane 0.

    Cells are as in `align_in_band`, without the 0: an alignment begins at the first residue of the
    read or of the protein, and ends at the last of either. `overhangs`: cost by residues that jut
    out.
    """
    cells, gaps, shift = band
    length, lanes, width = len(symbols), len(proteins), cells.shape[1] - 1
    row_step = 0 if len(cells) == 1 else 1
    sizes = offsets[proteins + 1] - offsets[proteins]
    longest = sizes.max()
    profile = _lane_profile(residues, offsets, proteins, scoring.table, longest)
    best = np.full(lanes, IMPOSSIBLE)
    last_i, last_w = -1, -1
    protein_gaps = np.empty(lanes, np.float32)
    for w in range(max(0, -shift), width):  # before the read: the protein juts out
        cells[0, w] = -overhangs[shift + w]
    for i in range(length):
        above, gap_above = cells[i * row_step], gaps[i * row_step]
        row, gap_row = cells[(i + 1) * row_step], gaps[(i + 1) * row_step]
        left = max(0, -i - shift)  # columns left to right lie inside the longest protein
        right = min(width, longest - i - shift)
        if left >= right:
            continue
        if i > 0 and left == -i - shift:  # before the protein: the read juts out
            above[left] = -overhangs[i]
        protein_gaps[:] = IMPOSSIBLE
        scores = profile[symbols[i], i + shift + left : i + shift + right]
        _fill_row(
            above,
            gap_above,
            scores,
            row,
            gap_row,
            protein_gaps,
            left,
            scoring.gap_opening,
            scoring.gap_extension,
        )
        row[right:] = IMPOSSIBLE
        gap_row[right:] = IMPOSSIBLE
        for lane in range(lanes):
            w = sizes[lane] - 1 - i - shift  # the protein ends: the rest of the read juts out
            if left <= w < right and row[w, lane] - overhangs[length - 1 - i] > best[lane]:
                best[lane] = row[w, lane] - overhangs[length - 1 - i]
                if lane == 0:
                    last_i, last_w = i, w
            if i == length - 1:  # the read ends: the rest of the protein juts out
                for w in range(left, min(right, sizes[lane] - i - shift)):
                    score = row[w, lane] - overhangs[sizes[lane] - 1 - i - shift - w]
                    if score > best[lane]:
                        best[lane] = score
                        if lane == 0:
                            last_i, last_w = i, w
    return best, last_i, last_w


@fast_kernel
def _fill_row(above, gap_above, scores, row, gap_row, protein_gaps, left, opening, extension):
    """Fill in a row from column `left` on.

    `above` and `gap_above` are the row above, of all columns. `protein_gaps`: for each lane, the
    best gap that skips residues of the protein and reaches the column. `row` may be `above`: each
    column needs only itself and the one to the right.
    """
    lanes = row.shape[1]
    for k in range(len(scores)):
        w = left + k
        for lane in range(lanes):  # one loop would write to three arrays: not vectorised
            opened, extended = above[w + 1, lane] - opening, gap_above[w + 1, lane] - extension
            gap_row[w, lane] = max(opened, extended)
        for lane in range(lanes):
            best = max(above[w, lane] + scores[k, lane], gap_row[w, lane])
            row[w, lane] = max(best, protein_gaps[lane])
        for lane in range(lanes):
            opened, extended = row[w, lane] - opening, protein_gaps[lane] - extension
            protein_gaps[lane] = max(opened, extended)
