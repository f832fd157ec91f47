"""How probable each observed read is, given the dye sequence of the peptide that it comes from.

A molecule is a hidden Markov chain: its state is whether it is blocked, how many residues Edman has
removed, and how many dyes of each channel still work. Dyes of one channel are exchangeable, so it
need not be known which of them do (whatprot: Smith et al. 2023, PLoS Comput Biol 19(5): e1011157).
A read is what is called of a molecule, one symbol for each cycle, see `molecules`. All possible
reads are followed at once, symbol by symbol, as a tree; a branch ends where its probability
falls below a cutoff. Whether a read lies below the cutoff must not depend on whether it was
observed: an estimate of amounts would be biased.
"""

from collections.abc import Callable
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
_CAPACITY = 1 << 14


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
    the read's first label: column t * C + c for one of channel c in cycle t. Probabilities of reads
    of whole peptides have other columns, see `peptide_read_probabilities`.
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
    cycles, classes = dye_sequences.channels.shape[1], dye_sequences.tails.shape[1]

    def fill(part: slice, start: tuple[int, int], *results: np.ndarray) -> tuple[int, int]:
        sequences = dye_sequences.channels[part], dye_sequences.tails[part]
        return _follow_all(*sequences, reads, rates, cutoffs[part], start, *results)

    count = len(dye_sequences)
    return fill_in_tasks(count, DYE_SEQUENCES_PER_TASK, cycles * classes, fill, threads)


def fill_in_tasks(
    count: int,
    per_task: int,
    columns: int,
    fill: Callable[..., tuple[int, int]],
    threads: int,
) -> ReadProbabilities:
    """Return the probabilities of the reads of `count` sequences, filled by tasks in threads.

    `fill(part, (done, filled), lengths, found, values, visible, residual)` goes on with sequence
    `done` of the slice `part`, of which `filled` reads are written, and returns both numbers again
    when all are done or the next one does not fit into `found`. `columns`: of `residual`.
    """

    def compute(first: int) -> list[np.ndarray]:
        part = slice(first, min(first + per_task, count))
        size = part.stop - first
        lengths, visible = np.zeros(size, np.int64), np.zeros(size)
        residual = np.zeros((size, columns), np.float32)
        found, values = np.empty(_CAPACITY, np.int32), np.empty(_CAPACITY, np.float32)
        done, filled = 0, 0
        while True:
            done, filled = fill(part, (done, filled), lengths, found, values, visible, residual)
            if done == size:
                return [lengths, found[:filled].copy(), values[:filled].copy(), visible, residual]
            found, values = np.concatenate([found, found]), np.concatenate([values, values])

    if not count:
        none = np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0)
        return ReadProbabilities(np.zeros(1, np.int64), *none, np.zeros((0, columns), np.float32))
    with ThreadPoolExecutor(threads) as pool:
        tasks = list(pool.map(compute, range(0, count, per_task)))
    lengths, found, values, visible, residual = map(np.concatenate, zip(*tasks, strict=True))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return ReadProbabilities(starts, found, values, visible, residual)


@kernel
def _follow_all(
    channels, tails, reads, rates, cutoffs, start, lengths, found, values, visible, residual
):
    """Fill the five last arrays from `start` on; see `fill_in_tasks`."""
    cycles, n_channels = channels.shape[1], tails.shape[1]
    nodes = new_nodes(cycles, n_channels + 1)
    first, filled = start
    for d in range(first, len(channels)):
        residual[d] = 0
        tail = tails[d].copy()
        dyes, strides = count_dyes(channels[d], tail)
        numbers = combinations(strides)
        dye_tables = (dyes, strides, numbers, detachment_symbols(numbers))
        end, visible[d] = follow_reads(
            *(channels[d], reads, rates, cutoffs[d], dye_tables, bleaching(numbers, rates.bleach)),
            *(nodes, found, values, residual[d], filled),
        )
        if end < 0:
            return d, filled
        lengths[d] = end - filled
        filled = end
    return len(channels), filled
