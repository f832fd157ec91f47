"""References of the library: their records on disk, and finding them by name.

A reference is a folder `<PEPSEQ_HOME>/references/<name>` with `reference.json`, the FASTA files in
`files`, and their index beside them. Folders appear and are replaced whole.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.files import list_paths
from pepseq.io.home import library_folder
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import cached_sha256, sha256, to_json

RECORD = "reference.json"
FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MAX_LISTED = 20
_DOWNLOAD = re.compile(r"\.(?P<name>.+)\.download")


@dataclass(frozen=True)
class LibraryFile:
    """A FASTA file of a reference of the library."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class LibraryReference:
    """A reference of the library.

    source: how it was made: `paths` of FASTA files, or a `search` of UniProt (see DownloadConfig)
        with its `query`, `server`, `release`, `date` and `taxon`.
    proteins, residues: of distinct proteins; records: of the files; left_out: records that are no
        proteins.
    organisms: the commonest organisms, each with `taxon`, `name` and number of `proteins`;
        organism_count: how many there are; without_organism: proteins whose header names none.
    """

    name: str
    source: dict[str, Any]
    files: tuple[LibraryFile, ...]
    proteins: int
    residues: int
    records: int
    left_out: int
    organisms: tuple[dict[str, Any], ...]
    organism_count: int
    without_organism: int
    updated: str

    @property
    def folder(self) -> Path:
        """The folder of the reference."""
        return library_folder() / self.name

    @property
    def paths(self) -> list[Path]:
        """The FASTA files."""
        return [self.folder / "files" / file.name for file in self.files]

    @property
    def release(self) -> str:
        """The release of UniProt; empty if the reference was made of files."""
        return str(self.source.get("release", ""))

    @property
    def origin(self) -> str:
        """The query of UniProt, or the paths of the files."""
        return str(self.source.get("query") or " ".join(self.source.get("paths", ())))

    def to_json(self) -> bytes:
        """Return the content of the record on disk."""
        record = {"format": FORMAT, **asdict(self)}
        return to_json(record | {"checksum": _checksum(record)})


def check_name(name: str) -> str:
    """Return a name of the library; SettingsError for a text that cannot be one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == "bundled":
        raise SettingsError(
            f"{quoted(str(name))}: a name of a reference consists of letters, digits, _ and - (at "
            "most 64, not a file name, not bundled)"
        )
    return name


def read_reference(name: str) -> LibraryReference:
    """Return a reference of the library by its name.

    Raises InputError if there is none (the names of those there are listed) or its record is
    damaged.
    """
    path = library_folder() / check_name(name) / RECORD
    try:
        content = path.read_bytes()
    except OSError as error:
        if path.parent.is_dir():
            raise _damaged(name, error.strerror or "cannot be read") from error
        raise InputError(
            f"{name}: no reference of this name in the library ({_names_there()}); add one: pepseq "
            f"reference add {name} --taxon TAXON"
        ) from error
    try:
        record = decode_json(content)
        checksum = record.pop("checksum")
        if record["format"] != FORMAT and checksum == _checksum(record):
            raise _damaged(name, f"made by another version of pepseq, format {record['format']}")
        if checksum != _checksum(record):
            raise ValueError("checksum")
        del record["format"]
        files = tuple(LibraryFile(**file) for file in record.pop("files"))
        organisms = tuple(record.pop("organisms"))
        return LibraryReference(**record, files=files, organisms=organisms)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(name, "damaged") from error


def reference_names() -> list[str]:
    """Return the names of the references in the library, sorted."""
    folder = library_folder()
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(name for name in names if _NAME.fullmatch(name) and (folder / name).is_dir())


def interrupted_downloads() -> list[str]:
    """Return the names of references whose download is not complete, sorted."""
    try:
        names = os.listdir(library_folder())
    except OSError:
        return []
    return sorted(match["name"] for name in names if (match := _DOWNLOAD.fullmatch(name)))


def list_references() -> list[LibraryReference]:
    """Return the references of the library, by name; InputError if the record of one is damaged."""
    return [read_reference(name) for name in reference_names()]


def reference_paths(
    references: str | Path | Iterable[str | Path], required: bool = False
) -> list[str | Path]:
    """Return the FASTA files of references: names of the library are replaced by their files.

    The path of a file, and any text that cannot be a name, stays as it is. Raises SettingsError for
    an argument that is no path and, if one is `required`, for none; InputError for a name that the
    library lacks and for a changed file in the library.
    """
    paths: list[str | Path] = []
    for given in list_paths(references, "reference", required):
        if not isinstance(given, str) or not _NAME.fullmatch(given) or _is_file(given):
            paths.append(given)
            continue
        if given not in reference_names():
            raise InputError(
                f"{given}: no such file, and no reference of this name in the library "
                f"({_names_there()}); add one: pepseq reference add {given} --taxon TAXON"
            )
        paths += _checked_paths(given)
    return paths


def _checked_paths(name: str) -> list[Path]:
    """Return the files of a reference; InputError if one is not as recorded."""
    reference = read_reference(name)
    for path, file in zip(reference.paths, reference.files, strict=True):
        if state := file_state(path, file):
            if read_reference(name) != reference:  # another run has replaced it
                return _checked_paths(name)
            raise InputError(f"{path}: {state}; {add_again(name)}")
    return reference.paths


def file_state(path: Path, file: LibraryFile, full: bool = False) -> str:
    """Return `missing`, `changed`, or nothing if a file is as recorded.

    Unless `full`, a file is read once in a process, as long as its size and times stay.
    """
    try:
        digest = sha256(path) if full else cached_sha256(path)
    except FileNotFoundError:
        return "missing"
    return "" if digest == file.sha256 else "changed"


def _is_file(path: str) -> bool:
    return os.path.exists(path) and not os.path.isdir(path)


def _checksum(record: dict[str, Any]) -> str:
    return hashlib.sha256(to_json(record)).hexdigest()


def _names_there() -> str:
    names = reference_names()
    if not names:
        return "which is empty"
    return f"there: {', '.join(names[:_MAX_LISTED])}{', ...' * (len(names) > _MAX_LISTED)}"


def _damaged(name: str, problem: str) -> InputError:
    path = library_folder() / name / RECORD
    return InputError(f"{path}: {problem}; {add_again(name)}")


def add_again(name: str) -> str:
    """Return the advice for a damaged reference."""
    return (
        f"add the reference again: pepseq reference add {name} --force, or remove it: pepseq "
        f"reference remove {name}"
    )
