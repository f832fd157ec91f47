"""Reading and writing files so that nothing is half-written and every result can be traced.

Outputs are written beside their final name and renamed when whole; a lock keeps a second run
out; each output has a run record `<output>.run.json`. `-` is stdin or stdout, and a `.gz` suffix
means gzip.
"""

import gzip
import hashlib
import importlib.metadata
import io
import json
import os
import platform
import shutil
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.version import __version__

STDIO = "-"
SIDE_FILES = ("", ".run.json", ".failed.tsv", ".unpaired.tsv")
"""An output, its run record, records left out and proteins without a pair: written together."""
_GZIP_MAGIC = b"\x1f\x8b"


class _Source(io.FileIO):
    """A file whose failing reads are faults of the input."""

    def readinto(self, buffer) -> int | None:
        """Read as FileIO does; InputError if the system cannot."""
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror}") from error


@contextmanager
def open_input(path: str | Path) -> Iterator[io.BufferedReader]:
    """Open a file, or stdin for `-`, for reading bytes; gzip is unpacked whatever its name.

    Raises InputError for a missing or unreadable file and for gzip that is cut short, damaged, or
    followed by something else.
    """
    if str(path) == STDIO and sys.stdin is None:
        raise InputError("stdin: is closed")
    try:
        raw = io.BufferedReader(_Source(0 if str(path) == STDIO else path, closefd=path != STDIO))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: expected a file, found a folder") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    with raw:
        packed = raw.peek(2)[:2] == _GZIP_MAGIC
        if not packed and str(path).endswith(".gz") and raw.peek(1):
            raise InputError(f"{path}: expected gzip as its name says, found something else")
        try:
            yield gzip.open(raw) if packed else raw
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{path}: expected whole gzip data, found: {error}") from error


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def locked(path: str | Path, wait: float = 0) -> Iterator[None]:
    """Hold `.<name>.lock` beside `path` while a run writes it; TryAgainError if another does.

    `wait` is how many seconds to give the other run to end.
    """
    path = Path(path)
    lock = path.parent / f".{path.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=wait):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout as error:
        lock.touch()  # an OSError where no file can be made: nobody holds that lock
        busy = f"{path}: another run is writing it; try again when it is done"
        raise TryAgainError(busy) from error


