"""Atomic writing of files: locks, hidden names, exchanged names, writing through to the disk."""

import ctypes
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter
from pathlib import Path

from filelock import FileLock, Timeout

from pepseq.errors import OutputError, TryAgainError

_LONGEST_STEM = 180
_DIGITS = 16
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def disk_errors(path: str | Path) -> Iterator[None]:
    """Turn an operating system's refusal to write `path` into an OutputError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def locked(path: str | Path, wait: float = 0) -> Iterator[None]:
    """Hold `.<name>.lock` beside `path` while a run writes it; TryAgainError if another does.

    `wait` is how many seconds to give the other run to end. OSError if there can be no lock.
    """
    path = Path(path)
    lock = path.parent / f".{stem_of(path)}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not os.path.lexists(lock)
    held = FileLock(lock, timeout=wait)
    try:
        _acquire(held, lock)
    except Timeout as error:
        if new:
            _check_writable(path.parent)
        raise TryAgainError(
            f"{path}: another run is writing it; try again when it is done (if there is none, "
            f"remove {lock})"
        ) from error
    except BaseException:  # a signal may come after the file was made
        if new:
            lock.unlink(missing_ok=True)
        raise
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        held.release()


def _acquire(held: FileLock, lock: Path) -> None:
    """Acquire a lock; where flock is missing, without the empty file that a killed run left."""
    try:
        held.acquire()
    except Timeout:
        if os.path.islink(lock) or lock.stat().st_size or not _without_flock(lock):
            raise
        lock.unlink(missing_ok=True)
        held.acquire()


def _without_flock(lock: Path) -> bool:
    import fcntl

    with open(lock, "rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno == errno.ENOSYS
    return False


def _check_writable(folder: Path) -> None:
    """Raise OSError if no file can be made in a folder: then nobody holds a lock in it."""
    probe = folder / f".{secrets.token_hex(8)}.partial"
    create_file(probe).close()
    probe.unlink()


def stem_of(path: Path) -> str:
    """Return a file's name, or digits of its SHA-256 if it leaves no room for a suffix."""
    name = os.fsencode(path.name)
    return path.name if len(name) <= _LONGEST_STEM else hashlib.sha256(name).hexdigest()[:32]


def new_partial(path: Path) -> Path:
    """Return an unguessable name beside `path`, for `create_file` or a folder."""
    return path.parent / f".{stem_of(path)}.{secrets.token_hex(_DIGITS // 2)}.partial"


def remove_partials(path: Path) -> None:
    """Remove what killed runs left of `path`, which must be locked."""
    form = re.compile(rf"\.{re.escape(stem_of(path))}\.[0-9a-f]{{{_DIGITS}}}\.partial(\.old)?")
    for name in os.listdir(path.parent):
        if form.fullmatch(name):
            remove(path.parent / name)


def create_file(path: Path, mode: int = 0o666) -> BufferedWriter:
    """Create a file for writing bytes; OSError if there is anything of this name, a link too."""
    return open(os.open(path, _CREATE, mode), "wb")


def append_file(path: Path) -> BufferedWriter:
    """Open a file for appending bytes; what is no file of this user alone is replaced first."""
    with suppress(OSError):
        handle = os.open(path, _APPEND)
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
            return open(handle, "ab")
        os.close(handle)
    path.unlink(missing_ok=True)
    return create_file(path)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a small file at once; OSError. `path` must be locked."""
    remove_partials(path)
    partial = new_partial(path)
    try:
        with create_file(partial) as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if that can be."""
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def sync(path: str | Path) -> None:
    """Write a file, or a folder and all its files, to disk; OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        for place, _, names in os.walk(path):
            for name in names:
                _sync(os.path.join(place, name))
            sync_names(place)
    else:
        _sync(path)


def _sync(path: str | Path) -> None:
    if stat.S_ISREG(os.lstat(path).st_mode):
        with open(path, "rb") as stream:
            os.fsync(stream.fileno())


def sync_names(folder: str | Path) -> None:
    """Write a folder's names to disk, where the system can; OSError."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def exchange(first: str, second: str) -> None:
    """Exchange the names of two files or folders: at once where the system can; OSError.

    Elsewhere `second` is `<first>.old` for a moment.
    """
    with suppress(AttributeError):
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
        names = _AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second)
        if not renameat2(*names, _RENAME_EXCHANGE):
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise OSError(number, os.strerror(number), second)
    aside = f"{first}.old"
    try:
        os.link(second, aside, follow_symlinks=False)  # so that the name is never without a file
    except OSError:
        os.rename(second, aside)  # a folder
    try:
        os.rename(first, second)
    except OSError:
        os.rename(aside, second)
        remove(Path(aside))  # a link to what has its name still
        raise
    os.rename(aside, first)
