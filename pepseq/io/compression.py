"""Compressed files (gzip, bzip2, xz, zstd): read by content, written by suffix."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
DAMAGED_DATA_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zstd.ZstdError)
"""Exceptions of reading damaged data."""
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\0"
_MAX_XZ_MEMORY = 1 << 30
_BLOCK_BYTES = 1 << 17
_ZSTD_CHECKSUM: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}


_Decompressor = bz2.BZ2Decompressor | lzma.LZMADecompressor | zstd.ZstdDecompressor


def _xz_decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_MEMORY)


_DECOMPRESSORS: dict[bytes, Callable[[], _Decompressor]] = {
    b"BZh": bz2.BZ2Decompressor,
    _XZ: _xz_decompressor,
    b"\x28\xb5\x2f\xfd": zstd.ZstdDecompressor,
}


class _Decompressed(io.RawIOBase):
    """The content of concatenated compressed streams; other data after them raise an error."""

    def __init__(self, raw: io.BufferedReader, new: Callable[[], _Decompressor]):
        self._raw, self._new = raw, new
        self._stream = new()
        self._may_be_padded = new is _xz_decompressor

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer; one of DAMAGED_DATA_ERRORS, EOFError if the data are cut short."""
        view = memoryview(buffer)
        while True:
            block = b""
            if self._stream.eof:
                block = self._stream.unused_data or self._raw.read1(_BLOCK_BYTES)
                while self._may_be_padded and block and not block.strip(b"\0"):
                    block = self._raw.read1(_BLOCK_BYTES)  # xz may be padded with zeros
                if not block:
                    return 0
                self._stream = self._new()
            elif self._stream.needs_input:
                block = self._raw.read1(_BLOCK_BYTES)
                if not block:
                    raise EOFError("the end of the compressed data is missing")
            try:
                content = self._stream.decompress(block, len(view))
            except OSError as error:  # of damaged bzip2
                raise EOFError(str(error)) from error
            if content:
                view[: len(content)] = content
                return len(content)


def decompressed(raw: io.BufferedReader) -> io.BufferedReader:
    """Return a stream that decompresses `raw`, or `raw` itself if it is not compressed."""
    head = raw.peek(6)[:6]
    if head.startswith(_GZIP):
        return io.BufferedReader(gzip.open(raw), _BLOCK_BYTES)
    for magic, new in _DECOMPRESSORS.items():
        if head.startswith(magic):
            return io.BufferedReader(_Decompressed(raw, new), _BLOCK_BYTES)
    return raw


def compressed(raw: IO[bytes], name: str | Path) -> IO[bytes]:
    """Return a stream that compresses into `raw` by the suffix of `name`, or `raw` without one.

    The same content always gives the same bytes. Closing the stream leaves `raw` open.
    """
    suffix = Path(name).suffix.lower()
    if suffix == ".gz":
        return cast(IO[bytes], gzip.GzipFile("", "wb", 6, raw, mtime=0))
    if suffix == ".bz2":
        return bz2.BZ2File(raw, "wb")
    if suffix == ".xz":
        return lzma.LZMAFile(raw, "wb")
    if suffix == ".zst":
        return cast(IO[bytes], zstd.ZstdFile(raw, "wb", options=_ZSTD_CHECKSUM))
    return raw


def without_suffix(name: str | Path) -> str:
    """Return a file name without its compression suffix.

    >>> without_suffix("a.fasta.gz")
    'a.fasta'
    """
    text = str(name)
    for suffix in SUFFIXES:
        if text.lower().endswith(suffix):
            return text[: -len(suffix)]
    return text
