"""FASTA files of proteins and of readouts, streamed, each fault named by file, line and record.

A file-level fault (no FASTA, damaged gzip) raises InputError. A record-level fault (no residues,
a symbol that stands for none, an id seen before) raises too, unless the caller passes a list that
collects such records, so that one bad record does not stop thousands of good ones.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, found, printable
from pepseq.files import STDIO, Outputs, open_input
from pepseq.sequences.residues import AMINO_ACIDS, GAPS, HIDDEN_SYMBOLS, UNKNOWN, label_symbol
from pepseq.sequences.stockholm import STOCKHOLM, stockholm_records

LINE_WIDTH = 60
_SPACE = b" \t\r\n\v\f"
_PROTEIN = bytes.maketrans(
    (AMINO_ACIDS + UNKNOWN).lower().encode(), (AMINO_ACIDS + UNKNOWN).encode()
)
_READOUT = bytes.maketrans(
    (AMINO_ACIDS.lower() + HIDDEN_SYMBOLS + UNKNOWN + UNKNOWN.lower()).encode(),
    (AMINO_ACIDS + "X" * (len(HIDDEN_SYMBOLS) + 2 * len(UNKNOWN))).encode(),
)
_GROUPS = AMINO_ACIDS.lower()  # in what has been read, a letter in lower case stands for a group
_NO_PROTEIN = re.compile(f"[^{AMINO_ACIDS}{UNKNOWN}{_GROUPS}]".encode())
_NO_READOUT = re.compile(f"[^{AMINO_ACIDS}X{_GROUPS}]".encode())
_NO_ROW = re.compile(f"[^{GAPS}{AMINO_ACIDS}{UNKNOWN}{(AMINO_ACIDS + UNKNOWN).lower()}]".encode())
_BRACKET = re.compile(rb"\[[^]]*\]?")
_GROUP = re.compile(f"\\[[{AMINO_ACIDS}]+\\]".encode())
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


@dataclass(frozen=True)
class BadRecord:
    """A record that was left out, where it stands, and why."""

    file: str
    line: int
    id: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.line}: {found(self.id)}: {self.reason}"


class _Symbols(Enum):
    """What a record may hold: its name, how symbols are rewritten, and what is none of them."""

    PROTEIN = ("amino acids", _PROTEIN, _NO_PROTEIN)
    READOUT = ("amino acids or hidden symbols", _READOUT, _NO_READOUT)
    ROW = ("amino acids or gaps", None, _NO_ROW)

    def __init__(self, names: str, table: bytes | None, wrong: re.Pattern):
        self.names, self.table, self.wrong = names, table, wrong


class SeenIds:
    """Tells whether an id came before, at 8 bytes an id (a 64-bit hash stands for each)."""

    def __init__(self):
        self._recent: set[int] = set()
        self._older: list[np.ndarray] = []

    def __contains__(self, name: str) -> bool:
        key = hash(name)
        places = ((block, np.searchsorted(block, key)) for block in self._older)
        return key in self._recent or any(key in block[at : at + 1] for block, at in places)

    def add(self, name: str) -> bool:
        """Return True if `name` was added before, else add it."""
        if name in self:
            return True
        self._recent.add(hash(name))
        if len(self._recent) >= 1 << 18:
            self._older.append(np.array(sorted(self._recent), dtype=np.int64))
            self._recent = set()
            while len(self._older) > 1 and len(self._older[-2]) <= 2 * len(self._older[-1]):
                self._older[-2:] = [np.sort(np.concatenate(self._older[-2:]))]
        return False


def read_fasta(
    paths: str | Path | Iterable[str | Path],
    *,
    readouts: bool = False,
    bad: list[BadRecord] | None = None,
    groups: dict[str, str] | None = None,
    repeated_ids: bool = False,
    rows: bool = False,
) -> Iterator[Record]:
    """Yield the records of one or several FASTA files in order; `-` is stdin, gzip is unpacked.

    Letters are put in upper case; spaces, a byte-order mark and a final `*` are dropped. With
    `readouts`, every symbol for a hidden residue (`X ? . _ x`, and the unknown residues U B Z O J)
    becomes X. With `readouts` or `groups`, a residue known only to be one of a group, `[DE]`,
    becomes one character: the group's first amino acid in lower case. `groups` maps such characters
    to the members of their group: a record with another group of the same character is bad, and
    groups first seen in a good record are added. With `rows`, records are rows of an alignment, of
    which Stockholm is read too: gaps and lower case stay as they are. Bad records go to `bad` if it
    is given, else they raise. An id that an earlier record has is a fault unless `repeated_ids`.

    Raises InputError.
    """
    seen = None if repeated_ids else SeenIds()
    groups = {} if groups is None and readouts else groups
    symbols = _Symbols.READOUT if readouts else _Symbols.ROW if rows else _Symbols.PROTEIN
    for path in [paths] if isinstance(paths, str | os.PathLike) else paths:
        count = 0
        for line, header, body in _raw_records(path, rows):
            count += 1
            record, reason = _parse(line, header, body, symbols, seen, groups)
            if not reason:
                yield record
                continue
            fault = BadRecord(str(path), line, record.id, reason)
            if bad is None:
                raise InputError(str(fault))
            bad.append(fault)
        if not count:
            raise InputError(f"{path}:1: expected FASTA, found an empty file")


def _raw_records(path: str | Path, rows: bool) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (line of the header, header without `>`, residue lines joined)."""
    header, start, parts = None, 0, []
    with open_input(path) as stream:
        head = stream.peek(1 << 16)[: 1 << 16]
        if b"\0" in head and not head.lstrip(_SPACE).startswith(b">"):
            raise InputError(f"{path}:1: expected FASTA ('>' first), found binary data")
        for number, line in enumerate(stream, 1):
            if line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
            if line.startswith(b">"):
                if header is not None:
                    yield start, header, b"".join(parts)
                header, start, parts = line[1:].strip(_SPACE), number, []
                if b"\r" in header:
                    raise InputError(
                        f"{path}:{number}: expected lines that end in \\n or \\r\\n, "
                        "found \\r alone"
                    )
            elif header is not None:
                parts.append(line)
            elif rows and line.startswith(STOCKHOLM):
                yield from stockholm_records(path, stream, number)
            elif line.strip(_SPACE) and not (rows and line.startswith(b"#")):
                raise InputError(
                    f"{path}:{number}: expected FASTA ('>' first), found {_format(line)}"
                )
    if header is not None:
        yield start, header, b"".join(parts)


