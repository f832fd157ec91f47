"""Outputs of a run: written under hidden names, and renamed together when the run succeeds.

Nobody can guess the hidden names, and a lock keeps a second run out.
"""

import io
import logging
import os
import sys
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pepseq.errors import OutputError
from pepseq.io.atomic_files import create_file, disk_errors, locked, new_partial, remove_partials
from pepseq.io.compression import compressed
from pepseq.io.publishing import PlannedRename, is_side_file, publish, recover
from pepseq.io.run_record import describe_outputs, to_json
from pepseq.io.terminal_table import format_tsv_for_terminal, is_terminal

log = logging.getLogger(__name__)
STDIO = "-"


class Outputs:
    """Files and folders of one run, which get their names together when the run succeeds.

    Use as a context manager: `open(path)` returns a binary stream, `folder(path)` a new folder. At
    the end of the block all are written to disk and renamed. After an error or a signal they are
    removed, and older outputs stay as they were.
    """

    def __init__(self, force: bool = True):
        self._force = force
        self._streams: list[tuple[Path, io.BufferedWriter, IO[bytes]]] = []
        self._renames: list[PlannedRename] = []
        self._locks: list[AbstractContextManager[None]] = []
        self._writes_stdout = False
        self._terminal_table: io.BytesIO | None = None
        self._written: list[tuple[str, str, Path | None]] = []
        self._record: tuple[Path, dict[str, Any]] | None = None

    def __enter__(self) -> "Outputs":
        return self

    def open(self, path: str | Path, kind: str, is_table: bool = False) -> IO[bytes]:
        """Open an output for writing bytes: compressed by its suffix, standard output for `-`.

        `kind` says in the run record what the output is, such as `proteins`. If standard output is
        a terminal, a table in TSV is printed there with aligned columns when the run succeeds.
        """
        if str(path) == STDIO:
            self._written.append((STDIO, kind, None))
            if not hasattr(sys.stdout, "buffer"):
                raise OutputError("stdout: is closed")
            self._writes_stdout = True
            if is_table and is_terminal():
                self._terminal_table = io.BytesIO()
                return self._terminal_table
            return sys.stdout.buffer
        path = Path(path)
        with disk_errors(path):
            partial = self._new_partial(path, self._force)
            raw = create_file(partial)
        stream = compressed(raw, path)
        self._streams.append((path, raw, stream))
        self._written.append((str(path), kind, partial))
        return stream

    def folder(self, path: str | Path, kind: str, force: bool = False) -> Path:
        """Return a new folder that becomes `path`; a link to a folder stays a link.

        With `force` it replaces an older folder, which else is an OutputError at the end.
        """
        name, path = str(path), Path(os.path.realpath(path))
        with disk_errors(path):
            partial = self._new_partial(path, force)
            partial.mkdir()
        self._written.append((name, kind, partial))
        return partial

    def adopt(
        self, partial: Path, path: Path, kind: str, force: bool = True, name: str | None = None
    ) -> None:
        """Rename the finished file or folder `partial` to `path`, which the caller has locked.

        If the run fails, `partial` keeps its name. `name` is the path as the user gave it.
        """
        self._renames.append(PlannedRename(str(partial), str(path), force, is_kept=True))
        self._written.append((name or str(path), kind, partial))

    def add(self, path: str | Path, content: bytes, kind: str) -> None:
        """Write an output with this content."""
        self.open(path, kind).write(content)

    def record(self, output: str | Path, record: dict[str, Any]) -> None:
        """Write the run record `<output>.run.json`, unless the output is standard output.

        `outputs` is added to the record: path, kind, size and SHA-256 of each output of the run.
        """
        if str(output) != STDIO:
            self._record = Path(f"{Path(output)}.run.json"), record

    def drop(self, path: str | Path) -> None:
        """Remove an older file when this run succeeds."""
        path = Path(path)
        if os.path.lexists(path):
            hidden = new_partial(path)
            rename = PlannedRename(str(path), str(hidden), is_removal=True, is_kept=True)
            self._renames.append(rename)

    def _new_partial(self, path: Path, force: bool) -> Path:
        """Lock an output, and return the hidden name under which it is written."""
        lock = locked(path)
        lock.__enter__()
        self._locks.append(lock)
        recover(path)
        remove_partials(path)
        partial = new_partial(path)
        self._renames.append(PlannedRename(str(partial), str(path), force or is_side_file(path)))
        return partial

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish_streams()
                if self._record is not None:
                    path, record = self._record
                    record["outputs"] = describe_outputs(self._written)
                    self.add(path, to_json(record), "run record")
                    self._finish_streams()
                publish(self._renames)
            elif isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
                where = error.filename or ", ".join(str(path) for path, *_ in self._streams)
                raise OutputError(
                    f"{where or 'stdout'}: cannot be written: {error.strerror}"
                ) from error
        finally:
            for _, raw, _ in self._streams:
                with suppress(OSError):
                    raw.close()
            for rename in self._renames:
                rename.clean()
            for lock in self._locks:
                lock.__exit__(None, None, None)

    def _finish_streams(self) -> None:
        """Write all streams to disk and close them."""
        if self._writes_stdout:
            with disk_errors("stdout"):
                if self._terminal_table is not None:
                    _print_table(self._terminal_table.getvalue())
                    self._terminal_table = None
                sys.stdout.buffer.flush()
        for path, raw, stream in self._streams:
            with disk_errors(path):
                if stream is not raw:
                    stream.close()
                raw.flush()
                os.fsync(raw.fileno())
                raw.close()
        self._streams.clear()


def _print_table(content: bytes) -> None:
    text, left_out = format_tsv_for_terminal(content)
    sys.stdout.write(text)
    sys.stdout.flush()
    if left_out:
        log.info(
            "the terminal is too narrow for the columns %s; -o FILE or a pipe has them",
            ", ".join(left_out),
        )
