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

import numpy as np

from pepseq.fluorosequencing.error_model import Rates
from pepseq.fluorosequencing.molecule_states import (
    count_dyes,
    dye_tables,
    fill_no_label,
)
from pepseq.fluorosequencing.observed_reads import ReadGroups, group_reads, ungrouped
from pepseq.fluorosequencing.read_nodes import new_nodes
from pepseq.fluorosequencing.read_tree import follow_reads
from pepseq.kernels import kernel

DYE_SEQUENCES_PER_TASK = 64
_CAPACITY = 1 << 14


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
    groups = ungrouped(reads, dye_sequences.tails.shape[1])
    return _probabilities(dye_sequences, groups, rates, cutoffs, threads)


def observed_read_probabilities(
    dye_sequences: DyeSequences,
    reads: np.ndarray,
    rates: Rates,
    cutoffs: np.ndarray,
    threads: int,
) -> ReadProbabilities:
    """Return P(read | dye sequence) where it reaches the cutoff of the read.

    As `read_probabilities`, which takes longer for few reads and low cutoffs, but `cutoffs` is
    float64 (reads,), and `visible` and `residual` have no meaning. No code is 0.
    """
    cycles, channels = dye_sequences.channels.shape[1], dye_sequences.tails.shape[1]
    groups = group_reads(reads, cutoffs, cycles, channels)
    lowest = np.full(len(dye_sequences), cutoffs.min(initial=1.0))
    return _probabilities(dye_sequences, groups, rates, lowest, threads)


def _probabilities(
    dye_sequences: DyeSequences,
    reads: ReadGroups,
    rates: Rates,
    cutoffs: np.ndarray,
    threads: int,
) -> ReadProbabilities:
    """Return P(read | dye sequence) of all dye sequences."""
    channels, tails = dye_sequences.channels, dye_sequences.tails
    cycles, n_channels = channels.shape[1], tails.shape[1]

    def fill(part: np.ndarray, start: tuple[int, int], *results: np.ndarray) -> tuple[int, int]:
        return _follow_all(
            *(channels[part], tails[part], reads, rates, cutoffs[part], start),
            *results,
        )

    # tables are shared by neighbours with the same dyes; those with many dyes take longest
    numbers = [(channels == c).sum(1) + tails[:, c] for c in range(n_channels)]
    order = np.lexsort([*numbers, sum(numbers)])[::-1] if n_channels else np.arange(len(channels))
    return fill_in_tasks(order, DYE_SEQUENCES_PER_TASK, cycles * n_channels, fill, threads)


def fill_in_tasks(
    order: np.ndarray,
    per_task: int,
    columns: int,
    fill: Callable[..., tuple[int, int]],
    threads: int,
) -> ReadProbabilities:
    """Return the probabilities of the reads of sequences, filled by tasks in threads.

    `order`: int64, the numbers of the sequences in the order of the tasks. `fill(part, (done,
    filled), lengths, found, values, visible, residual)` goes on with sequence `part[done]`, of
    those before it `filled` reads are written, and returns both numbers again when all are done or
    the next one does not fit into `found`. `columns`: of `residual`.
    """
    lengths, visible = np.zeros(len(order), np.int64), np.zeros(len(order))
    residual = np.zeros((len(order), columns), np.float32)

    def compute(first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part = order[first : first + per_task]
        rows = lengths[part], visible[part], residual[part]
        found, values = np.empty(_CAPACITY, np.int32), np.empty(_CAPACITY, np.float32)
        done, filled = 0, 0
        while True:
            done, filled = fill(part, (done, filled), rows[0], found, values, *rows[1:])
            if done == len(part):
                break
            found, values = np.concatenate([found, found]), np.concatenate([values, values])
        lengths[part], visible[part], residual[part] = rows
        return part, found[:filled].copy(), values[:filled].copy()

    with ThreadPoolExecutor(threads) as pool:
        tasks = list(pool.map(compute, range(0, len(order), per_task)))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    all_found, all_values = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    while tasks:
        _place(*tasks.pop(), starts, all_found, all_values)
    return ReadProbabilities(starts, all_found, all_values, visible, residual)


@kernel
def _place(part, found, values, starts, all_found, all_values):
    """Write the reads of the sequences `part` at their places among all."""
    k = 0
    for d in part:
        for place in range(starts[d], starts[d + 1]):
            all_found[place], all_values[place] = found[k], values[k]
            k += 1


@kernel
def _follow_all(
    channels,
    tails,
    reads,
    rates,
    cutoffs,
    start,
    lengths,
    found,
    values,
    visible,
    residual,
):
    """Fill the five last arrays from `start` on; see `fill_in_tasks`."""
    cycles, symbols = channels.shape[1], tails.shape[1] + 1
    dyes = count_dyes(channels[0], tails[0])
    counts, tables, nodes, no_label = _prepare(dyes[0], rates, cycles, symbols)
    first, filled = start
    for d in range(first, len(channels)):
        residual[d] = 0
        dyes = count_dyes(channels[d], tails[d])
        if not np.array_equal(dyes[0], counts):
            counts, tables, nodes, no_label = _prepare(dyes[0], rates, cycles, symbols)
        fill_no_label(channels[d], dyes, tables, rates, no_label)
        end, visible[d] = follow_reads(
            *(channels[d], dyes, tables, no_label, reads, rates, cutoffs[d]),
            *(nodes, found, values, residual[d], filled),
        )
        if end < 0:
            return d, filled
        lengths[d] = end - filled
        filled = end
    return len(channels), filled


@kernel
def _prepare(counts, rates, cycles, symbols):
    """Return what dye sequences with the same number of dyes of each channel share."""
    tables = dye_tables(counts, rates.bleach)
    size = len(tables.numbers)
    no_label = np.ones((cycles + 1, size, cycles + 2))
    return counts, tables, new_nodes(cycles, symbols, size), no_label
