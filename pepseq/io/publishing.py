"""Files that get their names as one set: all of them, or none.

Signals are held meanwhile; an error or a signal undoes the renames. A journal beside the first file
lets the next run undo the renames of one that was killed.
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
"""An output, its run record, records left out and proteins without a pair: written together."""


@dataclass
class Rename:
    """One rename of a set: `new` becomes `name`, and what had the name before becomes `new`.

    With `removal`, `new` is an older file and `name` the hidden one that it is before it is gone.
    A `kept` file is not removed if the set fails. `identity` tells the file from any other;
    `replaces`: there was something of this name before.
    """

    new: str
    name: str
    force: bool = True
    removal: bool = False
    kept: bool = False
    identity: list[int] | None = None
    replaces: bool = False
    done: bool = False

    @property
    def place(self) -> str:
        """The name that a user knows."""
        return self.new if self.removal else self.name

    def prepare(self) -> None:
        """Write the file to disk and look at both names; OutputError, OSError."""
        self.new, self.name = os.path.abspath(self.new), os.path.abspath(self.name)
        if (self.kept and not self.removal) or os.path.isdir(self.new):
            sync_to_disk(self.new)
        self.identity = _identity(self.new)
        self.replaces = os.path.lexists(self.name)
        if self.replaces and not self.force:
            raise OutputError(f"{self.name}: exists already; --force overwrites it")

    def apply(self) -> None:
        """Rename; OSError if that cannot be: `undo` restores both names."""
        exchange_names(self.new, self.name) if self.replaces else os.rename(self.new, self.name)
        self.done = True

    def undo(self) -> None:
        """Rename back, if `name` is what this run put there and nobody changed it; OSError."""
        aside, ours = f"{self.new}.old", _identity(self.name) == self.identity is not None
        if self.replaces and os.path.lexists(aside):  # killed between the renames of an exchange
            if ours:
                os.rename(self.name, self.new)
            if not os.path.lexists(self.name):
                os.rename(aside, self.name)
        elif ours and self.replaces and os.path.lexists(self.new):
            exchange_names(self.new, self.name)
        elif ours and not self.replaces:
            os.rename(self.name, self.new)
        self.done = False

    def clean(self) -> None:
        """Remove what no name is left for: an older output, or a new one of a set that failed."""
        if self.done or not self.kept:
            remove_path(Path(self.name if self.removal else self.new))


def publish(renames: list[Rename]) -> None:
    """Rename all, or none: OutputError, or what a signal meanwhile raises."""
    if not renames:
        return
    main = next((one for one in renames if not is_side_file(Path(one.place))), renames[0])
    journal, where = _journal(Path(main.place)), main.place
    undone = False
    with signals_held() as held:
        try:
            for rename in renames:
                where = rename.place
                rename.prepare()
            if len(renames) > 1:
                _write_journal(journal, renames)
            for rename in reversed(renames):
                where = rename.place
                rename.apply()
            for folder in {os.path.dirname(rename.name) for rename in renames}:
                where = folder
                sync_folder_names(folder)
            if not held and len(renames) > 1:
                journal.unlink()
        except OSError as error:
            _undo(renames, journal)
            raise OutputError(f"{where}: cannot be written: {error.strerror}") from error
        except OutputError:
            _undo(renames, journal)
            raise
        if held:
            undone = True
            _undo(renames, journal)
    if undone:
        raise TryAgainError("stopped by a signal while outputs were written; none was changed")


def _undo(renames: list[Rename], journal: Path) -> None:
    """Undo all renames; where that cannot be, the journal stays for the next run."""
    failed = False
    for rename in renames:
        try:
            rename.undo()
        except OSError:
            failed = True
    if failed:
        renames.clear()  # nothing of them is removed: older outputs may be among them
    else:
        with suppress(OSError):
            journal.unlink()


def recover(path: str | Path) -> None:
    """Undo the renames of a run that was killed while it published `path` and others.

    `path` must be locked.
    """
    journal = _journal(Path(path))
    if not os.path.lexists(journal):
        return
    with disk_errors(path):
        for rename in _read_journal(journal):
            rename.undo()
        journal.unlink(missing_ok=True)


def recover_unlocked(path: str | Path) -> None:
    """Undo the renames of a run that was killed, if there was one; TryAgainError if one is busy."""
    if os.path.lexists(_journal(Path(path))):
        with disk_errors(path), locked(path):
            recover(path)


def _read_journal(journal: Path) -> list[Rename]:
    """Return the renames of a journal; none if it is not this user's own, or not whole."""
    try:
        about = os.lstat(journal)
        mine = about.st_uid == os.geteuid() and not about.st_mode & 0o022
        if not stat.S_ISREG(about.st_mode) or not mine:
            return []
        return [Rename(**one) for one in json.loads(journal.read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def _write_journal(journal: Path, renames: list[Rename]) -> None:
    journal.unlink(missing_ok=True)
    with create_file(journal, 0o600) as stream:
        stream.write(json.dumps([asdict(rename) for rename in renames]).encode())
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder_names(journal.parent)


def _journal(path: Path) -> Path:
    return path.parent / f".{hidden_stem(path)}.journal"


def is_side_file(path: Path) -> bool:
    """Return whether a file is one of SIDE_FILES that lie beside an output."""
    return path.name.endswith(SIDE_FILES[1:])


def _identity(path: str) -> list[int] | None:
    """Return numbers that tell a file from any other, and from itself once it was changed."""
    try:
        about = os.lstat(path)
    except OSError:
        return None
    return [about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns]
