"""Removing references from the library, and comparing their files with the checksums."""

from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError
from pepseq.io.atomic_files import disk_errors, locked, new_partial, remove_partials, remove_path
from pepseq.io.home import library_folder
from pepseq.library.add import downloads_folder
from pepseq.library.entries import add_again, check_name, file_state, read_reference
from pepseq.templates.reference_files import open_reference

AS_RECORDED = "as recorded"


@dataclass(frozen=True)
class VerifiedFile:
    """A file of a reference; its `state` is `as recorded`, `changed` or `missing`."""

    reference: str
    path: Path
    state: str


def remove_reference(name: str) -> None:
    """Remove a reference from the library, with its index and what an interrupted download left.

    Raises InputError if there is none; OutputError; TryAgainError if another run writes it.
    """
    target = library_folder() / check_name(name)
    downloads = downloads_folder(target)
    if not target.is_dir() and not downloads.is_dir():
        read_reference(name)  # the error lists the names
    with disk_errors(target), locked(target):
        remove_partials(target)
        if target.is_dir():
            hidden = new_partial(target)
            target.rename(hidden)
            remove_path(hidden)
        remove_path(downloads)


def verify_reference(name: str) -> list[VerifiedFile]:
    """Compare the files of a reference with their SHA-256, and open its index, which is checked.

    A damaged index is rebuilt with a warning. Raises InputError if there is no such reference.
    """
    reference = read_reference(name)
    states = [
        file_state(path, file, full=True)
        for path, file in zip(reference.paths, reference.files, strict=True)
    ]
    if not any(states):
        open_reference(reference.paths)
    return [
        VerifiedFile(name, path, state or AS_RECORDED)
        for path, state in zip(reference.paths, states, strict=True)
    ]


def raise_if_changed(files: list[VerifiedFile]) -> None:
    """Raise InputError for the first file that is not as recorded."""
    for file in files:
        if file.state != AS_RECORDED:
            raise InputError(f"{file.path}: {file.state}; {add_again(file.reference)}")
