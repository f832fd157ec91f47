"""Alignment of two superposed chains by the distances of their residues, as in TM-align."""

import numpy as np

from pepseq.kernels import kernel

GAP = -0.6
"""Score of a gap of any length between aligned residues; gaps at the ends are free."""
_NONE, _PAIR, _SKIP_X, _SKIP_Y = 0, 1, 2, 3


@kernel
def align_superposed(x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
    """Return the indices of aligned residues, int (pairs, 2), of CA coordinates (residues, 3).

    A pair scores 1 / (1 + (distance / scale)^2), a gap -0.6 (Zhang and Skolnick 2005).
    """
    rows, columns = len(x), len(y)
    best = np.zeros((rows + 1, columns + 1))
    step = np.zeros((rows + 1, columns + 1), np.int8)
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            square = 0.0
            for axis in range(3):
                square += (x[i - 1, axis] - y[j - 1, axis]) ** 2
            pair = best[i - 1, j - 1] + 1 / (1 + square / (scale * scale))
            # a gap costs where it begins, next to a pair, and nothing at the ends
            up = best[i - 1, j] + (GAP if step[i - 1, j] == _PAIR and j < columns else 0.0)
            left = best[i, j - 1] + (GAP if step[i, j - 1] == _PAIR and i < rows else 0.0)
            if pair >= up and pair >= left:
                best[i, j], step[i, j] = pair, _PAIR
            elif up >= left:
                best[i, j], step[i, j] = up, _SKIP_X
            else:
                best[i, j], step[i, j] = left, _SKIP_Y
    pairs = np.empty((min(rows, columns), 2), np.int64)
    i, j, count = rows, columns, 0
    while i > 0 and j > 0:
        if step[i, j] == _PAIR:
            i, j = i - 1, j - 1
            pairs[count] = i, j
            count += 1
        elif step[i, j] == _SKIP_X:
            i -= 1
        else:
            j -= 1
    return pairs[:count][::-1].copy()
