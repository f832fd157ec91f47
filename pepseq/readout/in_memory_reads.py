"""Reads in memory, of a notebook for example, as the records that files of reads give."""

import os
from collections.abc import Mapping

from pepseq.errors import InputError
from pepseq.sequences.fasta import Record
from pepseq.sequences.sequence_records import Sequences, check_several, sequence_records


def records_of(reads: Sequences, groups: dict[str, str] | None = None) -> list[Record]:
    """Return the records of reads in memory, cleaned and checked as those of a FASTA file.

    `reads` are a list of texts (ids 1, 2, 3 and so on), of (id, text) pairs, of Biopython
    SeqRecords or of pepseq Records, a mapping of ids to texts, or a DataFrame with columns `id`
    and `sequence`. X ? . _ or x stand for hidden residues, [DE] for one of a group. `groups` maps
    the characters that stand for groups in Records to the members of the groups, see
    `Readout.group_symbols`; groups first seen in a read are added. A record's line is its place,
    from 1.

    Raises InputError for an invalid symbol, an id that occurs twice, no reads, and a path.

    >>> [(record.id, record.sequence) for record in records_of(["mxxk", "MXX[DE]"])]
    [('1', 'MXXK'), ('2', 'MXXd')]
    """
    if isinstance(reads, str | os.PathLike):
        raise InputError(
            "reads: expected a list of reads or a DataFrame, found one text; put it in a list "
            "(for a FASTA file: pepseq.predict, pepseq.lookup)"
        )
    check_several(reads, "reads")
    groups = {} if groups is None else groups
    if not (hasattr(reads, "columns") or isinstance(reads, Mapping)):
        reads = [_header_and_text(read, groups) for read in reads]
    records = sequence_records(reads, "reads", reads=True, groups=groups)
    if not records:
        raise InputError("reads: expected at least one read, found none")
    return records


def _header_and_text(read: object, groups: Mapping[str, str]) -> object:
    """Return header and text of a Record, in which groups stand as in a file; others unchanged."""
    if not isinstance(read, Record):
        return read
    return read.header, "".join(
        f"[{groups[symbol]}]" if symbol in groups else symbol for symbol in read.sequence
    )
