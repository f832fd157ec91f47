"""Arrays on disk: written piece by piece with a checksum, read memory-mapped.

A file is an array in NumPy's format and, after it, a CRC-32 of the array, the header and a salt.
"""

import mmap
import os
import weakref
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pepseq.io.atomic_files import create_file

HEADER_BYTES = 128
"""Of the header of any array with one dimension."""
_CHECKSUM_BYTES = 4
_PIECE_BYTES = 1 << 24
_FILE_MODE = 0o644
_MAX_RESIDENT_BYTES = 3 << 28
_mappings: "weakref.WeakSet[mmap.mmap]" = weakref.WeakSet()


class DamagedError(Exception):
    """Files of an index that are not what was written. The message says which, in few words."""


class ArrayWriter:
    """Writes an array, (n,), piece by piece; `finish` adds its header and its checksum.

    `path`: file that is created, or None to keep the array in memory; `salt`: text that only the
    reader of this file knows. Close it, also after an error. Raises OSError.
    """

    def __init__(self, path: Path | None, dtype: type | np.dtype, salt: str):
        self._stream: BinaryIO = BytesIO() if path is None else create_file(path, _FILE_MODE)
        self._reading = path
        self.dtype, self._salt = np.dtype(dtype), salt
        self._crc, self.size = 0, 0
        self._stream.write(bytes(HEADER_BYTES))

    def append(self, piece: np.ndarray) -> None:
        """Write a piece of the array."""
        content = np.ascontiguousarray(piece, self.dtype).view(np.uint8).data
        self._crc = zlib.crc32(content, self._crc)
        self.size += len(piece)
        self._stream.write(content)

    def written(self) -> np.ndarray:
        """Return the array as written so far, read-only: mapped, or the memory itself."""
        end = HEADER_BYTES + self.size * self.dtype.itemsize
        content: mmap.mmap | memoryview
        if self._reading is None:
            assert isinstance(self._stream, BytesIO)
            content = self._stream.getbuffer().toreadonly()
        else:
            self._stream.flush()
            with open(self._reading, "rb") as stream:
                content = map_file(stream)
        return np.frombuffer(content, np.uint8, end - HEADER_BYTES, HEADER_BYTES).view(self.dtype)

    def finish(self) -> None:
        """Write the checksum and the header."""
        header = _header(self.dtype, self.size)
        self._stream.write(_checksum(self._crc, header, self._salt))
        self._stream.seek(0)
        self._stream.write(header)
        self._stream.flush()

    def close(self) -> None:
        """Close the file; an array in memory stays."""
        if self._reading is not None:
            self._stream.close()


def read_array(stream: BufferedReader, dtype: type, salt: str, in_memory: bool) -> np.ndarray:
    """Return the array of a file, (n,) and read-only: mapped, or read into memory.

    Raises DamagedError, the message saying what is wrong.
    """
    content: mmap.mmap | bytes
    if in_memory or not os.fstat(stream.fileno()).st_size:
        content = stream.read()  # no file of 0 bytes can be mapped
    else:
        content = map_file(stream)
    end = len(content) - _CHECKSUM_BYTES
    with memoryview(content) as view:
        crc = 0
        for start in range(HEADER_BYTES, end, _PIECE_BYTES):
            crc = zlib.crc32(view[start : min(start + _PIECE_BYTES, end)], crc)
            _forget(content)
        header = bytes(view[:HEADER_BYTES])
        if end < HEADER_BYTES or view[end:] != _checksum(crc, header, salt):
            raise DamagedError("checksum")
    array = np.frombuffer(content, np.uint8, end - HEADER_BYTES, HEADER_BYTES)
    count, rest = divmod(len(array), np.dtype(dtype).itemsize)
    if rest or header != _header(np.dtype(dtype), count):
        raise DamagedError("type or size")
    return array.view(dtype)


def pieces(array: np.ndarray, overlap: int = 0) -> Iterator[np.ndarray]:
    """Yield an array piece by piece, each with the first `overlap` elements of the next one.

    A piece of a mapped array stays in memory until the next one is asked for.
    """
    step = _PIECE_BYTES // array.itemsize
    mapping = _mapping_of(array)
    for start in range(0, len(array), step):
        yield array[start : start + step + overlap]
        _forget(mapping)


def map_file(stream: BufferedReader) -> mmap.mmap:
    """Return a whole file, mapped, which `limit_resident` knows of."""
    mapping = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
    _mappings.add(mapping)
    return mapping


def limit_resident(most: int = _MAX_RESIDENT_BYTES) -> None:
    """Give back the memory of all mapped arrays if this process has more of files than `most`.

    What is needed again is taken from the system's cache of files, or read. Where a process cannot
    tell how much it has (no Linux), nothing is given back.
    """
    with suppress(OSError, IndexError, ValueError):
        with open("/proc/self/statm", "rb") as stream:
            pages_of_files = int(stream.read().split()[2])
        if pages_of_files * mmap.PAGESIZE > most:
            for mapping in list(_mappings):
                _forget(mapping)


def _mapping_of(array: np.ndarray) -> object:
    """Return the memory in which an array lies."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base.obj if isinstance(base, memoryview) else base


def _forget(content: object) -> None:
    """Give back the memory of a mapped file; nothing else is touched."""
    if isinstance(content, mmap.mmap):
        with suppress(OSError, ValueError):
            content.madvise(mmap.MADV_DONTNEED)


def _header(dtype: np.dtype, count: int) -> bytes:
    stream = BytesIO()
    described = {"descr": dtype.str, "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(stream, described)
    header = stream.getvalue()
    assert len(header) == HEADER_BYTES
    return header


def _checksum(crc: int, header: bytes, salt: str) -> bytes:
    return zlib.crc32(salt.encode(), zlib.crc32(header, crc)).to_bytes(_CHECKSUM_BYTES, "little")
