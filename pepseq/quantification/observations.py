"""Distinct reads of a sample, with what their classes share."""

import numpy as np
from scipy.special import gammaln

from pepseq.quantification.estimation import Observations


def observe_dye_reads(
    codes: np.ndarray, counts: np.ndarray, channels: int, cycles: int
) -> Observations:
    """Return the observations of called dye sequences, as sorted distinct codes (`dye_codes`).

    >>> observed = observe_dye_reads(np.array([3, 13]), np.array([5, 1]), 2, 3)  # .0 and 000
    >>> observed.labels.tolist(), observed.first.tolist()
    ([1, 3], [2, 0])
    """
    labels, first = np.zeros((2, len(codes)), np.int64)
    rest = codes.copy()
    for cycle in range(cycles - 1, -1, -1):
        symbol = rest % (channels + 1)
        rest //= channels + 1
        labels += symbol > 0
        first = np.where(symbol > 0, cycle * channels + symbol - 1, first)
    others, log_channels = labels - 1, np.log(channels)
    alike = _log_choices(cycles - first // channels - 1, others) + others * log_channels
    background = _log_choices(cycles, labels) + labels * log_channels
    return Observations(counts, labels, first, np.exp(-background), np.exp(-alike))


def _log_choices(number: np.ndarray | int, chosen: np.ndarray) -> np.ndarray:
    """Return the logarithm of how many ways there are to choose from a number of things."""
    return gammaln(np.asarray(number) + 1) - gammaln(chosen + 1) - gammaln(number - chosen + 1)
