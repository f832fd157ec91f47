"""Reads of whole peptides as evidence."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pepseq.digestion.digest import Peptides
from pepseq.fluorosequencing.read_probabilities import ReadProbabilities
from pepseq.io.failures import FailedRecord, no_usable_record
from pepseq.prediction.read_filter import keep_fitting_reads
from pepseq.quantification.depth import Follow
from pepseq.quantification.digested_reference import DigestedReference
from pepseq.quantification.evidence import Evidence
from pepseq.quantification.observations import observe_peptide_reads
from pepseq.quantification.patterns import ProteinPatterns
from pepseq.quantification.peptide_read_probabilities import peptide_read_probabilities
from pepseq.quantification.symbol_sequences import SymbolSequences, distinct_sequences
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import label_symbol
from pepseq.templates.read_symbols import ReadSymbols


@dataclass(frozen=True)
class PeptideCounts:
    """Distinct reads of whole peptides as texts of symbols of records, and int64 counts."""

    texts: list[str]
    counts: np.ndarray


def count_peptide_reads(
    records: Iterable[Record],
    readout: Readout,
    is_given: np.ndarray,
    source: str,
    bad: list[FailedRecord],
    groups: dict[str, str],
) -> PeptideCounts:
    """Return the distinct reads of records; those that cannot be used are added to `bad`.

    These have residues outside the readout, no label, or a label that no peptide of the reference
    has (`is_given`, bool, of each label). Raises InputError if no read is left.
    """
    fitting = keep_fitting_reads(records, readout, "all", source, bad, groups)
    usable = _with_known_labels(fitting, readout, is_given, source, bad)
    counts = Counter(record.sequence for record in usable)
    if not counts:
        raise no_usable_record(bad)
    texts = sorted(counts)
    return PeptideCounts(texts, np.array([counts[text] for text in texts], np.int64))


def _with_known_labels(
    records: Iterable[Record],
    readout: Readout,
    is_given: np.ndarray,
    source: str,
    bad: list[FailedRecord],
) -> Iterator[Record]:
    absent = [label for label, given in zip(readout.labels, is_given, strict=True) if not given]
    for record in records:
        label = next((label for label in absent if label_symbol(label) in record.sequence), None)
        if label is not None:
            reason = f"no peptide of the reference has the label {label}"
        elif record.sequence.count(HIDDEN) == len(record.sequence):
            reason = "expected a read with a label, found none"
        else:
            yield record
            continue
        bad.append(FailedRecord(source, record.line, record.id, reason))


def peptide_evidence(reads: PeptideCounts, symbols: ReadSymbols, threads: int) -> Evidence:
    """Return the evidence of reads of whole peptides; `symbols` has their errors."""
    joined = symbols.encode("".join(reads.texts))
    ends = np.cumsum([0, *map(len, reads.texts)])
    known, number = distinct_sequences(SymbolSequences(joined, ends[:-1], ends[1:]))
    counts = np.bincount(number, reads.counts, len(known)).astype(np.int64)

    def patterns(
        residues: np.ndarray, peptides: Peptides, proteins: int
    ) -> ProteinPatterns[SymbolSequences]:
        shown = symbols.symbol_of_code[residues]
        labels = np.concatenate([[0], np.cumsum(shown != symbols.hidden)])
        chosen = np.flatnonzero(labels[peptides.end] > labels[peptides.begin])
        found = SymbolSequences(shown, peptides.begin[chosen], peptides.end[chosen])
        distinct, pattern = distinct_sequences(found)
        places = (peptides.protein[chosen], pattern)
        weights = csr_array((peptides.weight[chosen], places), (proteins, len(distinct)))
        weights.sum_duplicates()
        return ProteinPatterns(distinct, weights)

    def fit(reference: DigestedReference) -> tuple[DigestedReference, Follow]:
        peptides: SymbolSequences = reference.patterns.sequences

        def follow(chosen: np.ndarray, cutoffs: np.ndarray) -> ReadProbabilities:
            return peptide_read_probabilities(peptides[chosen], known, symbols, cutoffs, threads)

        return reference, follow

    return Evidence(observe_peptide_reads(known, counts, symbols.hidden), patterns, fit)
