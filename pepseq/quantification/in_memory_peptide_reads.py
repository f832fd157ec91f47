"""Distinct reads of whole peptides in memory, counted."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord, refuse_in_memory
from pepseq.quantification.peptide_counts import PeptideCounts, count_peptide_reads
from pepseq.readout.in_memory_reads import records_of
from pepseq.readout.readout import Readout
from pepseq.sequences.sequence_records import Sequences

_LONGEST_USUAL_HEADER = 1000


def count_reads_in_memory(
    reads: Sequences, readout: Readout, is_given: np.ndarray
) -> PeptideCounts:
    """Return the distinct reads of those in memory; see `count_peptide_reads` and `records_of`.

    Of equal texts one is checked. If this finds a fault, all reads are checked one by one, since a
    message names the first faulty one. Raises InputError.

    >>> counts = count_reads_in_memory(["XXK", "XXK", "xxk", "XC"], Readout("KC"), np.ones(2, bool))
    >>> counts.texts, counts.counts.tolist()
    (['XXK', 'XC'], [3, 1])
    """
    texts = _texts_of_usual(reads)
    if texts is not None:
        times = Counter(texts)
        try:
            return _count(list(times), np.fromiter(times.values(), np.int64), readout, is_given)
        except InputError:
            pass
    return _count(reads, None, readout, is_given)


def _count(
    reads: Sequences, times: np.ndarray | None, readout: Readout, is_given: np.ndarray
) -> PeptideCounts:
    """Return the distinct reads; `times`, int64 of shape (reads,): how often each was read."""
    bad: list[FailedRecord] = []
    groups = readout.group_symbols
    records = records_of(reads, groups)
    counts = count_peptide_reads(records, readout, is_given, "reads", bad, groups)
    refuse_in_memory(bad)
    if times is None:
        return counts
    number = {text: n for n, text in enumerate(counts.texts)}
    numbers = [number[record.sequence] for record in records]
    summed = np.zeros(len(number), np.int64)
    np.add.at(summed, numbers, times)
    return PeptideCounts(counts.texts, summed)


def _texts_of_usual(reads: Any) -> list[str] | None:
    """Return the texts of reads whose ids need no message, None if they may."""
    if hasattr(reads, "columns"):
        if not all(list(reads.columns).count(name) == 1 for name in ("id", "sequence")):
            return None
        headers, texts = reads["id"].tolist(), reads["sequence"].tolist()
    elif isinstance(reads, Mapping):
        headers, texts = list(reads), list(reads.values())
    elif not isinstance(reads, list | tuple):
        return None
    elif set(map(type, reads)) == {tuple} and set(map(len, reads)) == {2}:
        headers, texts = [header for header, _ in reads], [text for _, text in reads]
    else:
        headers, texts = [], list(reads)
    return texts if set(map(type, texts)) == {str} and _are_usual(headers) else None


def _are_usual(headers: list[object]) -> bool:
    """Return whether each header is a short printable text, or a number, with an id of its own."""
    if not set(map(type, headers)) <= {str, int}:
        return False
    texts = list(map(str, headers))
    ids = {text.partition(" ")[0] for text in texts}
    return (
        len(ids) == len(texts)
        and "" not in ids
        and all(map(str.isprintable, texts))
        and max(map(len, texts), default=0) <= _LONGEST_USUAL_HEADER
    )
