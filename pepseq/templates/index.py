"""Index of a reference: arrays on disk, written whole, with checksums that are checked on opening.

The salt of a checksum is the reference's hash and the file's name. Who may write a file can forge a
checksum: only files of this user, of root and of the reference's owner are read, and none that
others may write.
"""

import errno
import os
import stat
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.errors import InputError
from pepseq.io.atomic_files import (
    create_file,
    exchange_names,
    held_folder,
    remove_path,
    sync_folder_names,
    sync_to_disk,
)
from pepseq.io.json_files import parse_json
from pepseq.io.run_record import to_json
from pepseq.templates.array_files import ArrayWriter, DamagedError, read_array

FORMAT = 5
_ABOUT = "index.json"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER_MODE, _FILE_MODE = 0o755, 0o644
"""Of what is made, less what the umask forbids."""


class UntrustedError(Exception):
    """Files of an index that others may have written. The message says which, in few words."""


@dataclass
class NewArrays:
    """Arrays that are being written, to files of a folder or, without a folder, to memory.

    `salt`: of their checksums, see `ArrayWriter`, before the array's name.
    """

    folder: Path | None = None
    salt: str = ""
    writers: dict[str, ArrayWriter] = field(default_factory=dict)

    def create(self, name: str, dtype: type | np.dtype) -> ArrayWriter:
        """Return a writer of a new array; an array that has the name loses it. Raises OSError."""
        path = None if self.folder is None else self.folder / f"{name}.npy"
        if name in self.writers:
            self.writers.pop(name).close()
            if path is not None:
                path.unlink()
        self.writers[name] = ArrayWriter(path, dtype, self.salt + name)
        return self.writers[name]

    def finish(self) -> None:
        """Complete all files; OSError."""
        for writer in self.writers.values():
            writer.finish()

    def close(self) -> None:
        """Close all files."""
        for writer in self.writers.values():
            writer.close()


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
            is_own = os.fstat(stream.fileno()).st_uid in (0, os.geteuid())
            try:  # another user might cut a mapped file short later
                return read_array(stream, dtype, self._salt + name, in_memory=not is_own)
            except DamagedError as error:
                raise DamagedError(f"{name}.npy: {error}") from error

    def save_arrays(
        self,
        names: Sequence[str],
        dtype: type | np.dtype,
        write: Callable[[Sequence[ArrayWriter]], None],
    ) -> None:
        """Let `write` write arrays, one writer for each name, then give the files their names.

        Raises OSError.
        """
        self._check_owner()
        with held_folder(self.folder / "arrays", _FOLDER_MODE) as partial:
            arrays = NewArrays(partial, self._salt)
            try:
                write([arrays.create(name, dtype) for name in names])
                arrays.finish()
            finally:
                arrays.close()
            sync_to_disk(partial)
            for name in arrays.writers:
                path = self.folder / f"{name}.npy"
                if path.is_dir():
                    remove_path(path)
                (partial / path.name).replace(path)

    def save_array(self, name: str, array: np.ndarray) -> None:
        """Write an array to disk, then give it its name; OSError."""
        self.save_arrays([name], array.dtype, lambda writers: writers[0].append(array))

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
        self, write: Callable[[NewArrays], dict[str, Any]], check: Callable[[], object]
    ) -> None:
        """Let `write` write the arrays and return a description, then give the index its name.

        If another process was first, an index that passes `check` is left alone, for other
        processes may have mapped it; a damaged one of this user is replaced. Raises OSError,
        UntrustedError and what `write` raises; then nothing is left.
        """
        is_new = not self.folder.parent.exists()
        self.folder.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
        try:
            with held_folder(self.folder, _FOLDER_MODE) as partial:
                arrays = NewArrays(partial, self._salt)
                try:
                    about = {"format": FORMAT} | write(arrays)
                    arrays.finish()
                finally:
                    arrays.close()
                with create_file(partial / _ABOUT, _FILE_MODE) as stream:
                    stream.write(to_json(about | {"checksum": self._digits(about)}))
                sync_to_disk(partial)
                self._publish(partial, check)
                sync_folder_names(self.folder.parent)
        finally:
            if is_new:
                with suppress(OSError):  # it is not empty
                    self.folder.parent.rmdir()

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

    @property
    def _salt(self) -> str:
        return f"{self.key} {self.subpath}"

    def _digits(self, about: dict[str, Any]) -> str:
        salt = zlib.crc32(f"{self._salt}{_ABOUT}".encode())
        return f"{zlib.crc32(to_json(about), salt):08x}"
