"""Dye sequences, the reads of whatprot: one digit for each labelled residue.

Line 1 holds the number of channels, line 2 the number of dye sequences, and each further line a
dye sequence, the number of peptides that have it, and the id of one of them, tab-separated. A digit
is a channel, `.` a residue without a label. Residues after the last label are left out, so the
length of the peptide is not known. (whatprot: Smith et al. 2023, PLoS Comput Biol 19(5): e1011157.)
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from pepseq.errors import InputError, SettingsError, quoted, readable
from pepseq.io.failures import FailedRecord
from pepseq.io.files import decode_text, encode_text, numbered_lines, open_input
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import label_symbol
from pepseq.sequences.seen_ids import SeenIds

log = logging.getLogger(__name__)
UNLABELLED = "."
MAX_CHANNELS = 10
"""A channel is one digit."""
MAX_COUNT = 10**15
"""So that sums of counts are exact as floats too."""
_UTF_16_MARKS = ("\udcff\udcfe", "\udcfe\udcff")


@dataclass(frozen=True)
class DyeSequence(Record):
    """A dye sequence as a read; `count` is the number of peptides that have it."""

    count: int


def check_channels(readout: Readout) -> None:
    """Raise SettingsError if the readout has more labels than there are digits."""
    if len(readout.labels) > MAX_CHANNELS:
        raise SettingsError(
            f"dye sequences: expected at most {MAX_CHANNELS} labels, found {len(readout.labels)} "
            f"in {readout}"
        )


def log_channels(readout: Readout) -> None:
    """Print the label of each channel, so that a wrong order is seen."""
    log.info("channels: %s", ", ".join(f"{n} {label}" for n, label in enumerate(readout.labels)))


def format_dye_sequences(reads: Iterable[tuple[str, str, int]], readout: Readout) -> bytes:
    r"""Return a file of dye sequences; equal ones are merged, with the first one's id.

    `reads` are (residues as in `MaskedSequence`, id, number of peptides). Reads without a label are
    left out, as in whatprot's files. Holds the distinct dye sequences in memory.

    >>> format_dye_sequences([("XXYX", "a", 1), ("XXY", "b", 1), ("X", "c", 1)], Readout("CY"))
    b'2\n1\n..1\t2\ta\n'

    Raises SettingsError for more than ten labels.
    """
    check_channels(readout)
    digits = {ord(label_symbol(label)): str(n) for n, label in enumerate(readout.labels)}
    digits[ord(HIDDEN)] = UNLABELLED
    merged: dict[str, tuple[str, int]] = {}
    for residues, name, count in reads:
        if dyes := residues.translate(digits).rstrip(UNLABELLED):
            first_name, earlier_count = merged.get(dyes, (name, 0))
            merged[dyes] = first_name, earlier_count + count
    rows = [f"{dyes}\t{count}\t{name}\n" for dyes, (name, count) in merged.items()]
    return encode_text(f"{len(readout.labels)}\n{len(rows)}\n{''.join(rows)}")


def dye_symbols(readout: Readout) -> dict[str, str]:
    """Return what stands in `DyeSequence.sequence` for each symbol of a dye sequence."""
    symbols = {str(n): label_symbol(label) for n, label in enumerate(readout.labels)}
    return {UNLABELLED: HIDDEN, **symbols}


def format_dye_sequence(read: DyeSequence, readout: Readout) -> str:
    """Return a dye sequence as it stands in a file, without the residues after its last label.

    >>> format_dye_sequence(DyeSequence("a", "", "XXYCX", 3, 1), Readout("CY"))
    '..10'
    """
    text_of = {ord(symbol): text for text, symbol in dye_symbols(readout).items()}
    return read.sequence.translate(text_of).rstrip(UNLABELLED)


def read_dye_sequences(
    path: str | Path,
    readout: Readout,
    bad: list[FailedRecord] | None = None,
    *,
    of_reads: bool = True,
) -> Iterator[DyeSequence]:
    """Yield the dye sequences of a file as reads; `-` is standard input.

    `readout` gives the labels of the channels: `Readout.from_labels("DE,C,Y")`. In a record's
    sequence, as in `MaskedSequence`, X stands for a residue without a label, and the amino acid or
    the character of its group for a labelled one. The description is `count=` and the number of
    peptides. Bad lines are added to `bad` if it is given, else they raise. `of_reads`: whether the
    file is one of --dye-sequences, which messages name.

    Raises InputError for a file with other channels, or one that is cut short; SettingsError for
    more than ten labels.
    """
    check_channels(readout)
    symbols = {ord(dye): symbol for dye, symbol in dye_symbols(readout).items()}
    seen, rows = SeenIds(), 0
    with open_input(path) as stream:
        lines = _filled_lines(path, stream)
        last, expected = _read_header(path, lines, readout, of_reads)
        for last, text in lines:
            rows += 1
            if rows > expected:
                raise InputError(
                    f"{path}:{last}: expected {expected} dye sequences as line 2 says, found more"
                )
            record, reason = parse_line(last, text, symbols)
            if not reason and seen.add(record.id):
                reason = "an earlier line has the same id"
            if not reason:
                yield record
                continue
            fault = FailedRecord(str(path), last, record.id, reason)
            if bad is None:
                raise InputError(str(fault))
            bad.append(fault)
    check_row_count(f"{path}:{last}", rows, expected)


def check_row_count(place: str, rows: int, expected: int) -> None:
    """Raise InputError for a file, read up to `place`, with fewer rows than its line 2 says."""
    if rows < expected or not rows:
        stated = f"{expected} dye sequences as line 2 says" if expected else "dye sequences"
        raise InputError(f"{place}: expected {stated}, found {rows or 'none'}")


def read_header(path: str | Path, stream: BufferedReader, readout: Readout) -> tuple[int, int]:
    """Return the line at which the header of a file ends, and the number of rows that it states.

    Raises InputError for a file with other channels than the readout.
    """
    return _read_header(path, _filled_lines(path, stream), readout)


def _read_header(
    path: str | Path, lines: Iterator[tuple[int, str]], readout: Readout, of_reads: bool = True
) -> tuple[int, int]:
    last, text = next(lines, (1, ""))
    if text.strip() != str(len(readout.labels)):
        if text.startswith(_UTF_16_MARKS):
            raise InputError(f"{path}:{last}: found UTF-16 text: save it as UTF-8 first")
        hint = ""
        if text.startswith(">"):
            hint = "leave out --dye-sequences" if of_reads else "give a file of dye sequences"
            hint = f": this is FASTA, {hint}"
        elif of_reads and "score" in text:
            hint = ": for scores, give quantify --scores in place of --dye-sequences"
        raise InputError(
            f"{path}:{last}: expected {len(readout.labels)} channels (labels "
            f"{','.join(readout.labels)}), found {quoted(text)}{hint}"
        )
    last, text = next(lines, (last, ""))
    if (expected := _whole_number(text)) is None:
        raise InputError(
            f"{path}:{last}: expected the number of dye sequences, found {quoted(text)}"
        )
    return last, expected


def _filled_lines(path: str | Path, stream: BufferedReader) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line that is not empty, without its end."""
    for number, line in numbered_lines(path, stream):
        text = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
        if text.strip():
            yield number, decode_text(text)


