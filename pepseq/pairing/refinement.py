"""The second step of method information: pairs by the relatives of each protein.

The first step finds the pairing in which the columns of all proteins agree best. Given its votes,
close relatives say more: two proteins go together if the relatives of one were paired with the
relatives of the other.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from pepseq.pairing.canonical_order import Task
from pepseq.pairing.similarity import center, correlation_of_relatives

REACH = 0.15
"""Reach of the similarity of relatives, chosen with SHRINKAGE on half of the species of HK-RR and
of MALG-MALK; docs/pairing.md has what else was tried."""

SHRINKAGE = 1.0
"""Shrinkage of the similarity of relatives, in mean eigenvalues."""

PositionsOfPairs = tuple[np.ndarray, np.ndarray]


def pair_by_relatives(
    tasks: Sequence[Task],
    shares: Sequence[np.ndarray],
    settled: tuple[np.ndarray, np.ndarray],
    columns: tuple[np.ndarray, np.ndarray],
) -> list[PositionsOfPairs]:
    """Return the pairs of each task, as positions in its `a` and `b`.

    The score of proteins n of A and m of B is the sum over all other proteins k of A and l of B of
    similarity(n, k) x sqrt(share of k with l) x similarity(m, l). `shares` holds for each task how
    often each pair was chosen (len(task.a), len(task.b)); `settled` are rows of A and of B that are
    pairs as they stand, and `columns` the columns to compare.
    """
    codes_a, codes_b = [task.codes_a for task in tasks], [task.codes_b for task in tasks]
    a = _similarities([*codes_a, settled[0]], columns[0])
    b = _similarities([*codes_b, settled[1]], columns[1])
    rows_a, rows_b = _slices(codes_a), _slices(codes_b)
    paired_with = np.zeros((len(a), len(b)), np.float32)
    for of_a, of_b, share in zip(rows_a, rows_b, shares, strict=True):
        paired_with[:, of_b] = a[:, of_a] @ np.sqrt(share).astype(np.float32)
    if len(settled[0]):
        paired_with[:, -len(settled[1]) :] = a[:, -len(settled[0]) :]
    return [
        linear_sum_assignment(paired_with[of_a] @ b[of_b].T, maximize=True)
        for of_a, of_b in zip(rows_a, rows_b, strict=True)
    ]


def _similarities(codes: list[np.ndarray], columns: np.ndarray) -> np.ndarray:
    """Return similarities of the rows of a family, float32 (rows, rows), 0 to themselves."""
    rows = np.vstack(codes)[:, columns]
    similarities = center(correlation_of_relatives(rows, REACH, SHRINKAGE)).astype(np.float32)
    np.fill_diagonal(similarities, 0)
    return similarities


def _slices(codes: Sequence[np.ndarray]) -> list[slice]:
    """Return the rows of each task, one after the other."""
    ends = np.cumsum([len(rows) for rows in codes])
    return [slice(end - len(rows), end) for end, rows in zip(ends.tolist(), codes, strict=True)]
