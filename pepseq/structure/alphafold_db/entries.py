"""AlphaFold DB (Varadi et al. 2024, doi:10.1093/nar/gkad1011): the models of an accession.

Its API lists the models of an accession with the addresses of their files, which hold the version;
no address is put together here. Isoforms and complexes come in the same list.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from pepseq.errors import InputError
from pepseq.http.client import HttpClient
from pepseq.http.responses import RejectedError, RetryError, not_json_error
from pepseq.io.atomic_files import disk_errors
from pepseq.io.json_files import decode_json
from pepseq.structure.alphafold_db.accessions import parse_accession

if TYPE_CHECKING:
    from pepseq.structure.structure_files import Structure

SERVER = "https://alphafold.ebi.ac.uk"
HOST = "alphafold.ebi.ac.uk"
LICENCE = "CC-BY-4.0"
CITE = "AlphaFold DB, CC-BY 4.0: cite Jumper et al. 2021 and Varadi et al. 2024"
_FRAGMENT = re.compile(r"-F([0-9]{1,9})$")
_VERSION = re.compile(r"model_v(\d+)\.")


@dataclass(frozen=True)
class ModelEntry:
    """A model of AlphaFold DB as its API lists it.

    start, end: residues of the protein that it covers, from 1, None if they are not listed.
    """

    name: str
    fragment: int
    start: int | None
    end: int | None
    version: str
    url: str

    @property
    def residues(self) -> int | None:
        """Number of residues that it should have, None if it is not known."""
        return None if self.start is None or self.end is None else self.end - self.start + 1

    @property
    def stem(self) -> str:
        """Name of its file without suffix: as on the server, if that begins with its own name."""
        file = httpx2.URL(self.url).path.rpartition("/")[2]
        return file.rpartition(".")[0] if file.startswith(self.name) else self.name


def alphafold_url(server: str | None = None) -> str:
    """Return the server's address: the one given, PEPSEQ_ALPHAFOLD_URL, or AlphaFold DB's own."""
    return (server or os.environ.get("PEPSEQ_ALPHAFOLD_URL") or SERVER).rstrip("/")


def find_entries(http: HttpClient, server: str, accession: str, form: str) -> list[ModelEntry]:
    """Return the models of an accession by fragment, none if there are none.

    Of an isoform, such as P12345-2, its own models count alone; the server is asked for it, then
    for the protein. Raises InputError for an answer that has no address for `form`.
    """
    for name in dict.fromkeys((accession, accession.partition("-")[0])):
        url = f"{server}/api/prediction/{name}"
        try:
            listed = _entries(http.get(url, "application/json", _entries))
        except RejectedError as error:
            if error.status != 404:
                raise
            continue
        entries = [
            _entry(fields, form, url)
            for fields in listed
            if _accession_of(fields) == accession and not fields.get("isComplex")
        ]
        for entry in entries:
            http.check_address(entry.url)
        if entries:
            return sorted(entries, key=lambda entry: entry.fragment)
    return []


def _entries(response: httpx2.Response) -> list[dict[str, Any]]:
    """Return the entries of an answer; RetryError if it is something else."""
    try:
        listed = decode_json(response.content)
    except ValueError as error:
        raise not_json_error(response) from error
    if not isinstance(listed, list) or not all(
        isinstance(fields, dict) and isinstance(fields.get("entryId"), str) for fields in listed
    ):
        raise RetryError("expected a list of models with their entryId, found something else")
    return listed


def _accession_of(fields: dict[str, Any]) -> str:
    accession = fields.get("uniprotAccession")
    return accession if isinstance(accession, str) else parse_accession(fields["entryId"]) or ""


def _entry(fields: dict[str, Any], form: str, source: str) -> ModelEntry:
    url = fields.get(f"{form}Url")
    if not isinstance(url, str) or not url:
        raise InputError(f"{source}: expected the address of a {form} file ({form}Url), found none")
    start, end = (
        fields.get(f"sequence{name}") or fields.get(f"uniprot{name}") or None
        for name in ("Start", "End")
    )
    fragment, version = _FRAGMENT.search(fields["entryId"]), _VERSION.search(url)
    return ModelEntry(
        name=fields["entryId"],
        fragment=int(fragment[1]) if fragment else 1,
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        version=version[1] if version else str(fields.get("latestVersion", "")),
        url=url,
    )


@dataclass(frozen=True)
class FetchedModel:
    """A downloaded model: its entry, its file, and the structure read from it."""

    entry: ModelEntry
    path: Path
    structure: "Structure"


def fetch_model(http: HttpClient, entry: ModelEntry, path: Path) -> FetchedModel:
    """Download a model to `path` and read it; a damaged one is downloaded again."""
    from pepseq.structure.structure_files import read_structure

    structures = []

    def check(response: httpx2.Response) -> None:
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
        structures.append(structure)

    http.get(entry.url, check=check)
    return FetchedModel(entry, path, structures[-1])
