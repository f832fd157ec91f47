"""FASTA files of proteins, reads and alignments, as streams of records.

A fault of the file (another format, damaged data) raises InputError. A fault of a record (no
residues, too many, a wrong symbol, an id seen before) raises too, unless the caller passes a list
that collects such records, so that one bad record does not stop thousands of good ones.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.failures import FailedRecord
from pepseq.io.files import decode_text, encode_text, list_paths
from pepseq.sequences.alphabets import Alphabet, describe_wrong_symbol, fold_groups
from pepseq.sequences.nucleotides import refuse_nucleotides
from pepseq.sequences.raw_records import (
    MAX_HEADER_BYTES,
    WHITE_SPACE,
    RawRecord,
    read_raw_records,
)
from pepseq.sequences.seen_ids import SeenIds

LINE_WIDTH = 60
MAX_RESIDUES = 1_000_000
"""Most residues of a record, unless PEPSEQ_LONGEST_RECORD sets another limit."""


@dataclass(frozen=True)
class Record:
    """A FASTA record: id (up to the first space), rest of the header, residues, line number."""

    id: str
    description: str
    sequence: str
    line: int

    @property
    def header(self) -> str:
        """The header without `>`."""
        return f"{self.id} {self.description}" if self.description else self.id


def read_fasta(
    paths: str | Path | Iterable[str | Path],
    *,
    reads: bool = False,
    bad: list[FailedRecord] | None = None,
    groups: dict[str, str] | None = None,
    repeated_ids: bool = False,
    rows: bool = False,
    alignment: int = 1,
) -> Iterator[Record]:
    """Yield the records of one or several FASTA files in order; `-` is standard input.

    Residues are converted to upper case; spaces, a byte-order mark and a final `*` are dropped.

    reads: symbols of hidden residues (`X ? . _ x`, and the unknown residues U B Z O J) become X.
    groups: with `groups` or `reads`, a residue known only to be in a group, `[DE]`, becomes one
        character, the group's first amino acid in lower case. `groups` maps such characters to the
        members of their group. A record with another group of the same character is bad; new groups
        of good records are added.
    rows: the records are rows of an alignment, in FASTA or Stockholm format; gaps and lower case
        are kept. Of a file of several alignments, separated by NUL bytes, the one with number
        `alignment` is read.
    bad: list to which bad records are added; without it, they raise.
    repeated_ids: an id that an earlier record has is not a fault.

    Raises InputError.
    """
    parser = new_parser(reads=reads, rows=rows, groups=groups, repeated_ids=repeated_ids)
    for path in list_paths(paths, "input"):
        raw_records = read_raw_records(path, parser.max_residues, alignment if rows else None)
        raw_records = refuse_nucleotides(raw_records, path, b"." if rows else b"")
        yield from parse_records(raw_records, path, parser, bad)


def parse_records(
    raw_records: Iterable[RawRecord],
    path: str | Path,
    parser: "RecordParser",
    bad: list[FailedRecord] | None,
) -> Iterator[Record]:
    """Yield the good records of one file; for `bad` and errors see `read_fasta`."""
    is_empty = True
    for raw in raw_records:
        is_empty = False
        record, fault = parser.parse(raw)
        if not fault:
            yield record
            continue
        failed = FailedRecord(str(path), raw.line, record.id, fault)
        if bad is None:
            raise InputError(str(failed))
        bad.append(failed)
    if is_empty:
        raise InputError(f"{path}:1: expected FASTA, found an empty file")


@dataclass(frozen=True)
class RecordParser:
    """Checks raw records and makes records of them, see `new_parser`.

    alphabet: symbols that records may hold.
    groups: groups of earlier records, see `read_fasta`; None if brackets are not groups.
    seen_ids: ids of earlier records; None if ids may be repeated.
    max_residues: most residues of a record.
    """

    alphabet: Alphabet
    groups: dict[str, str] | None
    seen_ids: SeenIds | None
    max_residues: int

    def parse(self, raw: RawRecord) -> tuple[Record, str]:
        """Return a record, and what is wrong with it, empty for a good one."""
        name, description = _split_header(raw.header)
        if raw.residues is None or len(raw.header) > MAX_HEADER_BYTES:
            return Record(name, "", "", raw.line), self._too_long()
        sequence = raw.residues.translate(self.alphabet.table, WHITE_SPACE).removesuffix(b"*")
        new_groups: dict[str, str] = {}
        if self.groups is not None and b"[" in sequence:
            sequence, new_groups = fold_groups(sequence, self.groups)
        wrong = self.alphabet.wrong_symbol.search(sequence)
        record = Record(name, description, "" if wrong else sequence.decode("ascii"), raw.line)
        if b"\0" in raw.header:
            return record, "the header contains a NUL byte"
        if not name:
            return record, "there is no id after '>'"
        if not sequence:
            return record, "the record has no residues"
        if wrong:
            groups = None if self.groups is None else self.groups | new_groups
            place = wrong.start()
            return record, describe_wrong_symbol(sequence, place, self.alphabet, groups)
        if len(sequence) > self.max_residues:
            return record, self._too_long()
        if self.seen_ids is not None and self.seen_ids.add(name):
            return record, "an earlier record has the same id"
        if self.groups is not None:
            self.groups.update(new_groups)
        return record, ""

    def _too_long(self) -> str:
        return (
            f"more than {self.max_residues:,} residues (pepseq --longest-record RESIDUES sets the "
            f"limit) or a header of more than {MAX_HEADER_BYTES:,} bytes"
        )


def new_parser(
    *, reads: bool, rows: bool, groups: dict[str, str] | None, repeated_ids: bool = False
) -> RecordParser:
    """Return a parser of records; the arguments are those of `read_fasta`."""
    alphabet = Alphabet.READ if reads else Alphabet.ROW if rows else Alphabet.PROTEIN
    groups = {} if reads and groups is None else groups
    return RecordParser(
        alphabet, groups, None if repeated_ids else SeenIds(), max_record_residues()
    )


def max_record_residues() -> int:
    """Return how many residues a record may have; SettingsError for a wrong limit."""
    text = os.environ.get("PEPSEQ_LONGEST_RECORD") or str(MAX_RESIDUES)
    if not text.isdecimal() or not int(text):
        raise SettingsError(
            f"PEPSEQ_LONGEST_RECORD: expected a number of residues, found {quoted(text)}"
        )
    return int(text)


def _split_header(header: bytes) -> tuple[str, str]:
    """Return id and description of a header; they are separated by a space or a tab."""
    name, _, description = decode_text(header[:MAX_HEADER_BYTES]).partition(" ")
    if "\t" in name:
        name, _, rest = name.partition("\t")
        description = f"{rest} {description}"
    return name, description.strip()


def format_fasta(header: str, sequence: str, groups: Mapping[str, str] | None = None) -> bytes:
    """Return one FASTA record, wrapped at 60 residues.

    `groups` maps characters that stand for a group to its members, which are written as `[DE]`.
    """
    lines = [sequence[i : i + LINE_WIDTH] for i in range(0, len(sequence), LINE_WIDTH)]
    text = "\n".join(lines)
    for symbol, members in (groups or {}).items():
        text = text.replace(symbol, f"[{members}]")
    return encode_text(f">{header}\n{text}\n")
