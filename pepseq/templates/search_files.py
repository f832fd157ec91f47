"""Files of what the searches of parts of a reference found, for another job to choose from.

A file is a magic line, a line of JSON that says what was searched, and an entry for each search:
its key, a 128-bit hash, and its arrays, compressed. Then follow the table of the places of entries
and a SHA-256 of all.
"""

import hashlib
import json
import mmap
import zlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

import numpy as np

from pepseq.errors import InputError
from pepseq.io.json_files import decode_json
from pepseq.templates.finder import Templates
from pepseq.templates.reference_parts import Found, MeanLikelihoods
from pepseq.templates.soft_reads import Read

_MAGIC = b"pepseq search 1\n"
_KEY_BYTES = 16
_TABLE = np.dtype([("key", "<u8"), ("place", "<u8")])
_END = np.dtype([("table", "<u8"), ("entries", "<u8")])
_HASH_BYTES = 32
_PIECE_BYTES = 1 << 24
_MAX_HEADER = 1 << 20


def search_key(part: int, what: str, read: Read) -> bytes:
    """Return the key of a search of one part for a read; `what` says which search."""
    text = f"{part} {what} {read if isinstance(read, str) else read.key}"
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).digest()


def pack_found(found: Found) -> bytes:
    """Return what a search found as bytes."""
    columns = [getattr(one, field.name) for one in found.searches for field in fields(Templates)]
    return _pack([np.array([found.places]), *columns])


def unpack_found(content: bytes) -> Found:
    """Return what `pack_found` packed."""
    places, *columns = _unpack(content)
    width = len(fields(Templates))
    searches = [Templates(*columns[k : k + width]) for k in range(0, len(columns), width)]
    return Found(searches, int(places[0]))


def pack_likelihoods(found: MeanLikelihoods) -> bytes:
    """Return mean likelihoods as bytes."""
    return _pack([found.known, found.decoys, np.array([found.places])])


def unpack_likelihoods(content: bytes) -> MeanLikelihoods:
    """Return what `pack_likelihoods` packed."""
    known, decoys, places = _unpack(content)
    return MeanLikelihoods(known, decoys, int(places[0]))


def _pack(arrays: Sequence[np.ndarray]) -> bytes:
    described = json.dumps([(array.dtype.str, array.shape) for array in arrays]).encode()
    content = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    return zlib.compress(described + b"\n" + content, 1)


def _unpack(content: bytes) -> list[np.ndarray]:
    described, _, rest = zlib.decompress(content).partition(b"\n")
    arrays, start = [], 0
    for name, shape in json.loads(described):
        count = int(np.prod(shape, dtype=int))
        array = np.frombuffer(rest, np.dtype(name), count, start).reshape(shape)
        arrays.append(array.copy())  # writable and aligned
        start += array.nbytes
    return arrays


class SearchWriter:
    """Writes a file of searches to a stream; `about` says what is searched."""

    def __init__(self, stream: IO[bytes], about: dict[str, Any]):
        self._stream, self._digest, self._size = stream, hashlib.sha256(), 0
        self._places: dict[bytes, int] = {}
        self._write(_MAGIC + json.dumps(about).encode() + b"\n")

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def add(self, key: bytes, content: bytes) -> None:
        """Write an entry, unless there is one with this key."""
        if key not in self._places:
            self._places[key] = self._size
            self._write(key + len(content).to_bytes(8, "little") + content)

    def finish(self) -> None:
        """Write the end of the file."""
        table = np.empty(len(self._places), _TABLE)
        table["key"] = [int.from_bytes(key[:8], "little") for key in self._places]
        table["place"] = list(self._places.values())
        end = np.array([(self._size, len(table))], _END)
        self._write(np.sort(table, order="key").tobytes() + end.tobytes())
        self._stream.write(self._digest.digest())

    def _write(self, content: bytes) -> None:
        self._stream.write(content)
        self._digest.update(content)
        self._size += len(content)


class SearchFile:
    """A file of searches, mapped; `about` is what its writer was given.

    Raises InputError for other files and for damaged ones.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with open(path, "rb") as stream:
                if stream.read(len(_MAGIC)) != _MAGIC:
                    raise InputError(f"{path}: expected a file that pepseq search wrote")
                header = stream.readline(_MAX_HEADER)
                self._content = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        self._table = self._read_table()
        self.about = decode_json(header)

    def _read_table(self) -> np.ndarray:
        content, digest = self._content, hashlib.sha256()
        last = len(content) - _HASH_BYTES
        for start in range(0, last, _PIECE_BYTES):
            digest.update(content[start : min(start + _PIECE_BYTES, last)])
        if content[max(last, 0) :] != digest.digest():
            raise InputError(
                f"{self.path}: damaged or cut: its checksum differs; run pepseq search again"
            )
        table, entries = np.frombuffer(content, _END, 1, last - _END.itemsize)[0].tolist()
        return np.frombuffer(content, _TABLE, entries, table)

    def get(self, key: bytes) -> bytes | None:
        """Return the content of the entry with this key, None if there is none."""
        short = np.uint64(int.from_bytes(key[:8], "little"))
        for row in range(int(np.searchsorted(self._table["key"], short)), len(self._table)):
            if self._table["key"][row] != short:
                break
            start = int(self._table["place"][row])
            if self._content[start : start + _KEY_BYTES] == key:
                start += _KEY_BYTES
                size = int.from_bytes(self._content[start : start + 8], "little")
                return self._content[start + 8 : start + 8 + size]
        return None
