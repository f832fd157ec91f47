"""The alignment of one family: from aligned FASTA, A2M, A3M or Stockholm, or from memory."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.failures import FailedRecord, no_usable_record
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS, GAPS, UNKNOWN
from pepseq.sequences.sequence_records import Sequences, sequence_records

GAP_CODE, UNKNOWN_CODE = 20, 21
SYMBOLS = AMINO_ACIDS + "-X"
"""The symbol of each code."""

INSERTIONS_LEFT_OUT = "insertions left out"
WHOLE_ROWS = "whole rows"
ALIGNED_WITH_FAMSA = "aligned with FAMSA"
_LOWER = (AMINO_ACIDS + UNKNOWN).lower().encode()
_CODES = np.full(256, UNKNOWN_CODE, np.uint8)
_CODES[np.frombuffer(AMINO_ACIDS.encode(), np.uint8)] = np.arange(len(AMINO_ACIDS))
_CODES[np.frombuffer(GAPS.encode(), np.uint8)] = GAP_CODE
_MAX_ROWS_IN_MESSAGE = 3
"""Rows of another length that are named if an alignment is refused."""


@dataclass(frozen=True)
class Alignment:
    """One family in the order of its source, which is a path or a name for messages.

    `codes` is uint8 (depth, length), as in `Families`; `reading` says how lower case was read, or
    that the family was aligned by pepseq.
    """

    source: str
    ids: tuple[str, ...]
    headers: tuple[str, ...]
    codes: np.ndarray
    reading: str


def read_alignment(
    path: str | Path,
    bad: list[FailedRecord],
    *,
    align: bool = False,
    threads: int | None = None,
    number: int = 1,
) -> Alignment:
    """Read one family; `-` is stdin. Bad records are put in `bad`.

    If the file holds several alignments, divided by NUL bytes, the one with this `number` is read.

    In a file named `.a2m` or `.a3m` lower case is an insertion, and left out together with `.`.
    In any other file lower case is an insertion if rows then have one length and either they have
    not as they stand (A3M) or each column holds only insertions or none (A2M); else it means the
    same as upper case, and `.` a gap. With `align`, a family that is not aligned is aligned with
    FAMSA (Deorowicz et al. 2016, Sci Rep 6: 33964); the result does not depend on the order of its
    rows.

    Raises InputError for rows of several lengths, for rows of gaps only, and as `read_fasta` does;
    SettingsError if pyfamsa is needed and missing.
    """
    earlier = len(bad)
    records = list(read_fasta(path, rows=True, bad=bad, alignment=number))
    if not records:
        raise no_usable_record(bad[earlier:])
    is_a3m = without_suffix(path).endswith((".a2m", ".a3m"))
    return _alignment_of(records, str(path), is_a3m, align, threads)


def alignment_in_memory(
    rows: Sequences, source: str, *, align: bool = False, threads: int | None = None
) -> Alignment:
    """Return an alignment from rows in memory; `source` is for messages.

    `rows` is a Bio.Align.Alignment, or what `sequence_records` takes. The first word of a header is
    the id. Lower case is read as in a FASTA file. Raises the errors of `read_alignment`.

    >>> alignment_in_memory({"P1 [Escherichia coli]": "MK-V", "P2 [x]": "MKAV"}, "family_a").ids
    ('P1', 'P2')
    """
    unaligned = getattr(rows, "sequences", None)
    if unaligned is not None:  # of a Bio.Align.Alignment, whose rows are texts without ids
        headers = (
            f"{record.id} {record.description}" if hasattr(record, "id") else str(number)
            for number, record in enumerate(unaligned, 1)
        )
        rows = list(zip(headers, rows, strict=True))
    records = sequence_records(rows, source, rows=True)
    if not records:
        raise InputError(f"{source}: the alignment has no rows")
    return _alignment_of(records, source, False, align, threads)


def _alignment_of(
    records: list[Record], source: str, is_a3m: bool, align: bool, threads: int | None
) -> Alignment:
    rows = [record.sequence.encode("ascii") for record in records]
    if is_a3m or _has_insertions(rows):
        columns, reading = _match_columns(rows), INSERTIONS_LEFT_OUT
    else:
        columns, reading = _upper(rows), WHOLE_ROWS
    if any(columns) and not any(row.strip(GAPS.encode()) for row in columns):
        raise InputError(f"{source}: the rows hold gaps only, no residues")
    if len(set(map(len, columns))) > 1:
        if not align:
            raise InputError(_unequal_rows(source, records, columns))
        columns, reading = _align(_upper(rows), threads), ALIGNED_WITH_FAMSA
    if not columns[0]:
        raise InputError(f"{source}: the rows hold insertions (lower case) only, no columns")
    codes = _CODES[np.frombuffer(b"".join(columns), np.uint8).reshape(len(columns), -1)]
    ids, headers = zip(*((record.id, record.header) for record in records), strict=True)
    return Alignment(source, ids, headers, codes, reading)


def _upper(rows: list[bytes]) -> list[bytes]:
    return [row.upper() for row in rows]


def _match_columns(rows: list[bytes]) -> list[bytes]:
    return [row.translate(None, _LOWER + b".") for row in rows]


def _has_insertions(rows: list[bytes]) -> bool:
    """Return whether lower case marks insertions; see `read_alignment`."""
    if not any(row.translate(None, _LOWER) != row for row in rows):
        return False
    match = _match_columns(rows)
    if len(set(map(len, match))) > 1 or not match[0]:
        return False
    if len(set(map(len, rows))) > 1:
        return True
    symbols = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
    inserted = np.isin(symbols, np.frombuffer(_LOWER + b".", np.uint8))
    return bool((inserted.all(0) | ~inserted.any(0)).all())


def _unequal_rows(source: str, records: list[Record], rows: list[bytes]) -> str:
    """Return a message that names rows whose length is not the most common one."""
    lengths = Counter(map(len, rows))
    usual_length, count = lengths.most_common(1)[0]
    unequal = [number for number, row in enumerate(rows) if len(row) != usual_length]
    first = next(number for number, row in enumerate(rows) if len(row) == usual_length)
    shown = []
    for number in [first, *unequal[:_MAX_ROWS_IN_MESSAGE]]:
        record = records[number]
        shown.append(f"{quoted(record.id)} (line {record.line}) has {len(rows[number])}")
    return (
        f"{source}: expected an alignment, but only {count} of {len(rows)} rows have "
        f"{usual_length} columns: {', '.join(shown)}; align the family with FAMSA or MAFFT, or "
        "give --align"
    )


def _align(rows: list[bytes], threads: int | None) -> list[bytes]:
    """Return proteins aligned by FAMSA, sorted and each once, so that order does not matter."""
    try:
        from pyfamsa import Aligner, Sequence
    except ImportError as error:
        raise SettingsError(
            "--align needs pyfamsa, which is not installed: pip install 'pepseq[align]'"
        ) from error
    to_x = bytes.maketrans(UNKNOWN.encode(), b"X" * len(UNKNOWN))
    proteins = [row.translate(to_x, GAPS.encode()) for row in rows]
    distinct = sorted({*proteins} - {b""})
    sequences = [Sequence(str(number).encode(), protein) for number, protein in enumerate(distinct)]
    aligned = {
        distinct[int(row.id)]: row.sequence
        for row in Aligner(threads=threads or 0).align(sequences)
    }
    empty = b"-" * len(next(iter(aligned.values())))
    return [aligned.get(protein, empty) for protein in proteins]
