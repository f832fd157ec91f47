"""Whose models are wanted: a FASTA file, or a list of ids."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.io.files import open_input
from pepseq.io.outputs import STDIO
from pepseq.io.tables import text_lines
from pepseq.io.temporary_files import temporary_copy
from pepseq.sequences.fasta import read_fasta
from pepseq.structure.alphafold_db.entries import parse_accession


@dataclass(frozen=True)
class Wanted:
    """A protein whose model is wanted; `sequence` is empty if only its id is known."""

    id: str
    accession: str
    sequence: str
    line: int


def read_wanted(path: str | Path, bad: list[FailedRecord]) -> list[Wanted]:
    """Return the proteins of a FASTA file or of a list of ids; those without accession are bad."""
    named, faults = [], []
    with _on_disk(path) as file:
        try:
            with open_input(file) as stream:
                fasta = stream.peek(1 << 12).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b">")
            if fasta:
                named = [(one.id, one.sequence, one.line) for one in read_fasta(file, bad=faults)]
            else:
                named = [(name, "", line) for name, line in _read_ids(file).items()]
        except InputError as error:
            raise InputError(str(error).replace(str(file), str(path))) from error
    bad += [replace(fault, file=str(path)) for fault in faults]
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
            bad.append(FailedRecord(str(path), line, name, reason))
        else:
            wanted.append(Wanted(name, accession, sequence, line))
    return wanted


@contextmanager
def _on_disk(path: str | Path) -> Iterator[str | Path]:
    """Yield the path of an input that can be read twice: a copy of what is no regular file."""
    if str(path) != STDIO and (Path(path).is_file() or not Path(path).exists()):
        yield path
        return
    with temporary_copy(path) as copy:
        yield copy


def _read_ids(path: str | Path) -> dict[str, int]:
    """Return the first word of each line, with the line where it came first."""
    ids: dict[str, int] = {}
    with open_input(path) as stream:
        for number, line in text_lines(path, stream):
            words = re.split(r"[\s,;]+", line.strip(), maxsplit=1)
            if (name := words[0].strip('"')) and not name.startswith("#"):
                ids.setdefault(name, number)
    return ids
