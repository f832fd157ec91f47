"""Nucleotide sequences in place of proteins: A, C, G and T are codes of amino acids too."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from pepseq.errors import InputError
from pepseq.sequences.raw_records import WHITE_SPACE, RawRecord

NUCLEOTIDES = b"ACGTUN"
MAX_RECORDS, MAX_LETTERS = 20, 1_000_000
"""Records, and letters in them, that are checked before the first record is passed on."""
MIN_LETTERS = 100
"""Files with fewer letters in the first records are not checked: they may be peptides."""
MIN_NUCLEOTIDE_SHARE, MIN_SHARE_OF_EACH = 0.95, 0.02
"""Least share of NUCLEOTIDES among the letters, and of each of A, C, G, and T or U.

No protein comes near both: antifreeze proteins are of A and T alone, silk of G and A.
"""


def refuse_nucleotides(
    records: Iterable[RawRecord], path: str | Path, gaps: bytes = b""
) -> Iterator[RawRecord]:
    """Yield the records of a FASTA file, unless the first ones are nucleotides.

    White space, `-`, `*` and `gaps` do not count as letters. RNA has U for T; in proteins U is
    selenocysteine, which is rare. Raises InputError with the command that translates the file.
    """
    records = iter(records)
    first_records: list[RawRecord] = []
    letter_count = 0
    counts = dict.fromkeys(NUCLEOTIDES, 0)
    for record in records:
        first_records.append(record)
        letters = (record.residues or b"").translate(None, b"-*" + WHITE_SPACE + gaps).upper()
        letter_count += len(letters)
        for symbol in NUCLEOTIDES:
            counts[symbol] += letters.count(symbol)
        if len(first_records) == MAX_RECORDS or letter_count >= MAX_LETTERS:
            break
    if letter_count >= MIN_LETTERS and _are_nucleotides(counts, letter_count):
        raise InputError(_translation_hint(path, sum(counts.values()) / letter_count, letter_count))
    yield from first_records
    yield from records


def _are_nucleotides(counts: dict[int, int], letter_count: int) -> bool:
    a, c, g, t, u, _ = counts.values()
    enough = sum(counts.values()) >= MIN_NUCLEOTIDE_SHARE * letter_count
    return enough and min(a, c, g, t + u) >= MIN_SHARE_OF_EACH * letter_count


def _translation_hint(path: str | Path, share: float, letter_count: int) -> str:
    file = shlex.quote(str(path)) if Path(path).is_file() else "nucleotides.fasta"
    return (
        f"{path}: these look like nucleotides, not amino acids ({100 * share:.1f} % of the first "
        f"{letter_count:,} letters are A, C, G, T, U or N). Translate them first, a genome with: "
        f"pyrodigal -i {file} -a proteins.fasta, or coding sequences with EMBOSS: transeq "
        f"-sequence {file} -outseq proteins.fasta"
    )