def _whole_number(text: str) -> int | None:
    """Return a whole number without a sign, None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def parse_line(line: int, text: str, symbols: dict[int, str]) -> tuple[DyeSequence, str]:
    """Return the record of a line, and the reason why it is bad, empty for a good one.

    `symbols`: what stands for each symbol of a dye sequence, by its code point.
    """
    dyes, *rest = text.split("\t")
    name = rest[1].strip() if len(rest) == 2 else ""
    if len(rest) != 2:
        return DyeSequence(name, "", "", line, 0), (
            f"expected a dye sequence, a count and an id, tab-separated, found {quoted(text)}"
        )
    count = _whole_number(rest[0])
    record = DyeSequence(name, f"count={count}", dyes.translate(symbols), line, count or 0)
    at = next((i for i, dye in enumerate(dyes) if ord(dye) not in symbols), None)
    if at is not None:
        digits = "".join(map(chr, sorted(symbols)))
        return record, f"expected one of {digits}, found {quoted(dyes[at])} at residue {at + 1}"
    if not dyes:
        return record, "expected a dye sequence, found none"
    if not count or count > MAX_COUNT:
        upper = f"from 1 to {MAX_COUNT:,}" if rest[0].isdecimal() and count != 0 else "of 1 or more"
        return record, f"expected a whole number {upper} as the count, found {quoted(rest[0])}"
    if name.split() != [name] or not readable(name).isprintable():
        return record, f"expected an id without spaces, found {quoted(name)}"
    return record, ""
