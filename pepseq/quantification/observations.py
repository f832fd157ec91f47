"""Distinct reads of a sample, with what their classes share."""

import numpy as np
from scipy.special import gammaln

from pepseq.kernels import kernel, read_only
from pepseq.quantification.estimation import Observations
from pepseq.quantification.peptide_read_probabilities import length_class
from pepseq.quantification.symbol_sequences import SymbolSequences

MIN_LOG_PROBABILITY = -500.0
"""Of one read among all those that are alike, so that ratios of probabilities stay finite."""


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


def observe_peptide_reads(reads: SymbolSequences, counts: np.ndarray, hidden: int) -> Observations:
    """Return the observations of reads of whole peptides, distinct ones with a label.

    Their first class is that of their length, see `length_class`. Reads of a class, and reads from
    the background, have the lengths of all reads, and all those with one length and number of
    labels are equally probable. `hidden`: the symbol of a hidden residue.

    >>> symbols = np.array([3, 0, 3, 1, 0], np.uint8)  # X0 and X10 of three labels
    >>> reads = SymbolSequences(symbols, np.array([0, 2]), np.array([2, 5]))
    >>> observed = observe_peptide_reads(reads, np.array([3, 1]), 3)
    >>> observed.labels.tolist(), observed.first.tolist()
    ([1, 2], [1, 2])
    >>> (1 / observed.background).round(6).tolist(), (1 / observed.alike).round(6).tolist()
    ([8.0, 108.0], [6.0, 27.0])
    """
    lengths = reads.lengths
    labels = _count_labels(read_only(reads.symbols), reads.begin, reads.end, hidden)
    classes = length_class(lengths)
    by_length, by_class = np.bincount(lengths, counts), np.bincount(classes, counts)
    log_share = np.log(by_length[lengths] / max(counts.sum(), 1))
    log_share_of_class = np.log(by_length[lengths] / by_class[classes])
    log_reads = _log_choices(lengths, labels) + labels * np.log(hidden)
    background, alike = (
        np.exp(np.maximum(share - log_reads, MIN_LOG_PROBABILITY))
        for share in (log_share, log_share_of_class)
    )
    return Observations(counts, labels, classes, background, alike)


@kernel
def _count_labels(symbols, begin, end, hidden):
    labels = np.zeros(len(begin), np.int64)
    for r in range(len(begin)):
        for i in range(begin[r], end[r]):
            labels[r] += symbols[i] != hidden
    return labels


def _log_choices(number: np.ndarray | int, chosen: np.ndarray) -> np.ndarray:
    """Return the logarithm of how many ways there are to choose from a number of things."""
    return gammaln(np.asarray(number) + 1) - gammaln(chosen + 1) - gammaln(number - chosen + 1)