@contextmanager
def disk_errors(path: str | Path) -> Iterator[None]:
    """Turn an operating system's refusal to write `path` into an OutputError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def check_free(
    outputs: list[str | Path], inputs: list[str | Path], force: bool, folder: bool = False
) -> None:
    """Refuse outputs that cannot be written or must not be.

    SettingsError if an output, or the run record or list of failed records beside it, is an input
    or another output; OutputError if it exists already (unless `force`), or is not a regular file
    (with `folder`: a folder).
    """
    seen = {os.path.realpath(p) for p in inputs if str(p) != STDIO}
    for what, paths in (("input from stdin", inputs), ("output on stdout", outputs)):
        if [str(p) for p in paths].count(STDIO) > 1:
            raise SettingsError(f"expected at most one {what} (-), found several")
    for output in outputs:
        if str(output) == STDIO:
            continue
        if not Path(output).name:
            raise SettingsError(f"output: expected a name, found {str(output)!r}")
        sides = {os.path.realpath(f"{Path(output)}{end}") for end in SIDE_FILES}
        if sides & seen:
            raise SettingsError(f"{output}: an output must differ from every input and output")
        seen |= sides
        if os.path.lexists(output) and not force:
            raise OutputError(f"{output}: exists already; --force overwrites it")
        if os.path.exists(output) and not (os.path.isdir if folder else os.path.isfile)(output):
            kind = "folder" if folder else "regular file (- is stdout)"
            raise OutputError(f"{output}: expected a {kind}, found something else")


class Outputs:
    """The files of one run, which appear under their names together when it succeeds.

    Use as a context manager: `open(path)` gives a binary stream; on leaving without an error every
    file is flushed to disk and renamed, the first opened last; with an error all are removed and
    older files stay as they were.
    """

    def __init__(self, force: bool = True):
        self._force = force
        self._open: list[tuple[Path, Path, io.BufferedIOBase, io.BufferedIOBase]] = []
        self._locks = []
        self._stale: list[Path] = []

    def __enter__(self) -> "Outputs":
        return self

    def open(self, path: str | Path) -> io.BufferedIOBase:
        """Open an output for writing bytes: gzip for a `.gz` name, stdout for `-`."""
        if str(path) == STDIO:
            if not hasattr(sys.stdout, "buffer"):
                raise OutputError("stdout: is closed")
            return sys.stdout.buffer
        path = Path(path)
        lock = locked(path)
        with disk_errors(path):
            lock.__enter__()
            self._locks.append(lock)
            partial = path.parent / f".{path.name}.partial"
            raw = open(partial, "wb")
        stream = gzip.GzipFile("", "wb", 6, raw, mtime=0) if path.suffix == ".gz" else raw
        self._open.append((path, partial, raw, stream))
        return stream

    def add(self, path: str | Path, content: bytes) -> None:
        """Write a small output in one go."""
        self.open(path).write(content)

    def drop(self, path: str | Path) -> None:
        """Remove an older file when this run succeeds."""
        self._stale.append(Path(path))

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                self._publish()
            elif isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
                where = ", ".join(str(path) for path, *_ in self._open) or "stdout"
                raise OutputError(f"{where}: cannot be written: {error.strerror}") from error
        finally:
            for _, partial, raw, _ in self._open:
                with suppress(OSError):
                    raw.close()
                partial.unlink(missing_ok=True)
            for lock in self._locks:
                lock.__exit__(None, None, None)

    def _publish(self) -> None:
        for path, _, raw, stream in self._open:
            with disk_errors(path):
                if stream is not raw:
                    stream.close()
                raw.flush()
                os.fsync(raw.fileno())
                raw.close()
        for path, *_ in self._open:
            if not self._force and os.path.lexists(path) and not path.name.endswith(SIDE_FILES[1:]):
                raise OutputError(f"{path}: has appeared during the run; --force overwrites it")
        for path, partial, _, _ in reversed(self._open):
            with disk_errors(path):
                partial.replace(path)
        for path in self._stale:
            path.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: str | Path, force: bool = False) -> Iterator[Path]:
    """Yield a new folder that becomes `folder` when the block ends without an error.

    With `force` an older folder is replaced at the end, and kept if the block fails. A link to a
    folder stays a link.
    """
    folder = Path(os.path.realpath(folder))
    partial = folder.parent / f".{folder.name}.partial"
    with disk_errors(folder), locked(folder):
        shutil.rmtree(partial, ignore_errors=True)
        with disk_errors(folder):
            partial.mkdir(parents=True)
        try:
            yield partial
            with disk_errors(folder):
                replace_folder(partial, folder, force)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def replace_folder(new: Path, folder: Path, force: bool) -> None:
    """Rename `new` to `folder`; an older `folder` steps aside first and goes last."""
    old = folder.parent / f".{folder.name}.old"
    if old.exists() and not folder.exists():
        old.rename(folder)  # an earlier run was killed between the two renames below
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        if not force:
            raise OutputError(f"{folder}: exists already; --force overwrites it")
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def run_record(command: str, settings: dict, inputs: list[str | Path], started: float) -> dict:
    """Describe a run: command, settings, inputs with their SHA-256, versions, time.

    `started` is the `time.time()` at which the run began.
    """
    libraries = {}
    for name in ("torch", "transformers", "accelerate", "safetensors", "numpy", "scipy", "pandas"):
        if name in sys.modules:
            libraries[name] = importlib.metadata.version(name)
    return {
        "command": command,
        "pepseq": __version__,
        "settings": settings,
        "inputs": [describe_input(path) for path in inputs],
        "libraries": libraries,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
    }


def write_run_record(
    outputs: Outputs,
    output: str | Path,
    command: str,
    settings: dict,
    inputs: list[str | Path],
    started: float,
) -> None:
    """Write `<output>.run.json`, unless the output is stdout."""
    if str(output) != STDIO:
        record = run_record(command, settings, inputs, started)
        outputs.add(f"{Path(output)}.run.json", to_json(record))


def describe_input(path: str | Path) -> dict:
    """Return a file's name, size in bytes and SHA-256; only the name for a pipe or stdin."""
    described = {"path": str(path)}
    if str(path) != STDIO and Path(path).is_file():
        described |= {"bytes": Path(path).stat().st_size, "sha256": sha256(path)}
    return described


def to_json(value: dict) -> bytes:
    """Return readable JSON with a final newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode(
        "utf-8", "backslashreplace"
    )
