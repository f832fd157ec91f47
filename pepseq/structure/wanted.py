"""Whose models are wanted: a FASTA file, or a list of ids."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError
from pepseq.files import STDIO, open_input
from pepseq.sequences.fasta import BadRecord, read_fasta
from pepseq.structure.alphafold_db import parse_accession


@dataclass(frozen=True)
class Wanted:
    """A protein whose model is wanted; `sequence` is empty if only its id is known."""

    id: str
    accession: str
    sequence: str
    line: int


def read_wanted(path: str | Path, bad: list[BadRecord]) -> list[Wanted]:
    """Return the proteins of a FASTA file or of a list of ids; those without accession are bad."""
    if str(path) == STDIO:
        with tempfile.NamedTemporaryFile() as copy, open_input(path) as stream:
            copy.write(stream.read())
            copy.flush()
            return read_wanted(copy.name, bad)
    with open_input(path) as stream:
        fasta = stream.peek(1 << 12).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b">")
    if fasta:
        named = [(record.id, record.sequence, record.line) for record in read_fasta(path, bad=bad)]
    else:
        named = [(name, "", line) for name, line in _read_ids(path).items()]
    if not named and not bad:
        raise InputError(f"{path}:1: expected ids or FASTA, found an empty file")
    wanted = []
    for name, sequence, line in named:
        accession = parse_accession(name)
        if accession is None:
            reason = (
                "expected an id with a UniProt accession, found none (UniProt's ID mapping gives "
                "them for other ids)"
            )
            bad.append(BadRecord(str(path), line, name, reason))
        else:
            wanted.append(Wanted(name, accession, sequence, line))
    return wanted


def _read_ids(path: str | Path) -> dict[str, int]:
    """Return the first word of each line, with the line where it came first."""
    ids: dict[str, int] = {}
    with open_input(path) as stream:
        for number, line in enumerate(stream, 1):
            words = line.removeprefix(b"\xef\xbb\xbf").split()
            if words and not words[0].startswith(b"#"):
                ids.setdefault(words[0].decode("ascii", "backslashreplace"), number)
    return ids
