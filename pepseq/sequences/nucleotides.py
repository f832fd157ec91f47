"""Nucleotide sequences in the place of proteins: A, C, G and T stand for amino acids too."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from pepseq.errors import InputError

NUCLEOTIDES = b"ACGTUN"
FIRST_RECORDS, FIRST_LETTERS = 20, 1_000_000
"""So many records, or letters, are looked at before the first record is passed on."""
ENOUGH = 100
"""Fewer letters than these in the first records are never refused: they may be peptides."""
NEARLY_ALL, EACH = 0.95, 0.02
"""Least share of NUCLEOTIDES among the letters, and of each of A, C, G, and T or U.

No protein comes near both: antifreeze proteins are of A and T alone, silk of G and A.
"""
_NO_LETTERS = b"-* \t\r\n\v\f"

Raw = tuple[int, bytes, bytes | None]
"""Line of a record's header, header, residues as they stand in the file (None: too many)."""


def refuse_nucleotides(
    records: Iterable[Raw], path: str | Path, no_letters: bytes = b""
) -> Iterator[Raw]:
    """Yield the records of a FASTA file, unless the first ones are nucleotides.

    `no_letters` are symbols to leave out of account besides white space, `-` and `*`, such as the
    gaps of alignments. RNA has U for T; in proteins U is selenocysteine, which is rare. Raises
    InputError with the command that translates the file.
    """
    records = iter(records)
    first: list[Raw] = []
    letters = 0
    counts = dict.fromkeys(NUCLEOTIDES, 0)
    for record in records:
        first.append(record)
        body = (record[2] or b"").translate(None, _NO_LETTERS + no_letters).upper()
        letters += len(body)
        for symbol in NUCLEOTIDES:
            counts[symbol] += body.count(symbol)
        if len(first) == FIRST_RECORDS or letters >= FIRST_LETTERS:
            break
    if letters >= ENOUGH and _are_nucleotides(counts, letters):
        raise InputError(_message(path, sum(counts.values()) / letters, letters))
    yield from first
    yield from records


def _are_nucleotides(counts: dict[int, int], letters: int) -> bool:
    a, c, g, t, u, _ = counts.values()
    return sum(counts.values()) >= NEARLY_ALL * letters and min(a, c, g, t + u) >= EACH * letters


def _message(path: str | Path, share: float, letters: int) -> str:
    file = shlex.quote(str(path)) if Path(path).is_file() else "nucleotides.fasta"
    return (
        f"{path}: these look like nucleotides, not amino acids ({100 * share:.1f} % of the first "
        f"{letters:,} letters are A, C, G, T, U or N). Translate them first, a genome with: "
        f"pyrodigal -i {file} -a proteins.fasta, or coding sequences with EMBOSS: transeq "
        f"-sequence {file} -outseq proteins.fasta"
    )
