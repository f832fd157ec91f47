"""The peptides of a digested reference that dye sequences fit, by the errors of sequencing."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.fluorosequencing.dye_codes import dye_codes, max_cycles
from pepseq.fluorosequencing.error_model import Rates, SequencingErrors
from pepseq.fluorosequencing.read_probabilities import DyeSequences, observed_read_probabilities
from pepseq.identification.config import LookupConfig
from pepseq.identification.decoys import q_values
from pepseq.identification.fits import EQUAL_BITS, Fit, ReadFits
from pepseq.identification.relatives import QValues, estimate_q_values
from pepseq.io.plurals import plural
from pepseq.kernels import kernel
from pepseq.processes.cores import available_cores
from pepseq.quantification.digested_reference import decoy_residues
from pepseq.quantification.evidence import labelled_patterns
from pepseq.quantification.sample import channel_of_code
from pepseq.readout.dye_sequences import UNLABELLED, dye_symbols
from pepseq.readout.readout import Readout
from pepseq.templates.reference import Reference

log = logging.getLogger(__name__)
CUTOFFS = (3e-3, 1e-4, 3e-6, 1e-7)
"""Probabilities of a read, given a peptide, from which fits are sought. Each is for the reads that
have no fit with the one before; a peptide below the last one is no fit."""
MAX_FOLD = 100
"""All fits are found that are at most so many times less probable than the best one."""


class Peptides(NamedTuple):
    """The peptides of the reference or of its decoys, by their dye sequence d.

    They are those from `starts[d]` to `starts[d + 1]`, the most frequent first. `protein`, `begin`,
    `end`: number, and first and last residue, counted from 1; `bits`: log2 of the expected number
    of the peptide for each copy of the protein.
    """

    starts: np.ndarray
    protein: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    bits: np.ndarray

    def best_and_sum(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the largest number of a peptide of each dye sequence, and the sum of all."""
        numbers = np.append(2.0**self.bits, 0.0)
        counts = np.diff(self.starts)
        best = np.where(counts > 0, numbers[np.minimum(self.starts[:-1], len(numbers) - 1)], 0.0)
        sequence = np.repeat(np.arange(len(counts)), counts)
        return best, np.bincount(sequence, numbers[:-1], len(counts))


def digest_with_decoys(
    reference: Reference, readout: Readout, digestion: DigestConfig, cycles: int
) -> tuple[DyeSequences, Peptides, Peptides]:
    """Return the dye sequences of the peptides of a reference and of its decoys, and both.

    A decoy is a protein with the residues of its peptides reversed, see `decoy_residues`. Peptides
    without a label have no dye sequence and are left out.
    """
    own, offsets = np.asarray(reference.residues), np.asarray(reference.offsets)
    residues = np.concatenate([own, *decoy_residues(own, offsets, digestion)])
    both = np.append(offsets, offsets[1:] + offsets[-1])
    peptides = digest(residues, both, digestion)
    each = replace(peptides, protein=np.arange(len(peptides)))
    found = labelled_patterns(readout, cycles)(residues, each, len(peptides))
    labelled = np.flatnonzero(np.diff(found.weights.indptr))
    sequence = found.weights.indices
    order = np.lexsort((labelled, -peptides.weight[labelled], sequence))

    def chosen(is_decoy: bool) -> Peptides:
        rows = order[(peptides.protein[labelled[order]] >= len(reference)) == is_decoy]
        number = labelled[rows]
        protein = peptides.protein[number]
        starts = np.searchsorted(sequence[rows], np.arange(len(found.sequences) + 1))
        return Peptides(
            starts,
            protein - is_decoy * len(reference),
            peptides.begin[number] - both[protein] + 1,
            peptides.end[number] - both[protein],
            np.log2(peptides.weight[number]),
        )

    return found.sequences, chosen(False), chosen(True)


