"""The SHA-256 of every file of a base model, written down when first seen and checked ever after.

`models.json` lies in PEPSEQ_HOME, else in pepseq/ under XDG_DATA_HOME or ~/.local/share. A file
whose size and time of change are those written down is not read again before it is used.
"""

import logging
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, OutputError
from pepseq.io.atomic_files import disk_errors, locked, replace_file
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import sha256, to_json

log = logging.getLogger(__name__)
PINNED, RECORDED, NEW, CHANGED = "pinned", "recorded", "new", "changed"
_WAIT = 60


@dataclass(frozen=True)
class FileCheck:
    """What a check of one file found.

    `state` is `pinned` or `recorded` (its SHA-256 is the expected one, from a cited source or from
    when it was first seen), `new` (first seen now) or `changed`.
    """

    path: Path
    state: str
    found: str
    expected: str | None

    def error(self, again: str) -> InputError:
        """Return the error for a changed file; `again` says how to get it anew."""
        return InputError(
            f"{self.path}: damaged or changed: expected SHA-256 {self.expected}, found "
            f"{self.found}; {again}"
        )


def records_path() -> Path:
    """Return where the SHA-256 of base models are written down."""
    data = os.path.join(os.environ.get("XDG_DATA_HOME") or "~/.local/share", "pepseq")
    home = os.path.expanduser(os.environ.get("PEPSEQ_HOME") or data)
    if home.startswith("~"):  # a user without a home folder
        home = os.path.join(tempfile.gettempdir(), f"pepseq-{os.getuid()}")
    return Path(home) / "models.json"


def read_records() -> dict[str, dict]:
    """Return what is written down, by model; InputError if the file is damaged."""
    path = records_path()
    try:
        records = decode_json(path.read_text())
        for entry in records.values():
            if not all(isinstance(file["sha256"], str) for file in entry["files"].values()):
                raise ValueError("a SHA-256 that is no text")
        return records
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: expected the SHA-256 of base models, found {type(error).__name__}: {error}; "
            "if you delete the file, they are written down anew"
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
    """Compare a model's files with their pins, else with what is written down, and return each.

    Files not seen before are written down, with `source`, `revision` and the date; if that cannot
    be done, as in a read-only home folder, a warning says so. With `full` every file is read, also
    one that looks unchanged. Raises InputError for records that cannot be read.
    """
    before = read_records().get(name, {}).get("files", {})
    checks, seen = [], {}
    for file, path in files.items():
        stat = path.stat()
        known = before.get(file, {})
        entry = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        same = all(known.get(key) == value for key, value in entry.items())
        entry["sha256"] = known["sha256"] if same and not full else sha256(path)
        expected = pins.get(file) or known.get("sha256")
        state = PINNED if pins.get(file) else RECORDED if known else NEW
        if expected not in (None, entry["sha256"]):
            state = CHANGED
        elif entry != known:
            seen[file] = entry
        checks.append(FileCheck(path, state, entry["sha256"], expected))
    if seen:
        try:
            _write_down(name, seen, source, revision)
        except OutputError as error:
            log.warning("%s: the SHA-256 of %s are not written down", error, name)
    return checks


def forget(name: str, file: str | None = None) -> None:
    """Remove what is written down of a model, or of one of its files."""

    def change(records: dict) -> None:
        if file is None:
            records.pop(name, None)
        else:
            records.get(name, {}).get("files", {}).pop(file, None)

    _change(change)


def _write_down(name: str, seen: dict, source: str, revision: str | None) -> None:
    def change(records: dict) -> None:
        entry = records.setdefault(name, {"date": time.strftime("%Y-%m-%d"), "files": {}})
        entry |= {"source": source, "revision": revision}
        entry["files"] |= seen

    _change(change)


def _change(change) -> None:
    """Read, change and replace the records while no other run does."""
    path = records_path()
    with disk_errors(path), locked(path, _WAIT):
        records = read_records()
        change(records)
        replace_file(path, to_json(records))
