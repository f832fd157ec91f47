"""Adding a reference to the library, from FASTA files or from UniProt, and updating it."""

import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, OutputError, PepseqError, SettingsError
from pepseq.http.client import without_password
from pepseq.io.atomic_files import (
    create_file,
    disk_errors,
    exchange_names,
    locked,
    new_partial,
    remove_partials,
    remove_path,
    replace_file,
    sync_folder_names,
    sync_to_disk,
)
from pepseq.io.files import check_inputs, list_paths
from pepseq.io.home import library_folder
from pepseq.io.json_files import read_run_record
from pepseq.io.outputs import STDIO
from pepseq.io.run_record import sha256, to_json
from pepseq.library.entries import (
    RECORD,
    LibraryFile,
    LibraryReference,
    add_again,
    check_name,
    read_reference,
)
from pepseq.sequences.organisms import read_organism
from pepseq.settings import check_config
from pepseq.templates.reference import Reference
from pepseq.templates.reference_files import open_reference
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.download import download, estimate
from pepseq.uniprot.pages import utc_date

log = logging.getLogger(__name__)
KEPT_ORGANISMS = 20
"""Organisms in the record of a reference, the commonest ones."""


def add_reference(
    name: str,
    files: str | Path | Sequence[str | Path] | None = None,
    *,
    search: DownloadConfig | None = None,
    force: bool = False,
) -> LibraryReference:
    """Add a reference to the library, from FASTA files (which are copied) or a search of UniProt.

    The name can be given wherever pepseq takes a reference. With `force` a reference of this name
    is replaced. The reference appears when it is complete, with its index; if a download is
    interrupted, the same call resumes it.

    Raises SettingsError; InputError (no proteins in the files, no such taxon, offline);
    OutputError; TryAgainError if the server fails or another run adds this name.
    """
    target = library_folder() / check_name(name)
    if (files is None) == (search is None):
        raise SettingsError("reference: give FASTA files or a search of UniProt, one of them")
    paths = [] if files is None else list_paths(files, "files", required=True)
    if search is not None:
        check_config(search, DownloadConfig)
    check_inputs(paths)
    with _writing(target):
        if target.exists() and not force:
            raise OutputError(
                f"{name}: a reference of this name is in the library; --force replaces it, pepseq "
                f"reference update {name} updates it"
            )
        if search is None:
            return _add_files(target, paths)
        return _add_download(target, search)


