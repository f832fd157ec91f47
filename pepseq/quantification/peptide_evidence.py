"""Reads of whole peptides as evidence."""

import numpy as np
from scipy.sparse import csr_array

from pepseq.digestion.digest import Peptides
from pepseq.fluorosequencing.read_probabilities import ReadProbabilities
from pepseq.quantification.depth import Follow
from pepseq.quantification.digested_reference import DigestedReference, Patterns
from pepseq.quantification.evidence import Evidence
from pepseq.quantification.observations import observe_peptide_reads
from pepseq.quantification.patterns import ProteinPatterns
from pepseq.quantification.peptide_counts import PeptideCounts
from pepseq.quantification.peptide_read_probabilities import peptide_read_probabilities
from pepseq.quantification.symbol_sequences import SymbolSequences, distinct_sequences
from pepseq.templates.read_symbols import ReadSymbols


def peptide_patterns(symbols: ReadSymbols) -> Patterns:
    """Return the function that makes the symbols, without errors, of peptides that may be seen."""
    may_show = symbols.confusion[:, symbols.hidden] < 1  # symbols that may be read as a label

    def patterns(
        residues: np.ndarray, peptides: Peptides, proteins: int
    ) -> ProteinPatterns[SymbolSequences]:
        shown = symbols.symbol_of_code[residues]
        labels = np.concatenate([[0], np.cumsum(may_show[shown])])
        chosen = np.flatnonzero(labels[peptides.end] > labels[peptides.begin])
        found = SymbolSequences(shown, peptides.begin[chosen], peptides.end[chosen])
        distinct, pattern = distinct_sequences(found)
        places = (peptides.protein[chosen], pattern)
        weights = csr_array((peptides.weight[chosen], places), (proteins, len(distinct)))
        weights.sum_duplicates()
        return ProteinPatterns(distinct, weights)

    return patterns


def peptide_evidence(reads: PeptideCounts, symbols: ReadSymbols, threads: int) -> Evidence:
    """Return the evidence of reads of whole peptides; `symbols` has their errors."""
    joined = symbols.encode("".join(reads.texts))
    ends = np.cumsum([0, *map(len, reads.texts)])
    known, number = distinct_sequences(SymbolSequences(joined, ends[:-1], ends[1:]))
    counts = np.bincount(number, reads.counts, len(known)).astype(np.int64)

    def fit(reference: DigestedReference) -> tuple[DigestedReference, Follow]:
        peptides: SymbolSequences = reference.patterns.sequences

        def follow(chosen: np.ndarray, cutoffs: np.ndarray) -> ReadProbabilities:
            return peptide_read_probabilities(peptides[chosen], known, symbols, cutoffs, threads)

        return reference, follow

    return Evidence(
        observe_peptide_reads(known, counts, symbols.hidden), peptide_patterns(symbols), fit
    )
