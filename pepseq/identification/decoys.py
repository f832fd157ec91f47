"""q-values from competition with decoys, see `pepseq.templates.decoys`."""

from collections.abc import Sequence

import numpy as np

_ROUNDING_BITS = 1e-6


def q_values(leads: Sequence[float], decoy_leads: Sequence[float]) -> np.ndarray:
    """Return the q-value of each read's best fit by target-decoy competition, float64.

    A lead is the score by which the best fit exceeds all decoys, or the best decoy all fits; the
    higher of the two counts; the false discovery rate at a lead is (decoys at least as good + 1) /
    targets at least as good, and the q-value the lowest rate at which a fit is still accepted, so
    equal leads have equal q-values; leads are rounded to a millionth of a bit. A read whose decoy
    is at least as good, or that fits nothing, has 1 (Elias and Gygi 2007, Nature Methods 4: 207; +1
    after Levitsky et al. 2017).
    """
    scores, decoys = (
        np.round(np.asarray(bits, float) / _ROUNDING_BITS) for bits in (leads, decoy_leads)
    )
    won = scores > decoys
    lost = decoys >= scores
    worse = -np.where(won, scores, decoys)
    order = np.argsort(worse, kind="stable")
    last = np.searchsorted(worse[order], worse[order], side="right") - 1  # of equal leads
    targets, losses = np.cumsum(won[order])[last], np.cumsum(lost[order])[last]
    rate = (losses + 1) / np.maximum(targets, 1)
    lowest = np.minimum.accumulate(rate[::-1])[::-1]
    result = np.ones(len(scores))
    result[order] = np.minimum(lowest, 1)
    return np.where(won, result, 1.0)
