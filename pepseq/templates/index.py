"""Index of a reference: arrays on disk, written whole, with checksums that are checked on opening.

A file is an array in NumPy's format and, after it, a CRC-32 of the reference's hash, the file's
name and the array. Who may write a file can forge a checksum: only files of this user, of root and
of the reference's owner are read, and none that others may write.
"""

import errno
import mmap
import os
import stat
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.errors import InputError
from pepseq.io.atomic_files import (
    create_file,
    exchange_names,
    new_partial,
    remove_path,
    sync_folder_names,
    sync_to_disk,
)
from pepseq.io.json_files import parse_json
from pepseq.io.run_record import to_json

FORMAT = 4
_ABOUT = "index.json"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER_MODE, _FILE_MODE = 0o755, 0o644
"""Of what is made, less what the umask forbids."""
_CHECKSUM_BYTES = 4


class DamagedError(Exception):
    """Files of an index that are not what was written. The message says which, in few words."""


class UntrustedError(Exception):
    """Files of an index that others may have written. The message says which, in few words."""


@dataclass(frozen=True)
class Index:
    """A folder of arrays of one reference.

    key: hash of the reference's contents; owners: ids of the users whose files are read; subpath:
    of the folder inside the index.
    """

    folder: Path
    key: str
    owners: frozenset[int]
    subpath: str = ""

    def subfolder(self, name: str) -> "Index":
        """Return the index in a folder of this one, which is made where it can be."""
        folder = self.folder / name
        with suppress(OSError):
            self._check_owner()
            if folder.is_symlink() or not folder.is_dir():
                remove_path(folder)
                folder.mkdir(_FOLDER_MODE)
        return replace(self, folder=folder, subpath=f"{self.subpath}{name}/")

    def load_array(self, name: str, dtype: type) -> np.ndarray:
        """Return an array, (n,) and read-only: mapped, or read into memory if it is another user's.

        Raises OSError (FileNotFoundError if there is none), DamagedError and UntrustedError.
        """
        with self._open(f"{name}.npy") as stream:
            about = os.fstat(stream.fileno())
            content: mmap.mmap | bytes
            if about.st_uid in (0, os.geteuid()) and about.st_size:
                content = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
            else:
                content = stream.read()  # another user might cut a mapped file short later
            with memoryview(content) as view:
                end = max(len(view) - _CHECKSUM_BYTES, 0)
                if view[end:] != self._checksum(name, view[:end]):
                    raise DamagedError(f"{name}.npy: checksum")
            stream.seek(0)
            try:
                np.lib.format.read_magic(stream)
                shape, _, written = np.lib.format.read_array_header_1_0(stream)
            except ValueError as error:
                raise DamagedError(f"{name}.npy: header") from error
            start = stream.tell()
        if written != dtype or len(shape) != 1 or shape[0] * written.itemsize != end - start:
            raise DamagedError(f"{name}.npy: type or size")
        return np.frombuffer(content, np.uint8, end - start, start).view(dtype)

    def save_array(self, name: str, array: np.ndarray) -> None:
        """Write an array to disk, then give it its name; OSError."""
        self._check_owner()
        path = self.folder / f"{name}.npy"
        partial = new_partial(path)
        try:
            self._write(partial, name, array)
            sync_to_disk(partial)
            if path.is_dir():
                remove_path(path)
            partial.replace(path)
        finally:
            remove_path(partial)

    def read_about(self) -> dict[str, Any]:
        """Return the description of the index that `build` wrote.

        Raises OSError (FileNotFoundError if there is none, ESTALE if it is of an older format),
        DamagedError and UntrustedError.
        """
        with self._open(_ABOUT) as stream:
            try:
                about = parse_json(stream, _ABOUT)
            except InputError as error:
                raise DamagedError(f"{_ABOUT}: no JSON") from error
        if isinstance(about, dict) and about.get("format") in range(FORMAT):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), os.fspath(self.folder))
        if not isinstance(about, dict) or about.pop("checksum", None) != self._digits(about):
            raise DamagedError(f"{_ABOUT}: checksum")
        return about

    def build(
        self, about: dict[str, Any], arrays: dict[str, np.ndarray], check: Callable[[], object]
    ) -> None:
        """Write an index to disk, then give it its name, unless another process was first.

        An index that passes `check` is left alone, for other processes may have mapped it; a
        damaged one of this user is replaced. Raises OSError and UntrustedError.
        """
        self.folder.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
        partial = new_partial(self.folder)
        partial.mkdir(_FOLDER_MODE)
        try:
            for name, array in arrays.items():
                self._write(partial / f"{name}.npy", name, array)
            about = {"format": FORMAT} | about
            with create_file(partial / _ABOUT, _FILE_MODE) as stream:
                stream.write(to_json(about | {"checksum": self._digits(about)}))
            sync_to_disk(partial)
            self._publish(partial, check)
            sync_folder_names(self.folder.parent)
        finally:
            remove_path(partial)

    def _publish(self, partial: Path, check: Callable[[], object]) -> None:
        with suppress(OSError):
            partial.rename(self.folder)
            return
        with suppress(OSError, DamagedError):
            check()
            return
        self._check_owner()
        exchange_names(os.fspath(partial), os.fspath(self.folder))

    def _check_owner(self) -> None:
        """Raise PermissionError if the folder is another user's, who would not trust our files."""
        if os.lstat(self.folder).st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), os.fspath(self.folder))

    def _open(self, name: str) -> BufferedReader:
        """Open a file of which no user but its trusted owner can change a byte."""
        try:
            handle = os.open(self.folder / name, _READ)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise DamagedError(f"{name}: a link") from error
            raise
        about = os.fstat(handle)
        reason: DamagedError | UntrustedError | None = None
        if not stat.S_ISREG(about.st_mode):
            reason = DamagedError(f"{name}: no file")
        elif about.st_uid not in self.owners:
            reason = UntrustedError(f"{name}: of another user")
        elif about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            reason = UntrustedError(f"{name}: others may write it")
        if reason is not None:
            os.close(handle)
            raise reason
        return open(handle, "rb")

    def _write(self, path: Path, name: str, array: np.ndarray) -> None:
        header = BytesIO()
        described = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(header, described)
        with create_file(path, _FILE_MODE) as stream:
            parts = header.getvalue(), array.view(np.uint8).data
            for part in parts:
                stream.write(part)
            stream.write(self._checksum(name, *parts))

    def _checksum(self, name: str, *parts: bytes | memoryview) -> bytes:
        value = zlib.crc32(f"{self.key} {self.subpath}{name}".encode())
        for part in parts:
            value = zlib.crc32(part, value)
        return value.to_bytes(_CHECKSUM_BYTES, "little")

    def _digits(self, about: dict[str, Any]) -> str:
        return self._checksum(_ABOUT, to_json(about)).hex()
