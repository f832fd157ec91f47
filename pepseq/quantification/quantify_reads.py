"""Amounts of proteins from reads in memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.dye_codes import check_cycles, max_cycles
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.io.failures import FailedRecord, no_usable_record, refuse_in_memory
from pepseq.quantification.config import QuantifyConfig
from pepseq.quantification.dye_counts import DyeCounts, DyeLimits, dye_counts_in_memory
from pepseq.quantification.error_rates import Errors, dye_error_rates
from pepseq.quantification.evidence import (
    Evidence,
    dye_evidence,
    labelled_patterns,
)
from pepseq.quantification.in_memory_peptide_reads import count_reads_in_memory
from pepseq.quantification.known_proteins import KnownProteins, known_proteins
from pepseq.quantification.peptide_counts import PeptideCounts
from pepseq.quantification.peptide_evidence import peptide_evidence
from pepseq.quantification.peptide_reads import check_misreads
from pepseq.quantification.quantities import Quantities, estimate_quantities, thread_count
from pepseq.quantification.score_evidence import score_evidence
from pepseq.quantification.score_tables import read_scores
from pepseq.quantification.scored_sequences import read_scored_sequences, reference_sequences
from pepseq.quantification.spike_ins import read_spike_ins
from pepseq.quantification.weighted_evidence import weighted_evidence
from pepseq.readout.confusion import Confusion, ConfusionTable, choose_confusion
from pepseq.readout.readout import Readout
from pepseq.readout.weighted_reads import read_weighted
from pepseq.sequences.sequence_records import Sequences, sequence_records
from pepseq.settings import check_config, require
from pepseq.templates.read_symbols import read_symbols


def quantify_reads(
    reads: Any,
    reference: Sequences,
    readout: str | Readout,
    *,
    score_ids: Any | None = None,
    known: Any | None = None,
    config: QuantifyConfig = QuantifyConfig(),  # noqa: B008 - frozen
    digestion: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
    errors: Errors | None = None,
    confusion: ConfusionTable = None,
) -> Quantities:
    """Return the amounts of a reference's proteins in the sample that reads come from.

    reads: whole peptides, in the forms of `reference`; with `config.dye_sequences` a list of dye
        sequences, a mapping of dye sequences to their counts, or a DataFrame with the column
        sequence, and count if they are counted; with `config.scores` a DataFrame with the columns
        read, id and score. With `config.probabilities` a table as of `read_label_probabilities`,
        with `config.patterns` patterns as of `read_patterns`.
    reference: proteins that may be in the sample: a list of texts, of (id, text) pairs or of
        Biopython SeqRecords, a mapping of ids to texts, or a DataFrame with id and sequence.
    score_ids: the dye sequences that reads were scored with: a mapping of ids to dye sequences, or
        a DataFrame with the columns id, sequence and count, the number of peptides. Without, the
        ids are dye sequences of the reference.
    known: copies of spike-ins, which are in the reference: a mapping of ids to copies, or a
        DataFrame with the columns protein and copies.
    errors: error rates, or the path of whatprot's sequencing parameters.
    confusion: of whole peptides, see `read_confusion`; it replaces the error rates of `config`.

    Raises InputError and SettingsError.

    >>> proteins = {"A": "MAGICKEEC", "B": "CLEYK"}
    >>> config = QuantifyConfig(dye_sequences=True, threads=1)
    >>> reads = {"....1": 300, "001": 300, "1.02": 100}
    >>> labels = Readout.from_labels("DE,C,Y")
    >>> amounts = quantify_reads(reads, proteins, labels, config=config)
    >>> amounts.table["molar_fraction"].round(3).tolist()
    [0.75, 0.25]
    """
    check_config(config, QuantifyConfig)
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    rates = check_quantify(readout, config, errors, confusion)
    spike_ins = None if known is None else read_spike_ins(known)
    records = sequence_records(reference, "reference")
    proteins = known_proteins(records, "reference")
    bad: list[FailedRecord] = []

    def count_dyes(limits: DyeLimits) -> DyeCounts:
        counts = dye_counts_in_memory(reads, limits, bad)
        refuse_in_memory(bad)
        return counts

    def count_peptides(is_given: np.ndarray) -> PeptideCounts:
        return count_reads_in_memory(reads, readout, is_given)

    source = ReadSource(count_dyes, count_peptides, (reads, score_ids))
    evidence = make_evidence(proteins, readout, config, digestion, rates, source)
    copies = None if spike_ins is None else spike_ins.copies(proteins.ids, proteins.repeated)
    return estimate_quantities(proteins, evidence, config, digestion, copies)


def check_quantify(
    readout: Readout, config: QuantifyConfig, errors: Errors | None, confusion: ConfusionTable
) -> SequencingErrors | Confusion | None:
    """Return the error rates; of whole peptides a confusion matrix, or None if `config` has them.

    Raises SettingsError for settings that do not fit, InputError for a faulty file of error rates
    or a faulty matrix.
    """
    if not (config.dye_sequences or config.scores):
        if errors is not None:
            raise SettingsError(
                "errors: give them for dye sequences and scores only; else missed_label, misread"
            )
        check_misreads(readout, config.misread)
        return choose_confusion(confusion, readout, config.missed_label, config.misread)
    require(
        confusion is None,
        "confusion: for reads of whole peptides; for dye sequences and scores give error rates",
    )
    rates = dye_error_rates(readout, errors, config.error_scale)
    if config.cycles is not None:
        check_cycles(rates.channels, config.cycles)
    return rates


@dataclass(frozen=True)
class ReadSource:
    """Where reads come from: functions that count them, or a table of scores and their ids.

    `bad`: reads that are left out are added; None if one is an error.
    """

    count_dyes: Callable[[DyeLimits], DyeCounts]
    count_peptides: Callable[[np.ndarray], PeptideCounts]
    scores: tuple[Any, Any | None]
    bad: list[FailedRecord] | None = None


def make_evidence(
    proteins: KnownProteins,
    readout: Readout,
    config: QuantifyConfig,
    digestion: DigestConfig,
    errors: SequencingErrors | Confusion | None,
    source: ReadSource,
) -> Evidence:
    """Return the evidence of reads of any kind; `errors`: as of `check_quantify`."""
    given = proteins.given_labels(readout, digestion)
    threads = thread_count(config)
    if not isinstance(errors, SequencingErrors):
        symbols = read_symbols(readout, config.missed_label, config.misread, errors)
        if config.probabilities or config.patterns:
            reads = source.scores[0], readout, config.patterns, errors, source.bad
            weighted = read_weighted(*reads)
            if not weighted and source.bad:
                raise no_usable_record(source.bad)
            return weighted_evidence(weighted, symbols, threads)
        given = given if errors is None else errors.reported_labels(given)
        return peptide_evidence(source.count_peptides(given), symbols, threads)
    if config.dye_sequences:
        counts = source.count_dyes(DyeLimits(readout, given, config.cycles))
        return dye_evidence(counts, readout, errors, threads)
    table, ids = source.scores
    rows = read_scores(table)
    if ids is not None:
        sequences = read_scored_sequences(ids, readout)
    else:
        peptides = digest(proteins.residues, proteins.offsets, digestion)
        peptides = replace(peptides, weight=np.ones(len(peptides)))  # as whatprot counts them
        patterns = labelled_patterns(readout, max_cycles(len(readout.labels)))
        known = patterns(proteins.residues, peptides, len(proteins))
        sequences = reference_sequences(rows.names, known, readout)
    return score_evidence(rows, sequences, readout, errors, config.seed)
