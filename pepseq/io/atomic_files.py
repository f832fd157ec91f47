"""Atomic writing of files: locks, temporary hidden names, renames, flushing to disk."""

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

_MAX_STEM_BYTES = 180
_RANDOM_DIGITS = 16
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def disk_errors(path: str | Path) -> Iterator[None]:
    """Turn an OSError of the block, which writes `path`, into an OutputError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def locked(path: str | Path, wait: float = 0) -> Iterator[None]:
    """Hold the lock `.<name>.lock` beside `path` during the block, which writes `path`.

    Raises TryAgainError if another run holds it for `wait` more seconds; OSError, OutputError if no
    lock can be made.
    """
    path = Path(path)
    lock = path.parent / f".{hidden_stem(path)}.lock"
    if path.parent.exists() and not path.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: {path.parent} is not a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not os.path.lexists(lock)
    file_lock = FileLock(lock, timeout=wait)
    try:
        _acquire(file_lock, lock)
    except Timeout as error:
        if is_new:
            _check_writable(path.parent)
        raise TryAgainError(
            f"{path}: another run is writing this file; try again when that run is done (if no "
            f"run is active, remove {lock})"
        ) from error
    except BaseException:  # a signal may come after the file was made
        if is_new:
            lock.unlink(missing_ok=True)
        raise
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        file_lock.release()


def _acquire(file_lock: FileLock, lock: Path) -> None:
    """Acquire a lock; where flock is missing, remove the empty file that a killed run left."""
    try:
        file_lock.acquire()
    except Timeout:
        if os.path.islink(lock) or lock.stat().st_size or not _flock_is_missing(lock):
            raise
        lock.unlink(missing_ok=True)
        file_lock.acquire()


def _flock_is_missing(lock: Path) -> bool:
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


def hidden_stem(path: Path) -> str:
    """Return a file's name, or digits of the name's SHA-256 if it leaves no room for a suffix."""
    name = os.fsencode(path.name)
    return path.name if len(name) <= _MAX_STEM_BYTES else hashlib.sha256(name).hexdigest()[:32]


def new_partial(path: Path) -> Path:
    """Return a new hidden name beside `path` that nobody can guess, for a file or folder."""
    return path.parent / f".{hidden_stem(path)}.{secrets.token_hex(_RANDOM_DIGITS // 2)}.partial"


def remove_partials(path: Path) -> None:
    """Remove hidden files that killed runs left of `path`, which must be locked."""
    for name in os.listdir(path.parent):
        if _is_partial(path, name):
            remove_path(path.parent / name)


def _is_partial(path: Path, name: str) -> bool:
    """Return whether a name is such as `new_partial` returns for `path`."""
    form = rf"\.{re.escape(hidden_stem(path))}\.[0-9a-f]{{{_RANDOM_DIGITS}}}\.partial(\.old)?"
    return re.fullmatch(form, name) is not None


@contextmanager
def held_folder(path: Path, mode: int = 0o777) -> Iterator[Path]:
    """Yield a new hidden folder beside `path`; after the block, it is removed if it is still there.

    Such folders that killed processes left are removed first. Raises OSError.
    """
    for name in os.listdir(path.parent):
        if _is_partial(path, name):
            with suppress(OSError):
                handle = _hold(path.parent / name)
                remove_path(path.parent / name)
                os.close(handle)
    partial = new_partial(path)
    partial.mkdir(mode)
    handle = -1
    try:
        with suppress(OSError):  # where flock is missing, nobody removes it either
            handle = _hold(partial)
        yield partial
    finally:
        remove_path(partial)
        if handle >= 0:
            os.close(handle)


def _hold(folder: Path) -> int:
    """Return an open handle of a folder that no other process holds; OSError if one does."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle


def create_file(path: Path, mode: int = 0o666) -> BufferedWriter:
    """Create a file for writing bytes; OSError if the name is taken, by a link too."""
    return open(os.open(path, _CREATE, mode), "wb")


def append_file(path: Path) -> BufferedWriter:
    """Open a file for appending bytes; a link, or another user's file, is replaced first."""
    with suppress(OSError):
        handle = os.open(path, _APPEND)
        status = os.fstat(handle)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1:
            return open(handle, "ab")
        os.close(handle)
    path.unlink(missing_ok=True)
    return create_file(path)


def publish_file(source: Path, path: Path) -> None:
    """Write a finished file to disk, then rename it to `path`, replacing what is there; OSError."""
    sync_to_disk(source)
    source.replace(path)


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield a new hidden file for the block to write; after the block, it replaces `path`.

    If the block raises, the hidden file is removed and `path` stays as it was. `path` must be
    locked. Raises OSError.
    """
    remove_partials(path)
    partial = new_partial(path)
    try:
        create_file(partial).close()
        yield partial
        publish_file(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file by one with this content, in one step; OSError. `path` must be locked."""
    with replacement(path) as partial:
        partial.write_bytes(content)


def remove_path(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if that can be."""
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def sync_to_disk(path: str | Path) -> None:
    """Write a file, or a folder and all its files, through caches to the disk; OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        for place, _, names in os.walk(path):
            for name in names:
                _sync_file(os.path.join(place, name))
            sync_folder_names(place)
    else:
        _sync_file(path)


def _sync_file(path: str | Path) -> None:
    if stat.S_ISREG(os.lstat(path).st_mode):
        with open(path, "rb") as stream:
            os.fsync(stream.fileno())


def sync_folder_names(folder: str | Path) -> None:
    """Write the names of a folder's files to the disk, where the system can; OSError."""
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


def exchange_names(first: str, second: str) -> None:
    """Exchange the names of two files or folders, in one step where the system can; OSError.

    Elsewhere `second` has the name `<first>.old` for a moment.
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
        remove_path(Path(aside))  # a second link to `second`
        raise
    os.rename(aside, first)
