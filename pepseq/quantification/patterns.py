"""Distinct patterns of labels of a reference's peptides, and how many of each a protein has."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy.sparse import csr_array

from pepseq.fluorosequencing.molecules import LabelledPeptides
from pepseq.fluorosequencing.read_probabilities import DyeSequences
from pepseq.kernels import kernel

_MAX_TAIL = 15
_TAIL_BITS = 4


Sequences = TypeVar("Sequences")


@dataclass(frozen=True)
class ProteinPatterns(Generic[Sequences]):
    """The patterns of a reference: distinct dye sequences, or symbols of whole peptides.

    `weights`, sparse (P, D), has how many of each a protein gives.
    """

    sequences: Sequences
    weights: csr_array


def dye_patterns(
    peptides: LabelledPeptides,
    proteins: np.ndarray,
    weights: np.ndarray,
    count: int,
    channels: int,
    cycles: int,
) -> ProteinPatterns[DyeSequences]:
    """Return the distinct dye sequences of peptides as an experiment of `cycles` sees them.

    `proteins` (int) and `weights` (float64), each of shape (peptides,), are the protein of a
    peptide and its expected number for each copy of it; `count` is the number of proteins. Peptides
    without a label have no pattern.
    """
    heads, tails = np.zeros((2, len(peptides)), np.int64)
    _encode(*_arrays(peptides), channels, cycles, heads, tails)
    labelled = np.flatnonzero((heads > 0) | (tails > 0))
    distinct, pattern = _distinct_pairs(heads[labelled], tails[labelled])
    entries = csr_array((weights[labelled], (proteins[labelled], pattern)), (count, len(distinct)))
    entries.sum_duplicates()
    return ProteinPatterns(decode_patterns(distinct, channels, cycles), entries)


def _distinct_pairs(heads: np.ndarray, tails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct pairs, sorted, (D, 2), and the number of each pair."""
    (first, head), (second, tail) = (np.unique(n, return_inverse=True) for n in (heads, tails))
    pairs, pattern = np.unique(head * len(second) + tail, return_inverse=True)
    width = max(len(second), 1)
    return np.stack([first[pairs // width], second[pairs % width]], axis=1), pattern


def decode_patterns(keys: np.ndarray, channels: int, cycles: int) -> DyeSequences:
    """Return dye sequences from their two numbers: residues up to `cycles`, and what follows."""
    symbols = np.empty((len(keys), cycles), np.int8)
    rest = keys[:, 0].copy()
    for cycle in range(cycles - 1, -1, -1):
        symbols[:, cycle] = rest % (channels + 1) - 1
        rest //= channels + 1
    shifts = np.arange(channels) * _TAIL_BITS
    return DyeSequences(symbols, keys[:, 1:] >> shifts & _MAX_TAIL)


def pattern_keys(sequences: DyeSequences) -> np.ndarray:
    """Return the two numbers of each dye sequence, int64 (D, 2); see `decode_patterns`."""
    channels = sequences.tails.shape[1]
    heads = np.zeros(len(sequences), np.int64)
    for column in sequences.channels.T:
        heads = heads * (channels + 1) + column + 1
    tails = (sequences.tails << np.arange(channels) * _TAIL_BITS).sum(1)
    return np.stack([heads, tails], axis=1)


def _arrays(peptides: LabelledPeptides) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return peptides.positions, peptides.channels, peptides.offsets


@kernel
def _encode(positions, channels, offsets, n_channels, cycles, heads, tails):
    """Fill the numbers of each peptide: channels up to `cycles` as a code, and counts after it."""
    powers = np.ones(cycles + 1, np.int64)
    for t in range(cycles):
        powers[t + 1] = powers[t] * (n_channels + 1)
    for p in range(len(offsets) - 1):
        for k in range(offsets[p], offsets[p + 1]):
            channel = channels[k]
            if channel < 0:
                continue
            if positions[k] < cycles:
                heads[p] += (channel + 1) * powers[cycles - 1 - positions[k]]
            elif tails[p] >> (channel * 4) & 15 < 15:
                tails[p] += 1 << (channel * 4)
