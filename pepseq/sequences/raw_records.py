"""Records of FASTA and Stockholm files as bytes, before their symbols are checked."""

from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple, Protocol

from pepseq.errors import InputError, quoted
from pepseq.io.files import LineSource, decode_text, open_input
from pepseq.sequences.concatenated_alignments import OneAlignment
from pepseq.sequences.stockholm import STOCKHOLM, stockholm_rows

MAX_HEADER_BYTES = 1 << 20
"""Longest header; also the bytes of a line that are read at once."""
WHITE_SPACE = b" \t\r\n\v\f"
_MAX_BYTES_PER_RESIDUE = 8
"""Bytes in a file for one residue, with spaces, line ends and groups such as [DE]."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
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
_TABLES = (
    (("pattern",), "--patterns", "lookup, quantify"),
    (("position", "probability"), "--probabilities", "lookup, quantify, predict"),
)
"""Columns of a table of reads, the option with which it is read, and the commands that have it."""
_ENCODED_FORMATS = {
    b"\xff\xfe": "UTF-16 text: save it as UTF-8 first",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8 first",
    b"PK\x03\x04": "a zip archive or an Office document: unpack or export it first",
}


class RawRecord(NamedTuple):
    """A record as it stands in a file; `residues` is None if the record is too long.

    line: number of the header's line. header: without `>`. residues: the lines after it, joined.
    """

    line: int
    header: bytes
    residues: bytes | None


class SkippingLines(LineSource[bytes], Protocol):
    """Lines of a FASTA file that leave out records which are dealt with elsewhere."""

    def skip_records(self) -> int:
        """Leave out records that begin with the next line; return the number of their lines."""
        ...


def read_raw_records(
    path: str | Path,
    max_residues: int,
    alignment: int | None = None,
    skipping: Callable[[BufferedReader], SkippingLines] | None = None,
) -> Iterator[RawRecord]:
    """Yield the records of a FASTA file; `-` is standard input.

    With `alignment`, the records are the rows of an alignment in FASTA or Stockholm format; of a
    file of several, the rows of the one with this number, from 1. A record that certainly has more
    than `max_residues`, or a header of more than MAX_HEADER_BYTES, is not kept in memory. Records
    that `skipping` leaves out are not yielded.

    Raises InputError for a file of another format, and for damaged data.
    """
    header: bytes | None = None
    start, room = 0, 0
    parts: list[bytes] = []
    with open_input(path) as stream:
        _check_first_bytes(path, stream, alignment)
        skipper = None if skipping is None else skipping(stream)
        lines: LineSource[bytes] = skipper if skipper is not None else stream
        if alignment is not None:
            lines = OneAlignment(path, stream, alignment)
        number, line_ended = 0, True
        while True:
            if skipper is not None and line_ended:
                number += skipper.skip_records()
            if not (piece := lines.readline(MAX_HEADER_BYTES)):
                break
            begins_line, line_ended = line_ended, piece.endswith(b"\n")
            number += begins_line
            if begins_line and piece.startswith(_BYTE_ORDER_MARK):
                piece = piece.removeprefix(_BYTE_ORDER_MARK)
            if begins_line and piece.startswith(b">"):
                if header is not None:
                    yield RawRecord(start, header, b"".join(parts) if room >= 0 else None)
                header, start, parts = _header_of(path, number, piece), number, []
                room = _MAX_BYTES_PER_RESIDUE * max_residues + MAX_HEADER_BYTES
                if len(piece) >= MAX_HEADER_BYTES:
                    room = -1
            elif begins_line and alignment is None and piece.startswith(b"\0"):
                raise InputError(
                    f"{path}:{number}: the line starts with a NUL byte; the file seems to be "
                    "several files in one, which these commands separate: tr '\\0' '\\n' < FILE"
                )
            elif header is not None:
                room -= len(piece)
                if room >= 0:
                    parts.append(piece)
                else:
                    parts.clear()
            elif alignment is not None and piece.startswith(STOCKHOLM):
                yield from (RawRecord(*row) for row in stockholm_rows(path, lines, number))
            elif piece.strip(WHITE_SPACE) and not (alignment is not None and piece[:1] == b"#"):
                raise _format_error(path, number, piece)
    if header is not None:
        yield RawRecord(start, header, b"".join(parts) if room >= 0 else None)


def _check_first_bytes(path: str | Path, stream: BufferedReader, alignment: int | None) -> None:
    """Raise InputError for a binary file, which may have no line end within gigabytes."""
    head = stream.peek(1 << 16)[: 1 << 16]
    starts: tuple[bytes, ...] = (b">",) if alignment is None else (b">", b"#")
    if b"\0" in head and not head.lstrip(WHITE_SPACE).startswith(starts):
        raise _format_error(path, 1, head)


def _header_of(path: str | Path, number: int, line: bytes) -> bytes:
    header = line[1:].strip(WHITE_SPACE)
    if b"\r" in header:
        raise InputError(
            f"{path}:{number}: expected lines that end in \\n or \\r\\n, found \\r alone"
        )
    return header


def _format_error(path: str | Path, number: int, line: bytes) -> InputError:
    return InputError(f"{path}:{number}: expected FASTA ('>' first), found {_format_name(line)}")


def _format_name(line: bytes) -> str:
    for start, name in _ENCODED_FORMATS.items():
        if line.startswith(start):
            return name
    if b"\0" in line or any(byte > 126 for byte in line[:200]):
        return "binary data"
    for start, name in _FORMATS.items():
        if line.lstrip().startswith(start):
            return name
    text = decode_text(line).strip()
    is_channels = text.isascii() and text.isdecimal() and len(text) < 3
    hint = ": dye sequences need --dye-sequences (lookup, quantify)" if is_channels else ""
    for columns, option, commands in _TABLES:
        if all(column in text for column in columns):
            hint = f": such a table needs {option} ({commands})"
    return quoted(text) + hint
