"""Publishing of outputs: hidden files get their final names together, all of them or none.

Signals are held while files are renamed; an error or a signal undoes the renames. A journal beside
the first output lets the next run undo the renames of a run that was killed.
"""

import json
import os
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pepseq.errors import OutputError, TryAgainError
from pepseq.io.atomic_files import (
    create_file,
    disk_errors,
    exchange_names,
    hidden_stem,
    locked,
    remove_path,
    sync_folder_names,
    sync_to_disk,
)
from pepseq.processes.signals import signals_held

SIDE_FILES = ("", ".run.json", ".failed.tsv", ".unpaired.tsv")
"""Suffixes of the files of one output: the output itself, its run record, lists of left out records
and of proteins without a pair."""


@dataclass
class PlannedRename:
    """A rename of a set: file or folder `source` becomes `target`, whose older file gets `source`.

    force: an older file at `target` is replaced; else it is an OutputError.
    is_removal: `source` is an older output, which gets the hidden name `target` and is removed.
    is_kept: `source` is not removed if the set fails.
    identity: numbers that tell the new file from any other.
    replaces: there was a file at `target` before.
    is_done: the file has its new name.
    """

    source: str
    target: str
    force: bool = True
    is_removal: bool = False
    is_kept: bool = False
    identity: list[int] | None = None
    replaces: bool = False
    is_done: bool = False

    @property
    def output(self) -> str:
        """The path of the output, which the user knows."""
        return self.source if self.is_removal else self.target

    def prepare(self) -> None:
        """Write the file to disk and look at both names; OutputError, OSError."""
        self.source, self.target = os.path.abspath(self.source), os.path.abspath(self.target)
        if (self.is_kept and not self.is_removal) or os.path.isdir(self.source):
            sync_to_disk(self.source)
        self.identity = _identity(self.source)
        self.replaces = os.path.lexists(self.target)
        if self.replaces and not self.force:
            raise OutputError(f"{self.target}: already exists; --force overwrites it")

    def apply(self) -> None:
        """Rename the file; OSError, after which `undo` restores both names."""
        if self.replaces:
            exchange_names(self.source, self.target)
        else:
            os.rename(self.source, self.target)
        self.is_done = True

    def undo(self) -> None:
        """Rename back, if `target` is the file of this run and nobody changed it; OSError."""
        aside = f"{self.source}.old"
        is_ours = _identity(self.target) == self.identity is not None
        if self.replaces and os.path.lexists(aside):  # killed between the renames of an exchange
            if is_ours:
                os.rename(self.target, self.source)
            if not os.path.lexists(self.target):
                os.rename(aside, self.target)
        elif is_ours and self.replaces and os.path.lexists(self.source):
            exchange_names(self.source, self.target)
        elif is_ours and not self.replaces:
            os.rename(self.target, self.source)
        self.is_done = False

    def clean(self) -> None:
        """Remove the file that is left under a hidden name: a replaced one, or a failed one."""
        if self.is_done or not self.is_kept:
            remove_path(Path(self.target if self.is_removal else self.source))


def publish(renames: list[PlannedRename]) -> None:
    """Apply all renames or none; OutputError, or TryAgainError if a signal comes meanwhile."""
    if not renames:
        return
    outputs = [rename.output for rename in renames]
    main_output = next((path for path in outputs if not is_side_file(Path(path))), outputs[0])
    journal, failing_path = _journal_of(Path(main_output)), main_output
    was_stopped = False
    with signals_held() as held_signals:
        try:
            for rename in renames:
                failing_path = rename.output
                rename.prepare()
            if len(renames) > 1:
                _write_journal(journal, renames)
            for rename in reversed(renames):
                failing_path = rename.output
                rename.apply()
            for folder in {os.path.dirname(rename.target) for rename in renames}:
                failing_path = folder
                sync_folder_names(folder)
            if not held_signals and len(renames) > 1:
                journal.unlink()
        except OSError as error:
            _undo_all(renames, journal)
            raise OutputError(f"{failing_path}: cannot be written: {error.strerror}") from error
        except OutputError:
            _undo_all(renames, journal)
            raise
        if held_signals:
            was_stopped = True
            _undo_all(renames, journal)
    if was_stopped:
        raise TryAgainError("stopped by a signal while outputs were written; none was changed")


def _undo_all(renames: list[PlannedRename], journal: Path) -> None:
    """Undo all renames; if one cannot be undone, the journal stays for the next run."""
    failed = False
    for rename in renames:
        try:
            rename.undo()
        except OSError:
            failed = True
    if failed:
        renames.clear()  # none of the files is removed: older outputs may be among them
    else:
        with suppress(OSError):
            journal.unlink()


def recover(path: str | Path) -> None:
    """Undo the renames of a run that was killed while it published `path` and other outputs.

    `path` must be locked.
    """
    journal = _journal_of(Path(path))
    if not os.path.lexists(journal):
        return
    with disk_errors(path):
        for rename in _read_journal(journal):
            rename.undo()
        journal.unlink(missing_ok=True)


def recover_unlocked(path: str | Path) -> None:
    """Undo the renames of a run that was killed, if any; TryAgainError if a run writes `path`."""
    if os.path.lexists(_journal_of(Path(path))):
        with disk_errors(path), locked(path):
            recover(path)


def _read_journal(journal: Path) -> list[PlannedRename]:
    """Return the renames of a journal; none if it is damaged or another user may write it."""
    try:
        status = os.lstat(journal)
        is_own = status.st_uid == os.geteuid() and not status.st_mode & 0o022
        if not stat.S_ISREG(status.st_mode) or not is_own:
            return []
        return [PlannedRename(**entry) for entry in json.loads(journal.read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def _write_journal(journal: Path, renames: list[PlannedRename]) -> None:
    journal.unlink(missing_ok=True)
    with create_file(journal, 0o600) as stream:
        stream.write(json.dumps([asdict(rename) for rename in renames]).encode())
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder_names(journal.parent)


def _journal_of(path: Path) -> Path:
    return path.parent / f".{hidden_stem(path)}.journal"


def is_side_file(path: Path) -> bool:
    """Return whether a file lies beside an output and belongs to it: see SIDE_FILES."""
    return path.name.endswith(SIDE_FILES[1:])


def _identity(path: str) -> list[int] | None:
    """Return numbers that tell a file from any other, and change when the file is changed."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]
