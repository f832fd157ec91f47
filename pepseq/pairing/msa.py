"""The alignment of one family, from aligned FASTA, A2M, A3M or Stockholm."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.compression import without_suffix
from pepseq.io.failures import FailedRecord
from pepseq.sequences.fasta import Record, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS, GAPS, UNKNOWN

GAP_CODE, UNKNOWN_CODE = 20, 21
SYMBOLS = AMINO_ACIDS + "-X"
"""The symbol of each code."""

INSERTED = "insertions left out"
PLAIN = "whole rows"
ALIGNED = "aligned with FAMSA"
_LOWER = (AMINO_ACIDS + UNKNOWN).lower().encode()
_CODES = np.full(256, UNKNOWN_CODE, np.uint8)
_CODES[np.frombuffer(AMINO_ACIDS.encode(), np.uint8)] = np.arange(len(AMINO_ACIDS))
_CODES[np.frombuffer(GAPS.encode(), np.uint8)] = GAP_CODE
_NAMED = 3
"""So many rows are named at most when an alignment is refused."""


@dataclass(frozen=True)
class Alignment:
    """One family as it stands in its file.

    `codes` is uint8 (depth, length), as in `Families`; `reading` says what became of lower case, or
    that the family was aligned here.
    """

    path: str
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

    Of a file of several alignments, divided by NUL bytes, the one with this `number` is read.

    In a file named `.a2m` or `.a3m` lower case is an insertion, and left out together with `.`.
    In any other it is one too if rows then have one length and either they have not as they stand
    (A3M) or every column is of insertions or of none (A2M); else it means the same as upper case,
    and `.` a gap. With `align`, a family that is no alignment is aligned with FAMSA (Deorowicz et
    al. 2016, Sci Rep 6: 33964); the result does not depend on the order of its rows.

    Raises InputError for rows of several lengths, for gaps alone, and as `read_fasta` does;
    SettingsError if pyfamsa is needed and missing.
    """
    earlier = len(bad)
    records = list(read_fasta(path, rows=True, bad=bad, alignment=number))
    if not records:
        raise InputError(f"{bad[earlier]} (and no other record is any better)")
    rows = [record.sequence.encode("ascii") for record in records]
    a3m = without_suffix(path).endswith((".a2m", ".a3m"))
    inserted = a3m or _has_insertions(rows)
    read, reading = (_match_columns(rows), INSERTED) if inserted else (_upper(rows), PLAIN)
    if any(read) and not any(row.strip(GAPS.encode()) for row in read):
        raise InputError(f"{path}: expected residues, found gaps alone")
    if len(set(map(len, read))) > 1:
        if not align:
            raise InputError(_unequal(path, records, read))
        read, reading = _align(_upper(rows), threads), ALIGNED
    if not read[0]:
        raise InputError(f"{path}: expected columns in upper case, found insertions alone")
    codes = _CODES[np.frombuffer(b"".join(read), np.uint8).reshape(len(read), -1)]
    ids, headers = zip(*((record.id, record.header) for record in records), strict=True)
    return Alignment(str(path), ids, headers, codes, reading)


def _upper(rows: list[bytes]) -> list[bytes]:
    return [row.upper() for row in rows]


def _match_columns(rows: list[bytes]) -> list[bytes]:
    return [row.translate(None, _LOWER + b".") for row in rows]


def _has_insertions(rows: list[bytes]) -> bool:
    """Say whether lower case marks insertions; see `read_alignment`."""
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


def _unequal(path: str | Path, records: list[Record], rows: list[bytes]) -> str:
    """Name rows whose length differs from the commonest, and say what to do."""
    lengths = Counter(map(len, rows))
    usual, times = lengths.most_common(1)[0]
    odd = [at for at, row in enumerate(rows) if len(row) != usual]
    first = next(at for at, row in enumerate(rows) if len(row) == usual)
    shown = [
        f"{found(records[at].id)} (line {records[at].line}) has {len(rows[at])}"
        for at in [first, *odd[:_NAMED]]
    ]
    return (
        f"{path}: expected an alignment, rows of one length, found {times} of {len(rows)} rows "
        f"with {usual} columns: {', '.join(shown)}; align it, for example with FAMSA or MAFFT, "
        "or let --align do so"
    )


def _align(rows: list[bytes], threads: int | None) -> list[bytes]:
    """Return proteins aligned; sorted first, and each once, so that their order does not matter."""
    try:
        from pyfamsa import Aligner, Sequence
    except ImportError as error:
        raise SettingsError(
            "align: expected pyfamsa, found none; install it with: pip install 'pepseq[align]'"
        ) from error
    to_x = bytes.maketrans(UNKNOWN.encode(), b"X" * len(UNKNOWN))
    proteins = [row.translate(to_x, GAPS.encode()) for row in rows]
    distinct = sorted({*proteins} - {b""})
    sequences = [Sequence(str(at).encode(), protein) for at, protein in enumerate(distinct)]
    aligned = {
        distinct[int(row.id)]: row.sequence
        for row in Aligner(threads=threads or 0).align(sequences)
    }
    empty = b"-" * len(next(iter(aligned.values())))
    return [aligned.get(protein, empty) for protein in proteins]