class DyeMatcher:
    """Ranks the peptides of one reference for distinct dye sequences.

    `leads`, `decoy_leads`: as of `ReadFits`, float64 of shape (reads,); `evidence`: what
    `estimate_q_values` takes, (4, reads, 1), without relatives.
    """

    def __init__(
        self,
        codes: np.ndarray,
        reference: Reference,
        readout: Readout,
        digestion: DigestConfig,
        errors: SequencingErrors,
        cycles: int,
        threads: int,
    ):
        """Find the fits of all reads; `codes`: those of `dye_codes`, sorted, each once."""
        self._sequences, self._peptides, decoys = digest_with_decoys(
            reference, readout, digestion, cycles
        )
        powers = (len(readout.labels) + 1) ** np.arange(cycles - 1, -1, -1, dtype=np.int64)
        self._channels = codes[:, None] // powers % (len(readout.labels) + 1) - 1
        rates = errors.rates(cycles)
        read, sequence, value = _find_fits(self._sequences, codes, self._channels, rates, threads)
        chance = _chance(self._channels, channel_of_code(readout)[np.asarray(reference.residues)])
        ratio = value / chance[read]
        best, total = _best_and_total(self._peptides, read, sequence, ratio, len(codes))
        decoy_best, decoy_total = _best_and_total(decoys, read, sequence, ratio, len(codes))
        self._total = np.log2(total)
        self.leads = np.log2(best) - np.log2(decoy_total)
        self.decoy_leads = np.log2(decoy_best) - self._total
        most, _ = self._peptides.best_and_sum()
        threshold = (np.log2(best) - EQUAL_BITS)[read] - np.log2(ratio)
        equal = ratio * _numbers_above(
            self._peptides.starts, self._peptides.bits, sequence, threshold
        )
        of_best = np.bincount(read, equal, len(codes))
        number, of_decoys = (max((2.0**p.bits).sum(), 1.0) for p in (self._peptides, decoys))
        of_best, all_places = of_best / number, (total - 1) / number
        parts = (all_places, (decoy_total - 1) / of_decoys, of_best, of_best)
        self.evidence = np.stack(parts)[:, :, None]
        order = np.lexsort((sequence, -ratio * most[sequence], read))
        order = order[most[sequence[order]] > 0]
        self._starts = np.searchsorted(read[order], np.arange(len(codes) + 1))
        self._fitting, self._bits = sequence[order], np.log2(ratio[order])

    def fits(self, read: int, count: int) -> ReadFits:
        """Return at most `count` fits of a read, best first."""
        peptides, found = self._peptides, list[tuple[float, int]]()
        equal, threshold = 0, -np.inf
        channels = self._channels[read]
        for place in range(self._starts[read], self._starts[read + 1]):
            sequence, bits = self._fitting[place], self._bits[place]
            first, end = peptides.starts[sequence], peptides.starts[sequence + 1]
            top = bits + peptides.bits[first]
            if not found:
                threshold = top - EQUAL_BITS
            if top <= threshold and len(found) >= count and top < sorted(found)[-count][0]:
                break
            if top > threshold:
                equal += int((bits + peptides.bits[first:end] > threshold).sum())
            found += [(bits + peptides.bits[p], -p) for p in range(first, min(end, first + count))]
        labels = int((channels >= 0).sum())
        best = []
        for bits, p in sorted(found, reverse=True)[:count]:
            sequence = np.searchsorted(peptides.starts, -p, side="right") - 1
            same = (channels == self._sequences.channels[sequence]) & (channels >= 0)
            best.append(
                Fit(
                    protein=int(peptides.protein[-p]),
                    begin=int(peptides.begin[-p]),
                    end=int(peptides.end[-p]),
                    score=float(bits),
                    bonus=float(peptides.bits[-p]),
                    coverage=1.0,
                    matched=int(same.sum()),
                    labels=labels,
                )
            )
        return ReadFits(
            best,
            equal,
            len(peptides.protein),
            float(self._total[read]),
            float(self.leads[read]),
            float(self.decoy_leads[read]),
        )


def fit_dye_reads(
    reads: Sequence[str],
    reference: Reference,
    readout: Readout,
    config: LookupConfig,
    digestion: DigestConfig,
    errors: SequencingErrors,
) -> tuple[Iterator[ReadFits], QValues]:
    """Return the fits of dye sequences of peptides, and their q-values.

    `reads`: as `DyeSequence.sequence`. Equal reads are compared with the reference once, and no
    more symbols of a read than a code can hold. A read without a label fits nothing.
    """
    dyes = str.maketrans({symbol: dye for dye, symbol in dye_symbols(readout).items()})
    texts = [read.translate(dyes).rstrip(UNLABELLED) for read in reads]
    longest, limit = max(map(len, texts), default=1), max_cycles(len(readout.labels))
    cycles = config.cycles or min(max(longest, 1), limit)
    if config.cycles is None and longest <= limit:
        log.info("cycles: %d, the symbols of the longest read", cycles)
    if longest > cycles:
        cut = sum(len(text) > cycles for text in texts)
        longer = plural(cut, "read is longer: only its", "reads are longer: only their")
        log.info("%s %s first %d symbols are compared", f"{cut:,}", longer, cycles)
    codes = dye_codes(np.array([text[:cycles] for text in texts], "S"), len(readout.labels), cycles)
    distinct, place = np.unique(codes, return_inverse=True)
    threads = config.threads or available_cores()
    matcher = DyeMatcher(distinct, reference, readout, digestion, errors, cycles, threads)
    by_decoys = q_values(matcher.leads[place], matcher.decoy_leads[place])
    q = estimate_q_values(*matcher.evidence[:, place])._replace(shares=None).at_least(by_decoys)
    return (matcher.fits(n, config.best) for n in place.tolist()), q


