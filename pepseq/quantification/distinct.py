"""Distinct values and their counts."""

from collections.abc import Iterable

import numpy as np


def sum_counts(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values, sorted, of several (values, counts), and sums of their counts.

    >>> one = np.array([3, 5]), np.array([1, 2])
    >>> [a.tolist() for a in sum_counts([one, one])]
    [[3, 5], [2, 4]]
    """
    values, counts = map(np.concatenate, zip(*parts, strict=True))
    distinct, place = np.unique(values, return_inverse=True)
    sums = np.zeros(len(distinct), np.int64)
    np.add.at(sums, place, counts)
    return distinct, sums