def update_reference(name: str) -> bool:
    """Update a reference of the library; return whether it changed.

    A download is repeated if UniProt has another release or number of records; files are copied
    again if they changed. Raises the errors of `add_reference`; InputError if there is no such
    reference.
    """
    target = library_folder() / check_name(name)
    before = read_reference(name)
    with _writing(target):
        if "search" in before.source:
            search = DownloadConfig(**before.source["search"])
            current = estimate(search)
            same = (current.release, current.records)
            if same == (before.release, before.records + before.left_out):
                return False
            _add_download(target, search)
        else:
            paths = before.source["paths"]
            if STDIO in paths:
                raise InputError(f"{name}: made of standard input; {add_again(name)}")
            check_inputs(paths)
            if [sha256(path) for path in paths] == [file.sha256 for file in before.files]:
                return False
            _add_files(target, paths)
    return True


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Hold the lock of a reference during the block, which replaces its folder."""
    with disk_errors(target), locked(target):
        remove_partials(target)
        yield


def _add_files(target: Path, paths: Sequence[str | Path]) -> LibraryReference:
    """Copy FASTA files and publish them as a reference."""
    with _partial_folder(target) as folder:
        names = _file_names(paths)
        for path, name in zip(paths, names, strict=True):
            with _open(path) as original, create_file(folder / "files" / name) as copy:
                shutil.copyfileobj(original, copy, 1 << 20)
        copied = {str(folder / "files" / n): str(p) for n, p in zip(names, paths, strict=True)}
        try:
            known = open_reference([folder / "files" / name for name in names])
        except PepseqError as error:
            raise InputError(_original_paths(str(error), copied)) from error
        source = {"paths": [p if str(p) == STDIO else os.path.abspath(p) for p in paths]}
        return _publish(folder, target, names, source, known)


def _open(path: str | Path) -> BufferedReader:
    """Open a file, or standard input, which stays open; InputError for a folder."""
    if os.path.isdir(path):
        raise InputError(f"{path}: expected a FASTA file, found a folder")
    return open(0, "rb", closefd=False) if str(path) == STDIO else open(path, "rb")


def _file_names(paths: Sequence[str | Path]) -> list[str]:
    """Return the names of files, numbered if one comes twice."""
    names = ["stdin.fasta" if str(path) == STDIO else Path(path).name for path in paths]
    if len(set(names)) == len(names):
        return names
    return [f"{number}-{name}" for number, name in enumerate(names, 1)]


def _original_paths(message: str, copied: dict[str, str]) -> str:
    for copy, original in copied.items():
        message = message.replace(copy, original)
    return message


def _add_download(target: Path, search: DownloadConfig) -> LibraryReference:
    """Download a search, or resume it, and publish it as a reference."""
    downloads = downloads_folder(target)
    downloads.mkdir(exist_ok=True)
    path, notes = downloads / f"{target.name}.fasta.gz", downloads / "search.json"
    recorded = asdict(search) | {"server": search.server and without_password(search.server)}
    wanted = to_json(recorded)
    if not _is_finished(path, notes, wanted):
        replace_file(notes, wanted)
        download(path, search, force=True)
    record = read_run_record(path)
    with _partial_folder(target) as folder:
        copy = folder / "files" / path.name
        try:
            os.link(path, copy)
        except OSError:
            shutil.copyfile(path, copy)
        settings, done = record["settings"], record["download"]
        source = {"search": recorded, "query": done["query"], "server": settings["server"]}
        source |= {"release": done["release"], "date": done["date"], "taxon": settings["taxon"]}
        reference = _publish(folder, target, [path.name], source, open_reference([copy]))
    remove_path(downloads)
    return reference


def downloads_folder(target: Path) -> Path:
    """Return the hidden folder in which the download of a reference is kept until it is done."""
    return target.parent / f".{target.name}.download"


def _is_finished(path: Path, notes: Path, wanted: bytes) -> bool:
    """Return whether a run that was killed later has finished the download of this search."""
    with suppress(OSError, KeyError, TypeError):
        digest = read_run_record(path)["download"]["sha256"]
        return notes.read_bytes() == wanted and digest == sha256(path)
    return False


@contextmanager
def _partial_folder(target: Path) -> Iterator[Path]:
    """Yield a new hidden folder beside a reference's; it is removed after the block."""
    folder = new_partial(target)
    (folder / "files").mkdir(parents=True)
    try:
        yield folder
    finally:
        remove_path(folder)


def _publish(
    folder: Path, target: Path, names: Sequence[str], source: dict[str, Any], known: Reference
) -> LibraryReference:
    """Write the record of a reference, then give the folder its name, in one step."""
    reference = LibraryReference(
        name=target.name,
        source=source,
        files=tuple(_describe(folder / "files" / name) for name in names),
        proteins=len(known),
        residues=len(known.residues),
        records=known.described["records"],
        left_out=known.described["left_out"],
        updated=utc_date(),
        **_organisms(known),
    )
    with create_file(folder / RECORD) as stream:
        stream.write(reference.to_json())
    sync_to_disk(folder)
    if target.exists():
        exchange_names(os.fspath(folder), os.fspath(target))
    else:
        folder.rename(target)
    sync_folder_names(target.parent)
    return reference


def _describe(path: Path) -> LibraryFile:
    return LibraryFile(path.name, path.stat().st_size, sha256(path))


def _organisms(known: Reference) -> dict[str, Any]:
    """Return the counts of proteins by organism, as fields of a reference's record."""
    found = Counter(read_organism(known.header(protein)) for protein in range(len(known)))
    without = found.pop(None, 0)
    common = [
        {"taxon": organism.taxon, "name": organism.name, "proteins": count}
        for organism, count in found.most_common(KEPT_ORGANISMS)
        if organism is not None
    ]
    return {
        "organisms": tuple(common),
        "organism_count": len(found),
        "without_organism": without,
    }
