"""Distinct reads of whole peptides, counted: from a file, or from memory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from pepseq.io.failures import FailedRecord, no_usable_record
from pepseq.prediction.read_filter import keep_fitting_reads
from pepseq.quantification.usual_reads import UnusualLines, UsualReads
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, new_parser, parse_records
from pepseq.sequences.nucleotides import refuse_nucleotides
from pepseq.sequences.raw_records import read_raw_records
from pepseq.sequences.residues import label_symbol


@dataclass(frozen=True)
class PeptideCounts:
    """Distinct reads of whole peptides as texts of symbols of records, and int64 counts."""

    texts: list[str]
    counts: np.ndarray


def read_peptide_counts(
    path: str | Path, readout: Readout, is_given: np.ndarray, bad: list[FailedRecord]
) -> PeptideCounts:
    """Return the distinct reads of a FASTA file, `-` is standard input; see `count_peptide_reads`.

    Reads in their usual form are counted in blocks, see `usual_reads`. Raises InputError also for a
    file that is damaged or of another format.
    """
    groups = readout.group_symbols
    parser = new_parser(reads=True, rows=False, groups=groups, repeated_ids=True)
    usual = UsualReads(readout, is_given, parser.max_residues)
    raw_records = read_raw_records(
        path, parser.max_residues, skipping=lambda stream: UnusualLines(stream, usual)
    )
    raw_records = refuse_nucleotides(raw_records, path)
    parsed = parse_records(raw_records, path, parser, bad)
    records = chain(parsed, usual.take_one())  # so that the checks of all reads see one of these
    return count_peptide_reads(records, readout, is_given, str(path), bad, groups, usual)


def count_peptide_reads(
    records: Iterable[Record],
    readout: Readout,
    is_given: np.ndarray,
    source: str,
    bad: list[FailedRecord],
    groups: dict[str, str],
    usual: UsualReads | None = None,
) -> PeptideCounts:
    """Return the distinct reads of records; those that cannot be used are added to `bad`.

    These have residues outside the readout, no label, or a label that no peptide of the reference
    has (`is_given`, bool, of each label). `usual`: reads that are counted while the records are
    read, and are added at the end. Raises InputError if no read is left.
    """
    fitting = keep_fitting_reads(records, readout, "all", source, bad, groups)
    usable = _with_known_labels(fitting, readout, is_given, source, bad)
    counts = Counter(record.sequence for record in usable)
    if not counts:
        raise no_usable_record(bad)
    if usual is not None:
        counts.update(usual.counts())
    return PeptideCounts(list(counts), np.fromiter(counts.values(), np.int64, len(counts)))


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
