"""FASTA files of proteins and of readouts, streamed, each fault named by file, line and record.

A file-level fault (no FASTA, damaged data) raises InputError. A record-level fault (no residues,
too many, a symbol that stands for none, an id seen before) raises too, unless the caller passes a
list that collects such records, so that one bad record does not stop thousands of good ones.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.failures import FailedRecord
from pepseq.io.files import decode_text, encode_text, open_input
from pepseq.sequences.alphabets import Alphabet, describe_wrong_symbol, fold_groups
from pepseq.sequences.concatenated_alignments import OneAlignment
from pepseq.sequences.nucleotides import refuse_nucleotides
from pepseq.sequences.seen_ids import SeenIds
from pepseq.sequences.stockholm import STOCKHOLM, stockholm_records

LINE_WIDTH = 60
LONGEST_RECORD = 1_000_000
"""Residues of a record at most, unless PEPSEQ_LONGEST_RECORD says otherwise."""
_PIECE = 1 << 20
"""Bytes of a line that are read at once; no header is longer."""
_BYTES_A_RESIDUE = 8
"""Bytes that a residue may take in a file: spaces, line ends and groups such as [DE] among them."""
_SPACE = b" \t\r\n\v\f"
_FORMATS = {
    b"@": "FASTQ",
    b"<": "HTML or XML",
    b"{": "JSON",
    b"[": "JSON",
    b"LOCUS": "GenBank",
    b"ID   ": "UniProt or EMBL text",
    b"HEADER": "PDB",
    b"data_": "mmCIF",
    STOCKHOLM: "Stockholm",
    b"CLUSTAL": "Clustal",
}
_ENCODED = {
    b"\xff\xfe": "UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8",
    b"PK\x03\x04": "a zip archive or an Office document: unpack or export it",
}


@dataclass(frozen=True)
class Record:
    """One FASTA record: id (up to the first space), the rest of its header, residues, its line."""

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
    """Yield the records of one or several FASTA files in order; `-` is stdin.

    Letters are put in upper case; spaces, a byte-order mark and a final `*` are dropped. With
    `reads`, every symbol for a hidden residue (`X ? . _ x`, and the unknown residues U B Z O J)
    becomes X. With `reads` or `groups`, a residue known only to be one of a group, `[DE]`,
    becomes one character: the group's first amino acid in lower case. `groups` maps such characters
    to the members of their group: a record with another group of the same character is bad, and
    groups first seen in a good record are added. With `rows`, records are rows of an alignment, of
    which Stockholm is read too: gaps and lower case stay as they are; of a file of several, divided
    by NUL bytes, the one with number `alignment` is read. Bad records go to `bad` if it
    is given, else they raise. An id that an earlier record has is a fault unless `repeated_ids`.

    Raises InputError.
    """
    seen = None if repeated_ids else SeenIds()
    groups = {} if groups is None and reads else groups
    longest = longest_record()
    symbols = Alphabet.READ if reads else Alphabet.ROW if rows else Alphabet.PROTEIN
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        count = 0
        raw = _raw_records(path, alignment if rows else None, longest)
        raw = refuse_nucleotides(raw, path, b"." if rows else b"")
        for line, header, body in raw:
            count += 1
            record, reason = parse_record(line, header, body, symbols, seen, groups, longest)
            if not reason:
                yield record
                continue
            fault = FailedRecord(str(path), line, record.id, reason)
            if bad is None:
                raise InputError(str(fault))
            bad.append(fault)
        if not count:
            raise InputError(f"{path}:1: expected FASTA, found an empty file")


def longest_record() -> int:
    """Return how many residues a record may have; SettingsError for a limit that is none."""
    text = os.environ.get("PEPSEQ_LONGEST_RECORD") or str(LONGEST_RECORD)
    if not text.isdecimal() or not int(text):
        raise SettingsError(
            f"PEPSEQ_LONGEST_RECORD: expected a number of residues, found {found(text)}"
        )
    return int(text)


def _raw_records(
    path: str | Path, rows: int | None, longest: int
) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield (line of the header, header without `>`, residue lines joined, None if too long).

    `rows` is the number of the alignment to read, None if the file holds no alignments.
    """
    header, start, parts, room = None, 0, [], 0
    with open_input(path) as stream:
        head = stream.peek(1 << 16)[: 1 << 16]
        begin = (b">", b"#") if rows else b">"
        if b"\0" in head and not head.lstrip(_SPACE).startswith(begin):
            raise InputError(f"{path}:1: expected FASTA ('>' first), found {_format(head)}")
        stream = OneAlignment(path, stream, rows) if rows else stream
        number, fresh = 0, True
        while line := stream.readline(_PIECE):
            begins, fresh = fresh, line.endswith(b"\n")
            number += begins
            if begins and line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
            if begins and line.startswith(b">"):
                if header is not None:
                    yield start, header, b"".join(parts) if room >= 0 else None
                header, start, parts = line[1:].strip(_SPACE), number, []
                room = _BYTES_A_RESIDUE * longest + _PIECE if len(line) < _PIECE else -1
                if b"\r" in header:
                    raise InputError(
                        f"{path}:{number}: expected lines that end in \\n or \\r\\n, "
                        "found \\r alone"
                    )
            elif begins and not rows and line.startswith(b"\0"):
                raise InputError(
                    f"{path}:{number}: expected text, found a NUL byte in front of a line: several "
                    "files in one, which these commands divide: tr '\\0' '\\n' < FILE"
                )
            elif header is not None:
                room -= len(line)
                if room >= 0:
                    parts.append(line)
                else:
                    parts.clear()
            elif rows and line.startswith(STOCKHOLM):
                yield from stockholm_records(path, stream, number)
            elif line.strip(_SPACE) and not (rows and line.startswith(b"#")):
                raise InputError(
                    f"{path}:{number}: expected FASTA ('>' first), found {_format(line)}"
                )
    if header is not None:
        yield start, header, b"".join(parts) if room >= 0 else None


