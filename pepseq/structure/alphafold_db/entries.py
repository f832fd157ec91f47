"""AlphaFold DB (Varadi et al. 2024, doi:10.1093/nar/gkad1011): what models an accession has.

Its API lists the models of an accession with the addresses of their files, which hold the version;
no address is put together here. Isoforms and complexes come in the same list.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import httpx2

from pepseq.errors import InputError, found
from pepseq.http.client import HttpClient
from pepseq.http.responses import RejectedError, RetryError
from pepseq.io.atomic_files import disk_errors
from pepseq.io.json_files import decode_json

SERVER = "https://alphafold.ebi.ac.uk"
HOST = "alphafold.ebi.ac.uk"
LICENCE = "CC-BY-4.0"
CITE = "AlphaFold DB, CC-BY 4.0: cite Jumper et al. 2021 and Varadi et al. 2024"
_UNIPROT = r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})"
_ACCESSION = re.compile(
    rf"(?:UniRef\d+_|(?:sp|tr)[|_]|AF-)?(?P<id>{_UNIPROT}(?:-\d+)?)(?:\.\d+)?(?:-F\d+)?(?:[|_].*)?"
)
_UNIPARC = re.compile(r"(?:UniRef\d+_)?(UPI[0-9A-F]{10})")
_FRAGMENT = re.compile(r"-F([0-9]{1,9})$")
_VERSION = re.compile(r"model_v(\d+)\.")


@dataclass(frozen=True)
class Entry:
    """A model of AlphaFold DB.

    start, end: residues of the protein that it covers, from 1, if the answer tells.
    """

    name: str
    fragment: int
    start: int | None
    end: int | None
    version: str
    url: str

    @property
    def residues(self) -> int | None:
        """How many residues it should have."""
        return None if self.start is None or self.end is None else self.end - self.start + 1

    @property
    def stem(self) -> str:
        """What its file is called without suffix: as on the server, if that tells whose it is."""
        file = httpx2.URL(self.url).path.rpartition("/")[2]
        return file.rpartition(".")[0] if file.startswith(self.name) else self.name


def server_url(server: str | None = None) -> str:
    """Return the server's address: the one given, PEPSEQ_ALPHAFOLD_URL, or AlphaFold DB's own."""
    return (server or os.environ.get("PEPSEQ_ALPHAFOLD_URL") or SERVER).rstrip("/")


def parse_accession(name: str) -> str | None:
    """Return the UniProt or UniParc accession of an id, None if it has none.

    >>> parse_accession("UniRef100_P12345-2"), parse_accession("tr|A0A024R161|X")
    ('P12345-2', 'A0A024R161')
    """
    match = _ACCESSION.fullmatch(name)
    uniparc = _UNIPARC.fullmatch(name)
    return match["id"] if match else uniparc[1] if uniparc else None


def is_uniparc(accession: str) -> bool:
    """Say whether an accession is of UniParc, whose entries have no models."""
    return accession.startswith("UPI")


def find_entries(http: HttpClient, server: str, accession: str, form: str) -> list[Entry]:
    """Return the models of an accession by fragment, none if there are none.

    Of an isoform, such as P12345-2, its own models count alone; the server is asked for it, then
    for the protein. Raises InputError for an answer that has no address for `form`.
    """
    asked = [accession, accession.partition("-")[0]]
    for name in dict.fromkeys(asked):
        url = f"{server}/api/prediction/{name}"
        try:
            listed = _entries(http.get(url, "application/json", _entries))
        except RejectedError as error:
            if error.status != 404:
                raise
            continue
        entries = [
            _entry(one, form, url)
            for one in listed
            if _accession_of(one) == accession and not one.get("isComplex")
        ]
        for entry in entries:
            http.check_address(entry.url)
        if entries:
            return sorted(entries, key=lambda entry: entry.fragment)
    return []


def _entries(response: httpx2.Response) -> list[dict]:
    """Return what an answer lists; RetryError if it is something else."""
    try:
        listed = decode_json(response.content)
    except ValueError as error:
        raise RetryError(
            f"expected JSON, found {found(response.content[:80].decode('utf-8', 'replace'))}"
        ) from error
    if not isinstance(listed, list) or not all(
        isinstance(one, dict) and isinstance(one.get("entryId"), str) for one in listed
    ):
        raise RetryError("expected a list of models with their entryId, found something else")
    return listed


def _accession_of(one: dict) -> str:
    named = one.get("uniprotAccession")
    return named if isinstance(named, str) else parse_accession(one["entryId"]) or ""


def _entry(one: dict, form: str, asked: str) -> Entry:
    url = one.get(f"{form}Url")
    if not isinstance(url, str) or not url:
        raise InputError(f"{asked}: expected the address of a {form} file ({form}Url), found none")
    places = [
        next((v for v in (one.get(f"{kind}{end}") for kind in ("sequence", "uniprot")) if v), None)
        for end in ("Start", "End")
    ]
    start, end = (value if isinstance(value, int) else None for value in places)
    fragment, version = _FRAGMENT.search(one["entryId"]), _VERSION.search(url)
    return Entry(
        one["entryId"],
        int(fragment[1]) if fragment else 1,
        start,
        end,
        version[1] if version else str(one.get("latestVersion", "")),
        url,
    )


@dataclass(frozen=True)
class Model:
    """A model that was fetched: what it is, its file, and the file as it was read."""

    entry: Entry
    path: Path
    structure: "Structure"  # noqa: F821 - imported where it is needed


def fetch_entry(http: HttpClient, entry: Entry, path: Path) -> Model:
    """Download a model to `path` and read it; a damaged one is asked for again."""
    from pepseq.structure.structure_files import read_structure

    read = []

    def check(response) -> None:
        with disk_errors(path):
            path.write_bytes(response.content)
        try:
            structure = read_structure(path)
        except InputError as error:
            raise RetryError(str(error).removeprefix(f"{path}:").strip()) from error
        length = max(map(len, structure.chains))
        if entry.residues is not None and length < entry.residues:
            raise RetryError(f"expected {entry.residues} residues, found {length}")
        if path.suffix == ".pdb" and not response.content.rstrip().endswith(b"END"):
            raise RetryError("expected END in the last line, found the file cut short")
        read.append(structure)

    http.get(entry.url, check=check)
    return Model(entry, path, read[-1])
