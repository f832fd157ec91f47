"""How probable each observed read is, given the dye sequence of the peptide that it comes from.

A molecule is a hidden Markov chain: its state is whether it is blocked, how many residues Edman has
removed, and how many dyes of each channel still work. Dyes of one channel are exchangeable, so it
need not be known which of them do (whatprot: Smith et al. 2023, PLoS Comput Biol 19(5): e1011157).
A read is what is called of a molecule, one symbol for each cycle, see `molecules`. All possible
reads are followed at once, symbol by symbol, as a tree; a branch ends where its probability
falls below a cutoff. Whether a read lies below the cutoff must not depend on whether it was
observed: an estimate of amounts would be biased.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pepseq.fluorosequencing.molecule_states import (
    bleaching,
    combinations,
    count_dyes,
    detachment_symbols,
)
from pepseq.fluorosequencing.read_tree import follow_reads, new_nodes
from pepseq.kernels import kernel

DYE_SEQUENCES_PER_TASK = 64


class Rates(NamedTuple):
    """Error rates as the kernel takes them; `detach` by cycle, `bleach` and `dud` by channel."""

    edman_failure: float
    detach: np.ndarray
    initial_block: float
    cyclic_block: float
    bleach: np.ndarray
    dud: np.ndarray


@dataclass(frozen=True)
class DyeSequences:
    """Distinct dye sequences, as far as an experiment of T cycles can tell them apart.

    `channels`: int8 of shape (D, T), the channel of the dye on each residue, -1 for none; `tails`:
    int64 of shape (D, C), the number of dyes of each channel on the residues after these.
    """

    channels: np.ndarray
    tails: np.ndarray

    def __len__(self) -> int:
        return len(self.channels)


@dataclass(frozen=True)
class ReadProbabilities:
    """P(read | dye sequence) where it reaches the cutoff of the dye sequence.

    Dye sequence d gives read `reads[k]` (int32) with probability `values[k]` (float32) for k from
    `starts[d]` to `starts[d + 1]` (int64). `visible`: float64 (D,), the probability that a molecule
    gives a read at all; `residual`: float32 (D, T * C), that it gives a read below the cutoff, by
    the read's first label: column t * C + c for one of channel c in cycle t.
    """

    starts: np.ndarray
    reads: np.ndarray
    values: np.ndarray
    visible: np.ndarray
    residual: np.ndarray


def read_probabilities(
    dye_sequences: DyeSequences,
    reads: np.ndarray,
    rates: Rates,
    cutoffs: np.ndarray,
    threads: int,
) -> ReadProbabilities:
    """Return P(read | dye sequence) for all dye sequences and all observed reads.

    `reads`: int64, distinct called dye sequences as sorted codes, see `molecules`; `cutoffs`:
    float64 (D,), the probabilities below which a read of each dye sequence is left out. The result
    does not depend on `threads`.
    """
    count, cycles = dye_sequences.channels.shape
    classes = cycles * dye_sequences.tails.shape[1]
    firsts = range(0, count, DYE_SEQUENCES_PER_TASK)

    def compute(first: int) -> list[np.ndarray]:
        part = slice(first, min(first + DYE_SEQUENCES_PER_TASK, count))
        channels, tails = dye_sequences.channels[part], dye_sequences.tails[part]
        capacity = 1 << 14
        while True:
            parts: list[np.ndarray] = [np.zeros(len(channels), np.int64)]
            parts.append(np.empty(capacity, np.int32))
            parts += [np.empty(capacity, np.float32), np.zeros(len(channels))]
            parts.append(np.zeros((len(channels), classes), np.float32))
            filled = _follow_all(channels, tails, reads, rates, cutoffs[part], *parts)
            if filled >= 0:
                return [parts[0], parts[1][:filled].copy(), parts[2][:filled].copy(), *parts[3:]]
            capacity *= 4

    with ThreadPoolExecutor(threads) as pool:
        tasks = list(pool.map(compute, firsts))
    lengths, found, values, visible, residual = map(np.concatenate, zip(*tasks, strict=True))
    return ReadProbabilities(
        np.concatenate([[0], np.cumsum(lengths)]), found, values, visible, residual
    )


@kernel
def _follow_all(channels, tails, reads, rates, cutoffs, lengths, found, values, visible, residual):
    """Fill the five last arrays; return how many reads were found, -1 if there are too many."""
    cycles, n_channels = channels.shape[1], tails.shape[1]
    nodes = new_nodes(cycles, n_channels + 1)
    filled = 0
    for d in range(len(channels)):
        start = filled
        tail = tails[d].copy()
        dyes, strides = count_dyes(channels[d], tail)
        numbers = combinations(strides)
        dye_tables = (dyes, strides, numbers, detachment_symbols(numbers))
        filled, visible[d] = follow_reads(
            *(channels[d], reads, rates, cutoffs[d], dye_tables, bleaching(numbers, rates.bleach)),
            *(nodes, found, values, residual[d], filled),
        )
        if filled < 0:
            return -1
        lengths[d] = filled - start
    return filled