def _format(line: bytes) -> str:
    for start, name in _ENCODED.items():
        if line.startswith(start):
            return f"{name} first"
    if b"\0" in line or any(byte > 126 for byte in line[:200]):
        return "binary data"
    for start, name in _FORMATS.items():
        if line.lstrip().startswith(start):
            return name
    return found(decode_text(line).strip())


def parse_record(
    line: int,
    header: bytes,
    body: bytes | None,
    symbols: Alphabet,
    seen: SeenIds | None,
    groups: dict[str, str] | None,
    longest: int,
) -> tuple[Record, str]:
    """Return a record, and why it is bad or an empty string."""
    name, _, description = decode_text(header[:_PIECE]).partition(" ")
    if "\t" in name:
        name, _, rest = name.partition("\t")
        description = f"{rest} {description}".strip()
    if body is None:
        return Record(name, "", "", line), _too_long(longest)
    sequence = body.translate(symbols.table, _SPACE)
    if sequence.endswith(b"*"):
        sequence = sequence[:-1]
    new = {}
    if groups is not None and b"[" in sequence:
        sequence, new = fold_groups(sequence, groups)
    wrong = symbols.wrong.search(sequence)
    record = Record(name, description.strip(), "" if wrong else sequence.decode("ascii"), line)
    if b"\0" in header:
        return record, "expected a header of text, found a NUL byte"
    if not name:
        return record, "expected an id after '>', found none"
    if not sequence:
        return record, "expected residues, found none"
    if wrong:
        known = None if groups is None else groups | new
        return record, describe_wrong_symbol(sequence, wrong.start(), symbols, known)
    if len(sequence) > longest:
        return record, _too_long(longest)
    if seen is not None and seen.add(name):
        return record, "expected an id of its own, found one that an earlier record has"
    if new:
        groups.update(new)
    return record, ""


def _too_long(longest: int) -> str:
    return (
        f"expected at most {longest:,} residues and a header of up to {_PIECE:,} bytes, found more "
        "(pepseq --longest-record RESIDUES sets the limit)"
    )


def format_fasta(header: str, sequence: str, groups: Mapping[str, str] | None = None) -> bytes:
    """Return one FASTA record, wrapped at 60 residues.

    `groups` maps a character that stands for one of a group to the members, written as `[DE]`.
    """
    lines = [sequence[i : i + LINE_WIDTH] for i in range(0, len(sequence), LINE_WIDTH)]
    text = "\n".join(lines)
    for symbol, members in (groups or {}).items():
        text = text.replace(symbol, f"[{members}]")
    return encode_text(f">{header}\n{text}\n")
