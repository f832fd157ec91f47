"""Batches by residue budget instead of a fixed number of sequences."""

from collections.abc import Sequence

import numpy as np


def plan_batches(lengths: Sequence[int], budget: int) -> list[np.ndarray]:
    """Group items of like length so that rows x longest row is at most `budget`.

    Returns arrays of indices into `lengths`, shortest items first. Every index comes once, and
    items of equal length keep their order. An item longer than the budget is a batch of its own.
    """
    sizes = np.asarray(lengths)
    order = np.argsort(sizes, kind="stable")
    batches, start = [], 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end - start + 1) * sizes[order[end]] > budget:
            batches.append(order[start:end])
            start = end
    return batches
