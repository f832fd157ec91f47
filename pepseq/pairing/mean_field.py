"""Mean-field annealing with Sinkhorn's balancing (Kosowsky and Yuille 1994): a first pairing."""

from collections.abc import Iterable

import numpy as np
from scipy.optimize import linear_sum_assignment

from pepseq.kernels import kernel
from pepseq.pairing.annealing import Similarities, SpeciesRows

BALANCING_ROUNDS = 12
"""Rounds of Sinkhorn's balancing at each temperature."""


def mean_field(
    similarities: Similarities, species: SpeciesRows, temperatures: Iterable[float]
) -> np.ndarray:
    """Return the pairing that soft pairings harden to as the temperature falls, int64 (rows,).

    Settled rows are paired as they stand. Element n is the row of B that row n of A is paired with.
    """
    a, b = similarities
    blocks = species.slices
    soft = [np.full((count, count), 1 / count, np.float32) for count in species.size]
    moved = a.copy()
    for temperature in temperatures:
        for block, shares in zip(blocks, soft, strict=True):
            moved[:, block] = a[:, block] @ shares
        for number, block in enumerate(blocks):
            logits = (moved[block] @ b[:, block]).astype(np.float64)
            logits *= 2 / temperature
            soft[number] = _balanced(logits, BALANCING_ROUNDS).astype(np.float32)
    partner = np.arange(len(a))
    for block, shares in zip(blocks, soft, strict=True):
        partner[block] = block.start + linear_sum_assignment(shares, maximize=True)[1]
    return partner


@kernel
def _balanced(logits, rounds):
    """Return exp(logits) with rows and columns scaled to sum to 1 (rows, columns), in place."""
    for i in range(len(logits)):
        logits[i] = np.exp(logits[i] - logits[i].max()) + 1e-12
    for _ in range(rounds):
        column_sums = np.zeros(logits.shape[1])
        for i in range(len(logits)):
            logits[i] /= logits[i].sum()
            column_sums += logits[i]
        for i in range(len(logits)):
            logits[i] /= column_sums
    return logits