def _format(line: bytes) -> str:
    if line[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd: unpack it first"
    if b"\0" in line or any(byte > 126 for byte in line[:200]):
        return "binary data"
    for start, name in _FORMATS.items():
        if line.lstrip().startswith(start):
            return name
    return found(line.decode("ascii", "replace").strip())


def _parse(line, header, body, symbols: _Symbols, seen, groups) -> tuple[Record, str]:
    """Return a record, and why it is bad or an empty string."""
    name, _, description = header.decode("ascii", "backslashreplace").partition(" ")
    if "\t" in name:
        name, _, rest = name.partition("\t")
        description = f"{rest} {description}".strip()
    sequence = body.translate(symbols.table, _SPACE)
    if sequence.endswith(b"*"):
        sequence = sequence[:-1]
    new = {}
    if groups is not None and b"[" in sequence:
        sequence, new = _fold_groups(sequence, groups)
    wrong = symbols.wrong.search(sequence)
    record = Record(name, description.strip(), "" if wrong else sequence.decode("ascii"), line)
    if not header.isascii() or b"\0" in header:
        return record, "expected an ASCII header, found other bytes"
    if not name:
        return record, "expected an id after '>', found none"
    if not sequence:
        return record, "expected residues, found none"
    if wrong:
        known = None if groups is None else groups | new
        return record, _wrong_symbol(sequence, wrong.start(), symbols, known)
    if seen is not None and seen.add(name):
        return record, "expected an id of its own, found one that an earlier record has"
    if new:
        groups.update(new)
    return record, ""


def _fold_groups(sequence: bytes, groups: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Put one character for each `[DE]`, and return the groups that are not in `groups` yet.

    Brackets stay where they are no group, or one that differs from an earlier one of its character.
    """
    new: dict[str, str] = {}

    def fold(match: re.Match) -> bytes:
        if not _GROUP.fullmatch(match[0]):
            return match[0]
        members = "".join(sorted(set(match[0][1:-1].decode("ascii"))))
        symbol = label_symbol(members)
        known = groups.get(symbol) or new.get(symbol)
        if known is None and len(members) > 1:
            new[symbol] = members
        return match[0] if known not in (None, members) else symbol.encode("ascii")

    return _BRACKET.sub(fold, sequence), new


def _wrong_symbol(sequence: bytes, at: int, expected: _Symbols, groups: dict | None) -> str:
    """Say what is wrong with the symbol at index `at` of a record."""
    kinds = expected.names
    symbol, hint = sequence[at : at + 1], ""
    if symbol == b"-":
        hint = " (an alignment? remove its gaps)"
    elif symbol == b"[" and groups is not None:
        kinds = "a group of amino acids such as [DE]"
        symbol = sequence[at : sequence.find(b"]", at) + 1 or None]
        if _GROUP.fullmatch(symbol):
            kinds = f"the group [{groups[chr(min(symbol[1:-1])).lower()]}] of this readout"
    return f"expected {kinds}, found {found(symbol.decode('latin-1'))} at residue {at + 1}{hint}"


def format_fasta(header: str, sequence: str, groups: Mapping[str, str] | None = None) -> bytes:
    """Return one FASTA record, wrapped at 60 residues.

    `groups` maps a character that stands for one of a group to the members, written as `[DE]`.
    """
    lines = [sequence[i : i + LINE_WIDTH] for i in range(0, len(sequence), LINE_WIDTH)]
    text = "\n".join(lines)
    for symbol, members in (groups or {}).items():
        text = text.replace(symbol, f"[{members}]")
    return f">{header}\n{text}\n".encode("ascii")


def format_failed(bad: Iterable[BadRecord]) -> bytes:
    """Return the table of bad records: file, line, id, reason (TSV with a header), printable."""
    rows = ["\t".join(map(printable, (b.file, str(b.line), b.id, b.reason))) + "\n" for b in bad]
    return ("file\tline\tid\treason\n" + "".join(rows)).encode()


def write_failed(outputs: Outputs, output: str | Path, bad: list[BadRecord], good: int) -> None:
    """List bad records in `<output>.failed.tsv`; InputError if no good one is left."""
    if bad and not good:
        raise InputError(f"{bad[0]} (and no other record is any better)")
    if str(output) == STDIO:
        return
    path = f"{Path(output)}.failed.tsv"
    outputs.add(path, format_failed(bad)) if bad else outputs.drop(path)


def refuse_bad(
    bad: list[BadRecord], good: int, output: str | Path, keep_going: bool
) -> list[BadRecord]:
    """Return the bad records; InputError if there are some and `keep_going` is not set."""
    if bad and not keep_going:
        where = "" if str(output) == STDIO else f"; all are listed in {Path(output)}.failed.tsv"
        raise InputError(
            f"{len(bad)} of {len(bad) + good} records were left out, the others are done: "
            f"{bad[0]}{where}"
        )
    return bad
