"""UniProt accessions of ids, and the proteins of a FASTA file or of a list of ids."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.io.files import check_path, open_input
from pepseq.io.outputs import STDIO
from pepseq.io.tables import text_lines
from pepseq.io.temporary_files import temporary_copy
from pepseq.sequences.fasta import read_fasta
from pepseq.structure.file_names import text_sha256

_UNIPROT = r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})"
_ACCESSION = re.compile(
    rf"(?:UniRef\d+_|(?:sp|tr)[|_]|AF-)?(?P<id>{_UNIPROT}(?:-\d+)?)(?:\.\d+)?(?:-F\d+)?(?:[|_].*)?"
)
_UNIPARC = re.compile(r"(?:UniRef\d+_)?(UPI[0-9A-F]{10})")


@dataclass(frozen=True)
class RequestedProtein:
    """A protein whose models are requested; `sequence` is empty if only its id is known."""

    id: str
    accession: str
    sequence: str
    line: int

    @property
    def sequence_sha256(self) -> str:
        """The SHA-256 of the sequence, empty if there is none."""
        return text_sha256(self.sequence) if self.sequence else ""


def parse_accession(name: str) -> str | None:
    """Return the UniProt or UniParc accession of an id, None if it has none.

    >>> parse_accession("UniRef100_P12345-2"), parse_accession("tr|A0A024R161|X")
    ('P12345-2', 'A0A024R161')
    """
    match = _ACCESSION.fullmatch(name)
    uniparc = _UNIPARC.fullmatch(name)
    return match["id"] if match else uniparc[1] if uniparc else None


def is_uniparc(accession: str) -> bool:
    """Return whether an accession is of UniParc, whose entries have no models."""
    return accession.startswith("UPI")


def read_requested_proteins(path: str | Path, bad: list[FailedRecord]) -> list[RequestedProtein]:
    """Return the proteins of a FASTA file or of a list of ids; those without accession are bad."""
    check_path(path, "ids")
    with _readable_twice(path) as file:
        try:
            named = _read_named(file, path, bad)
        except InputError as error:
            raise InputError(str(error).replace(str(file), str(path))) from error
    if not named and not bad:
        raise InputError(f"{path}:1: expected ids or FASTA, found an empty file")
    proteins = []
    for name, sequence, line in named:
        accession = parse_accession(name)
        if accession is None:
            reason = (
                "expected an id with a UniProt accession, found none (UniProt's ID mapping gives "
                "them for other ids)"
            )
            bad.append(FailedRecord(str(path), line, name, reason))
        else:
            proteins.append(RequestedProtein(name, accession, sequence, line))
    return proteins


def _read_named(
    file: str | Path, path: str | Path, bad: list[FailedRecord]
) -> list[tuple[str, str, int]]:
    """Return id, sequence (empty in a list of ids) and line of each protein of `file`.

    `path` stands for it in the records that are bad.
    """
    with open_input(file) as stream:
        is_fasta = stream.peek(1 << 12).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b">")
    if not is_fasta:
        return [(name, "", line) for name, line in _read_ids(file).items()]
    faults: list[FailedRecord] = []
    named = [(record.id, record.sequence, record.line) for record in read_fasta(file, bad=faults)]
    bad += [replace(fault, file=str(path)) for fault in faults]
    return named


@contextmanager
def _readable_twice(path: str | Path) -> Iterator[str | Path]:
    """Yield the path of an input that can be read twice: a copy of what is not a regular file."""
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
