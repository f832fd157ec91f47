"""What reads say of patterns: the parts of inference that differ between kinds of reads."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pepseq.digestion.digest import Peptides
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import label_peptides
from pepseq.fluorosequencing.read_probabilities import (
    DyeSequences,
    ReadProbabilities,
    read_probabilities,
)
from pepseq.quantification.depth import Follow
from pepseq.quantification.digested_reference import DigestedReference, Patterns
from pepseq.quantification.dye_counts import DyeCounts
from pepseq.quantification.estimation import Observations
from pepseq.quantification.observations import observe_dye_reads
from pepseq.quantification.patterns import ProteinPatterns, dye_patterns
from pepseq.quantification.sample import channel_of_code
from pepseq.readout.readout import Readout


@dataclass(frozen=True)
class Evidence:
    """Reads of one kind.

    observed: the distinct reads.
    patterns: see `Patterns`.
    fit: return the reference as inference takes it, and probabilities of the reads of its patterns.
    """

    observed: Observations
    patterns: Patterns
    fit: Callable[[DigestedReference], tuple[DigestedReference, Follow]]


def dye_evidence(
    reads: DyeCounts, readout: Readout, errors: SequencingErrors, threads: int
) -> Evidence:
    """Return the evidence of called dye sequences."""
    cycles = reads.cycles
    rates = errors.rates(cycles)

    def fit(reference: DigestedReference) -> tuple[DigestedReference, Follow]:
        known = reference.patterns.sequences

        def follow(patterns: np.ndarray, cutoffs: np.ndarray) -> ReadProbabilities:
            chosen = DyeSequences(known.channels[patterns], known.tails[patterns])
            return read_probabilities(chosen, reads.codes, rates, cutoffs, threads)

        return reference, follow

    observed = observe_dye_reads(reads.codes, reads.counts, len(readout.labels), cycles)
    return Evidence(observed, labelled_patterns(readout, cycles), fit)


def labelled_patterns(readout: Readout, cycles: int) -> Patterns:
    """Return the function that makes dye sequences, as so many cycles see them, of peptides."""
    channels = channel_of_code(readout)

    def patterns(
        residues: np.ndarray, peptides: Peptides, proteins: int
    ) -> ProteinPatterns[DyeSequences]:
        labelled = label_peptides(residues, peptides.begin, peptides.end, channels)
        return dye_patterns(
            *(labelled, peptides.protein, peptides.weight, proteins, len(readout.labels), cycles)
        )

    return patterns
