"""Complexes of three or more families, from how often each two of their proteins were paired."""

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations, product
from math import factorial

import numpy as np
from scipy.optimize import linear_sum_assignment

MAX_TRIED = 720
"""Assignments of all families but two that are tried exhaustively in a species: three families of
six proteins, or four families of four."""

Scores = Mapping[tuple[int, int], np.ndarray]
"""For places i < j of two families, how well each protein of i goes with each of j (i, j)."""


def best_complexes(sizes: list[int], scores: Scores) -> np.ndarray:
    """Return the complexes of one species, int64 (complexes, families), -1 for no protein.

    `sizes` are the numbers of proteins of the families. Each protein is in one complex; there are
    as many complexes as the largest family has proteins. The sum of the scores of all pairs inside
    the complexes is the greatest one if the species is small (MAX_TRIED); else it is the best of
    local searches that start from each family: partners of its proteins are chosen by the scores
    with it alone, then those of one family after the other are chosen again, by the scores with
    all others, until the sum no longer grows.

    >>> scores = {(0, 1): np.eye(2), (0, 2): np.eye(2)[::-1], (1, 2): np.zeros((2, 1))}
    >>> best_complexes([2, 2, 1], scores | {(0, 2): np.array([[0.0], [1.0]])}).tolist()
    [[0, 0, -1], [1, 1, 0]]
    """
    size, count = max(sizes), len(sizes)
    square = np.zeros((count, count, size, size))
    for i, j in combinations(range(count), 2):
        square[i, j, : sizes[i], : sizes[j]] = scores[i, j]
        square[j, i] = square[i, j].T
    small = factorial(size) ** (count - 2) <= MAX_TRIED
    candidates = _all_but_one(square) if small else _from_each_family(square)
    best = max(candidates, key=lambda partners: round(_total(square, partners), 9))
    best[best >= np.array(sizes)[:, None]] = -1
    return best.T[np.argsort(best[0], kind="stable")]


def _total(square: np.ndarray, partners: np.ndarray) -> float:
    """Return the sum of scores; `partners`, int64 (families, size), has a column a complex."""
    places = combinations(range(len(partners)), 2)
    return float(sum(square[i, j, partners[i], partners[j]].sum() for i, j in places))


def _choose(square: np.ndarray, partners: np.ndarray, place: int) -> None:
    """Choose the partners of one family again, by the scores with all others."""
    others = [other for other in range(len(partners)) if other != place]
    scores = sum(square[other, place, partners[other]] for other in others)
    partners[place] = linear_sum_assignment(scores, maximize=True)[1]


def _all_but_one(square: np.ndarray) -> Iterator[np.ndarray]:
    """Yield all assignments of the families, with the best one of the last family for each."""
    count, _, size, _ = square.shape
    orders = list(permutations(range(size)))
    for chosen in product(orders, repeat=count - 2):
        partners = np.array([range(size), *chosen, range(size)])
        _choose(square, partners, count - 1)
        yield partners


def _from_each_family(square: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the assignment that a local search from each family ends at."""
    count, _, size, _ = square.shape
    for center in range(count):
        partners = np.tile(np.arange(size), (count, 1))
        for place in range(count):
            if place != center:
                partners[place] = linear_sum_assignment(square[center, place], maximize=True)[1]
        total = -np.inf
        while (reached := _total(square, partners)) > total + 1e-9:
            total = reached
            for place in range(count):
                _choose(square, partners, place)
        yield partners
