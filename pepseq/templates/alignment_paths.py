"""Paths of alignments: traced back through scores, extended, judged and copied.

A path has, for each residue of a read, the 0-based position in the protein or -1.
"""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel
from pepseq.templates.copying_model import NOT_ALIGNED

IMPOSSIBLE = np.float32(-1e6)
"""Score of cells that no alignment reaches; far below any sum of bits, and exact in float32."""
_MAX_COUNTED_GAPS = 6


class Scoring(NamedTuple):
    """Scores of an alignment, in bits.

    `table`: of each symbol at each residue code, float32, (symbols, 21), C order; `gap_opening` and
    `gap_extension`: cost of a gap's first residue and of each further one, float32.
    """

    table: np.ndarray
    gap_opening: np.float32
    gap_extension: np.float32


class Band(NamedTuple):
    """Scores of a band of diagonals, float32, (length + 1, diagonals + 1).

    Column w is the diagonal `first_diagonal` + w, so cell (i, w) aligns residue i of the read with
    position i + `first_diagonal` + w of the protein; its row in the arrays is i + 1, and row 0
    lies before the read. The column beyond the band is a border. `cells`: best score of an
    alignment that ends in the cell; `gaps`: best score of one whose last step skips residue i of
    the read.
    """

    cells: np.ndarray
    gaps: np.ndarray
    first_diagonal: int


@kernel
def trace_back(
    path: np.ndarray,
    symbols: np.ndarray,
    protein: np.ndarray,
    scoring: Scoring,
    band: Band,
    i: int,
    w: int,
    start_score: np.float32,
) -> None:
    """Write to `path` the alignment that ends in cell (i, w).

    An alignment begins where a score is at most `start_score` (0 if it is local, -inf if it runs
    from end to end) or at the border of the read, of the protein or of the band.

    One step back in a band: an aligned pair comes from the row above in the same column (the same
    diagonal); a skipped residue of the read from the row above, one column to the right; a skipped
    residue of the protein from the same row, one column to the left.
    """
    cells, gaps, first_diagonal = band
    in_gap = False  # at (i, w) a gap is open that skips residues of the read
    while i >= 0 and 0 <= w < cells.shape[1] - 1 and 0 <= i + first_diagonal + w < len(protein):
        if in_gap:
            in_gap = gaps[i + 1, w] != cells[i, w + 1] - scoring.gap_opening
            i -= 1
            w += 1
            continue
        score = cells[i + 1, w]
        if score <= start_score:
            break
        position = i + first_diagonal + w
        if score == cells[i, w] + scoring.table[symbols[i], protein[position]]:
            path[i] = position
            i -= 1
        elif score == gaps[i + 1, w]:
            in_gap = True
        else:
            w = _protein_gap_start(cells[i + 1], max(0, -i - first_diagonal), w, scoring)


@kernel
def _protein_gap_start(row, first, w, scoring):
    """Return the column, `first` or later, from which the best gap in a row leads to column w.

    Such gaps are not stored: the recursion is repeated. Of equal ones the shortest counts.
    """
    gap, start = IMPOSSIBLE, first
    for v in range(first + 1, w + 1):
        opened, extended = row[v - 1] - scoring.gap_opening, gap - scoring.gap_extension
        if opened >= extended:
            gap, start = opened, v - 1
        else:
            gap = extended
    return start


@kernel
def extend_path(path: np.ndarray, size: int) -> None:
    """Extend a path without gaps to both ends of the read, or of the protein of `size` residues."""
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
def overhang_cost(residues: int) -> float:
    """Return the bits that it costs if this many residues jut out over an end."""
    return 0.0 if residues == 0 else 3.0 + np.log2(residues)


@kernel
def path_bonuses(
    paths: np.ndarray, lengths: np.ndarray, end_bonus: float, gap_cost: float
) -> np.ndarray:
    """Return bits for the ends and gaps of alignments with proteins of these lengths, float64.

    `end_bonus`: for each end of a path that is one of the protein's too, less `overhang_cost` if
    one of the two juts out; `gap_cost`: for each gap, at most 6.
    """
    result = np.zeros(len(paths))
    for k in range(len(paths)):
        path, first, last, gaps = paths[k], -1, -1, 0
        for i in range(len(path)):
            if path[i] < 0:
                continue
            if last >= 0 and (i - last != 1 or path[i] - path[last] != 1):
                gaps += 1
            last = i
            if first < 0:
                first = i
        begin_cost = overhang_cost(first + path[first])
        end_cost = overhang_cost(len(path) - 1 - last + lengths[k] - 1 - path[last])
        result[k] = max(end_bonus - begin_cost, 0) + max(end_bonus - end_cost, 0)
        result[k] -= gap_cost * min(gaps, _MAX_COUNTED_GAPS)
    return result


@kernel
def copy_residues(
    residues: np.ndarray, starts: np.ndarray, paths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
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
