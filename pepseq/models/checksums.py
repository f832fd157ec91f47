"""The SHA-256 of every file of a base model: recorded at its first use, checked at each later use.

The record, `models.json`, lies in PEPSEQ_HOME, else in pepseq/ under XDG_DATA_HOME or
~/.local/share. A file with the recorded size and time of change is not read again.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, OutputError
from pepseq.io.atomic_files import disk_errors, locked, replace_file
from pepseq.io.home import pepseq_home
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import sha256, to_json

log = logging.getLogger(__name__)
PINNED, RECORDED, NEW, CHANGED = "pinned", "recorded", "new", "changed"
_LOCK_SECONDS = 60


@dataclass(frozen=True)
class FileCheck:
    """The result of checking one file.

    `state` is `pinned` or `recorded` if the SHA-256 is that of a cited source or of the record,
    `new` if the file was not in the record before, or `changed`.
    """

    path: Path
    state: str
    sha256: str
    expected: str | None

    def error(self, next_step: str) -> InputError:
        """Return the error for a changed file; `next_step` says how to replace it."""
        return InputError(
            f"{self.path}: damaged or changed: expected SHA-256 {self.expected}, found "
            f"{self.sha256}; {next_step}"
        )


def checksums_path() -> Path:
    """Return the file that records the SHA-256 of base models."""
    return pepseq_home() / "models.json"


def read_checksums() -> dict[str, dict[str, Any]]:
    """Return the record by model: source, revision, date, files; InputError if it is damaged."""
    path = checksums_path()
    try:
        models = decode_json(path.read_text())
        for entry in models.values():
            if not all(isinstance(file["sha256"], str) for file in entry["files"].values()):
                raise ValueError("a SHA-256 that is no text")
        return models
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: expected the SHA-256 of base models, found {type(error).__name__}: {error}; "
            "delete the file to record them again"
        ) from error


def check_files(
    name: str,
    files: Mapping[str, Path],
    pins: Mapping[str, str | None],
    *,
    source: str,
    revision: str | None = None,
    full: bool = False,
) -> list[FileCheck]:
    """Compare a model's files with their pins, else with the record, and return a check of each.

    New files are recorded, with `source`, `revision` and the date; if the record cannot be
    written, as in a read-only home folder, a warning is logged. With `full` every file is read,
    also one that looks unchanged. Raises InputError if the record cannot be read.
    """
    recorded_files = read_checksums().get(name, {}).get("files", {})
    checks, new_entries = [], {}
    for file, path in files.items():
        stat = path.stat()
        recorded = recorded_files.get(file, {})
        looks_same = (recorded.get("bytes"), recorded.get("mtime_ns")) == (
            stat.st_size,
            stat.st_mtime_ns,
        )
        digest = recorded["sha256"] if looks_same and not full else sha256(path)
        entry = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": digest}
        expected = pins.get(file) or recorded.get("sha256")
        state = PINNED if pins.get(file) else RECORDED if recorded else NEW
        if expected not in (None, digest):
            state = CHANGED
        elif entry != recorded:
            new_entries[file] = entry
        checks.append(FileCheck(path, state, digest, expected))
    if new_entries:
        try:
            _record_checksums(name, new_entries, source, revision)
        except OutputError as error:
            log.warning("%s: the SHA-256 of %s are not recorded", error, name)
    return checks


def forget_checksums(name: str, file: str | None = None) -> None:
    """Remove a model, or one of its files, from the record."""

    def change(models: dict[str, dict[str, Any]]) -> None:
        if file is None:
            models.pop(name, None)
        else:
            models.get(name, {}).get("files", {}).pop(file, None)

    _update_record(change)


def _record_checksums(
    name: str, new_entries: dict[str, dict[str, Any]], source: str, revision: str | None
) -> None:
    def change(models: dict[str, dict[str, Any]]) -> None:
        entry = models.setdefault(name, {"date": time.strftime("%Y-%m-%d"), "files": {}})
        entry |= {"source": source, "revision": revision}
        entry["files"] |= new_entries

    _update_record(change)


def _update_record(change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    """Read, change and replace the record under its lock."""
    path = checksums_path()
    with disk_errors(path), locked(path, _LOCK_SECONDS):
        models = read_checksums()
        change(models)
        replace_file(path, to_json(models))