def _find_fits(
    sequences: DyeSequences, codes: np.ndarray, channels: np.ndarray, rates: Rates, threads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return reads, dye sequences that they fit, and P(read | dye sequence)."""
    left = np.flatnonzero(codes)
    best = np.zeros(len(left))
    parts = [(left[:0], left[:0], np.zeros(0))]
    for cutoff in CUTOFFS:
        able = np.flatnonzero(_can_give(sequences, channels[left]))
        if not len(able):
            break
        chosen = DyeSequences(sequences.channels[able], sequences.tails[able])
        cutoffs = np.where(best > 0, np.maximum(best / MAX_FOLD, CUTOFFS[-1]), cutoff)
        found = observed_read_probabilities(chosen, codes[left], rates, cutoffs, threads)
        is_done = (best > 0) | (cutoff == CUTOFFS[-1])
        np.maximum.at(best, found.reads, found.values)
        is_done |= best >= cutoff * MAX_FOLD
        kept = is_done[found.reads]
        sequence = np.repeat(able, np.diff(found.starts))
        parts.append((left[found.reads[kept]], sequence[kept], found.values[kept].astype(float)))
        left, best = left[~is_done], best[~is_done]
    read, sequence, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return read, sequence, value


def _can_give(sequences: DyeSequences, channels: np.ndarray) -> np.ndarray:
    """Return whether a dye sequence has enough dyes of each channel for any of the reads.

    `channels`: int64 (reads, cycles). Each label of a read is a dye that is lost.
    """
    numbers = range(sequences.tails.shape[1])
    labels = np.stack([(channels == c).sum(1) for c in numbers], axis=1)
    dyes = np.stack([(sequences.channels == c).sum(1) for c in numbers], axis=1) + sequences.tails
    result = np.zeros(len(sequences), bool)
    for of_read in np.unique(labels, axis=0):
        result |= (dyes >= of_read).all(1)
    return result


def _best_and_total(
    peptides: Peptides, read: np.ndarray, sequence: np.ndarray, ratio: np.ndarray, reads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest ratio of each read over peptides and chance, which has 1, and the sum."""
    best_number, sum_of_numbers = peptides.best_and_sum()
    best = np.ones(reads)
    np.maximum.at(best, read, ratio * best_number[sequence])
    return best, 1 + np.bincount(read, ratio * sum_of_numbers[sequence], reads)


@kernel
def _numbers_above(
    starts: np.ndarray, bits: np.ndarray, sequences: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Return how many peptides of each dye sequence have more bits than the threshold, float64.

    They are added up as `Peptides.best_and_sum` does, by their numbers.
    """
    result = np.zeros(len(sequences))
    for n in range(len(sequences)):
        for p in range(starts[sequences[n]], starts[sequences[n] + 1]):
            if bits[p] <= thresholds[n]:  # the most frequent are first
                break
            result[n] += 2.0 ** bits[p]
    return result


def _chance(channels: np.ndarray, in_reference: np.ndarray) -> np.ndarray:
    """Return the probability of each read by chance.

    Its last label is in any cycle, and its symbols are as frequent as among the residues of the
    reference. `channels`: int64 (reads, cycles); `in_reference`: of each residue, -1 for none.
    """
    counts = np.bincount(in_reference + 1, minlength=channels.max(initial=0) + 2)
    frequencies = counts / max(counts.sum(), 1)
    cycles = channels.shape[1]
    is_over = np.cumsum((channels >= 0)[:, ::-1], axis=1)[:, ::-1] == 0
    each = np.where(is_over, 1.0, frequencies[channels + 1])
    return np.maximum(each.prod(1) / max(cycles * frequencies[1:].sum(), 1e-300), 1e-300)
