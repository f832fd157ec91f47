"""Simulated molecules: labelled peptides, sequenced cycle by cycle and called as dye sequences.

The model is whatprot's (Smith et al. 2023, PLoS Comput Biol 19(5): e1011157). A peptide has a dye
on each labelled residue. Before the first cycle each dye is a dud with a probability, and the end
of the peptide may be blocked. In each cycle, in this order: the end may become blocked, for ever;
the molecule may detach, with all its dyes; unless its end is blocked, Edman removes the first
residue that is left, with its dye, or fails; each dye that is left may bleach.

The instrument sees how many working dyes of each channel vanish in a cycle. A cycle is called as
the channel that loses most dyes, the lowest one if equal. It is called as unlabelled if none
vanishes, and if all that are left, two or more, vanish at once, as they do in a detachment.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pepseq.errors import SettingsError
from pepseq.fluorosequencing.dye_codes import check_cycles
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.sampling import (
    MOLECULES_PER_CHUNK,
    chunk_state,
    random,
    sample_reads,
)
from pepseq.kernels import kernel

NO_LABEL = -1


@dataclass(frozen=True)
class LabelledPeptides:
    """Peptides as their dyes; peptide p has those from `offsets[p]` to `offsets[p + 1]` (int64).

    positions: residue of the peptide that each dye is on, from 0, int64, ascending.
    channels: channel of each dye, int64.
    """

    positions: np.ndarray
    channels: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1


def label_peptides(
    residues: np.ndarray, begin: np.ndarray, end: np.ndarray, channel_of_code: np.ndarray
) -> LabelledPeptides:
    """Return the dyes of peptides, `residues[begin[p]:end[p]]` each.

    `channel_of_code`: int64 of shape (21,), the channel of each residue code, -1 for none.
    """
    channels = channel_of_code[residues]
    places = np.flatnonzero(channels != NO_LABEL)
    first, last = np.searchsorted(places, begin), np.searchsorted(places, end)
    counts = last - first
    offsets = np.concatenate([[0], np.cumsum(counts)])
    dyes = places[np.arange(offsets[-1]) - np.repeat(offsets[:-1] - first, counts)]
    return LabelledPeptides(dyes - np.repeat(begin, counts), channels[dyes], offsets)


def simulate_molecules(
    peptides: LabelledPeptides,
    errors: SequencingErrors,
    cycles: int,
    molecules: np.ndarray,
    seed: int = 1,
) -> np.ndarray:
    """Return the called dye sequence of each molecule as a code, int64; 0 if it gives no read.

    `molecules`: int64, number of the peptide of each molecule. See `dye_codes` for the codes. The
    same seed gives the same result. Raises SettingsError for too many cycles or channels.
    """
    check_cycles(errors.channels, cycles)
    rates = errors.rates(cycles)
    codes = np.empty(len(molecules), np.int64)
    chosen = np.asarray(molecules, np.int64)
    for chunk, first in enumerate(range(0, len(codes), MOLECULES_PER_CHUNK)):
        part = slice(first, first + MOLECULES_PER_CHUNK)
        _simulate(peptides, rates, cycles, chunk_state(seed, chunk), chosen[part], codes[part])
    return codes


def visible_reads(
    peptides: LabelledPeptides,
    weights: np.ndarray,
    errors: SequencingErrors,
    cycles: int,
    reads: int,
    seed: int = 1,
    threads: int | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (codes, peptides) of the first `reads` molecules that give a read, in blocks; int64.

    Molecules are drawn with replacement with probabilities proportional to `weights` (float64,
    (peptides,)). The same seed gives the same reads, whatever the number of threads. Raises
    SettingsError if fewer than one molecule of a million gives a read.
    """
    check_cycles(errors.channels, cycles)
    rates = errors.rates(cycles)
    can_be_seen = np.flatnonzero((np.diff(peptides.offsets) > 0) & (weights > 0))
    if not len(can_be_seen):
        raise SettingsError("no peptide has a label: no molecule gives a read")

    def simulate(state: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        codes = np.empty(len(chosen), np.int64)
        _simulate(peptides, rates, cycles, state, can_be_seen[chosen], codes)
        return codes

    for codes, chosen in sample_reads(simulate, weights[can_be_seen], reads, seed, threads):
        yield codes, can_be_seen[chosen]


def _simulate(peptides, rates, cycles, state, chosen, codes):
    _simulate_chosen(
        peptides.positions, peptides.channels, peptides.offsets, rates, cycles, state, chosen, codes
    )


@kernel
def _simulate_chosen(positions, channels, offsets, rates, cycles, state, chosen, codes):
    """Fill `codes` with the called dye sequence of a molecule of each chosen peptide."""
    edman_failure, detach, initial_block, cyclic_block, bleach, dud = rates
    most_dyes = 0
    for p in chosen:
        most_dyes = max(most_dyes, offsets[p + 1] - offsets[p])
    # the dyes that work, in the order of their residues; those before `first` are removed
    position, channel = np.empty((2, most_dyes), np.int64)
    lost = np.zeros(len(dud), np.int64)
    for m in range(len(chosen)):
        first, working = 0, 0
        for d in range(offsets[chosen[m]], offsets[chosen[m] + 1]):
            if dud[channels[d]] == 0 or random(state) >= dud[channels[d]]:
                position[working], channel[working] = positions[d], channels[d]
                working += 1
        blocked = random(state) < initial_block
        removed, code = 0, 0
        for t in range(cycles):
            symbol = 0
            if working > first:
                if not blocked and cyclic_block > 0:
                    blocked = random(state) < cyclic_block
                if random(state) < detach[t]:
                    symbol = channel[first] + 1 if working == first + 1 else 0
                    first = working
                else:
                    lost[:] = 0
                    n_lost = 0
                    if not blocked and random(state) >= edman_failure:
                        if position[first] == removed:
                            lost[channel[first]] += 1
                            n_lost = 1
                            first += 1
                        removed += 1
                    left = first
                    for d in range(first, working):
                        c = channel[d]
                        if bleach[c] > 0 and random(state) < bleach[c]:
                            lost[c] += 1
                            n_lost += 1
                        else:
                            position[left], channel[left] = position[d], c
                            left += 1
                    working = left
                    if n_lost > 0 and not (working == first and n_lost > 1):
                        symbol = int(np.argmax(lost)) + 1
            code = code * (len(dud) + 1) + symbol
        codes[m] = code
