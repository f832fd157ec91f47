"""Alignment of a whole read with whole proteins about as long, many at once."""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import fast_kernel, kernel
from pepseq.templates.alignment_paths import IMPOSSIBLE, Band, Scoring, overhang_cost, trace_back
from pepseq.templates.banded_alignment import fill_row

LANES = 64
"""Proteins aligned at once, so that the processor does the same for several in one step."""


class _Diagonals(NamedTuple):
    """The diagonals of a band, as in `Band`: the first, and how many."""

    first: int
    width: int


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

    Scores are computed for LANES proteins at once; the few best are aligned again, one by one and
    with all rows kept, for their paths.
    """
    scores = np.empty(len(proteins), np.float32)
    sizes = offsets[proteins + 1] - offsets[proteins]
    longest = max(len(symbols), sizes.max()) if len(proteins) else len(symbols)
    overhangs = np.array([overhang_cost(d) for d in range(longest + 1)], np.float32)
    for first in range(0, len(proteins), LANES):
        batch = proteins[first : first + LANES]
        scores[first : first + LANES] = _score_lanes(
            symbols, residues, offsets, batch, scoring, overhangs, margin
        )
    order = np.argsort(-scores, kind="mergesort")[:max_returned]
    paths = np.full((len(order), len(symbols)), -1, np.int32)
    for k in range(len(order)):
        p = proteins[order[k]]
        protein = residues[offsets[p] : offsets[p + 1]]
        _write_path(paths[k], symbols, protein, scoring, overhangs, margin)
    return proteins[order], scores[order], paths


@kernel
def _diagonals(length, shortest, longest, margin):
    """Return the diagonals of both ends of a read and of proteins, and `margin` more."""
    first = min(length, shortest) - length - margin
    return _Diagonals(first, max(length, longest) - length + margin - first + 1)


@kernel
def _score_lanes(symbols, residues, offsets, proteins, scoring, overhangs, margin):
    """Return the scores of alignments with several proteins, sorted by length, float32.

    Cells are as in `align_in_band`, without the 0: an alignment begins at the first residue of the
    read or of the protein, and ends at the last of either. `overhangs`: cost by residues that jut
    out. Two rows of cells, (width + 1, lanes), are kept: of a residue of the read, and of the one
    before it. They are never the same, which would keep loops over lanes from being vectorised.
    """
    length, lanes = len(symbols), len(proteins)
    sizes = offsets[proteins + 1] - offsets[proteins]
    longest = sizes[-1]
    shift, width = _diagonals(length, sizes[0], longest, margin)
    profile = _lane_profile(residues, offsets, proteins, scoring.table, longest)
    cells = np.full((2, width + 1, lanes), IMPOSSIBLE)
    gaps = np.full((2, width + 1, lanes), IMPOSSIBLE)
    best = np.full(lanes, IMPOSSIBLE)
    protein_gaps = np.empty(lanes, np.float32)
    for w in range(max(0, -shift), width):  # before the read: the protein juts out
        cells[0, w] = -overhangs[shift + w]
    for i in range(min(length, longest - shift)):
        above, gap_above = cells[i % 2], gaps[i % 2]
        row, gap_row = cells[1 - i % 2], gaps[1 - i % 2]
        left = max(0, -i - shift)  # columns left to right lie inside the longest protein
        right = min(width, longest - i - shift)
        if i > 0 and left == -i - shift:  # before the protein: the read juts out
            above[left] = -overhangs[i]
        protein_gaps[:] = IMPOSSIBLE
        scores = profile[symbols[i], i + shift + left : i + shift + right]
        _fill_lanes(
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
        if i < length - 1 and sizes[0] - 1 - i - shift >= right:
            continue  # neither the read nor any protein ends here
        for lane in range(lanes):
            w = sizes[lane] - 1 - i - shift  # the protein ends: the rest of the read juts out
            if left <= w < right:
                best[lane] = max(best[lane], row[w, lane] - overhangs[length - 1 - i])
            if i == length - 1:  # the read ends: the rest of the protein juts out
                for w in range(left, min(right, sizes[lane] - i - shift)):
                    rest = sizes[lane] - 1 - i - shift - w
                    best[lane] = max(best[lane], row[w, lane] - overhangs[rest])
    return best


@kernel
def _lane_profile(residues, offsets, proteins, table, longest):
    """Return the score of each symbol at each position of each protein, (symbols, longest, lanes).

    IMPOSSIBLE beyond the end of a protein.
    """
    lanes, beyond = len(proteins), table.shape[1]
    codes = np.full((longest, lanes), beyond, np.uint8)
    for lane in range(lanes):
        start = offsets[proteins[lane]]
        for j in range(offsets[proteins[lane] + 1] - start):
            codes[j, lane] = residues[start + j]
    profile = np.empty((len(table), longest, lanes), np.float32)
    score_of = np.full(beyond + 1, IMPOSSIBLE)
    for s in range(len(table)):
        score_of[:beyond] = table[s]
        for j in range(longest):
            for lane in range(lanes):
                profile[s, j, lane] = score_of[codes[j, lane]]
    return profile


@fast_kernel
def _fill_lanes(above, gap_above, scores, row, gap_row, protein_gaps, left, opening, extension):
    """Fill in a row from column `left` on.

    `above` and `gap_above` are the row above, of all columns. `protein_gaps`: for each lane, the
    best gap that skips residues of the protein and reaches the column.
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


@kernel
def _write_path(path, symbols, protein, scoring, overhangs, margin):
    """Write the best alignment with one protein to `path`."""
    length, size = len(symbols), len(protein)
    shift, width = _diagonals(length, size, size, margin)
    cells = np.full((length + 1, width + 1), IMPOSSIBLE)
    gaps = np.full((length + 1, width + 1), IMPOSSIBLE)
    profile = np.empty((len(scoring.table), size), np.float32)
    for s in range(len(scoring.table)):
        for j in range(size):
            profile[s, j] = scoring.table[s, protein[j]]
    best, best_i, best_w = IMPOSSIBLE, -1, -1
    for w in range(max(0, -shift), width):
        cells[0, w] = -overhangs[shift + w]
    for i in range(min(length, size - shift)):
        left, right = max(0, -i - shift), min(width, size - i - shift)
        if i > 0 and left == -i - shift:
            cells[i, left] = -overhangs[i]
        row = cells[i + 1, left:right]
        fill_row(
            cells[i, left:right],
            cells[i, left + 1 : right + 1],
            gaps[i, left + 1 : right + 1],
            profile[symbols[i], i + shift + left : i + shift + right],
            row,
            gaps[i + 1, left:right],
            scoring.gap_opening,
            scoring.gap_extension,
            IMPOSSIBLE,
        )
        _add_protein_gaps(row, scoring.gap_opening, scoring.gap_extension)
        last = size - 1 - i - shift - left
        if last < len(row) and row[last] - overhangs[length - 1 - i] > best:
            best, best_i, best_w = row[last] - overhangs[length - 1 - i], i, left + last
        if i == length - 1:
            for k in range(min(len(row), last + 1)):
                if row[k] - overhangs[last - k] > best:
                    best, best_i, best_w = row[k] - overhangs[last - k], i, left + k
    band = Band(cells, gaps, shift)
    trace_back(path, symbols, protein, scoring, band, best_i, best_w, np.float32(-np.inf))


@kernel
def _add_protein_gaps(row, opening, extension):
    """Raise cells of a row that a gap skipping residues of the protein leads to."""
    gap = IMPOSSIBLE
    for w in range(1, len(row)):
        gap = max(row[w - 1] - opening, gap - extension)
        row[w] = max(row[w], gap)
