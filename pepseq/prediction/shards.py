"""Shards of a prediction: the reads of each job, and the counts that prove the whole."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from pepseq.errors import SettingsError, quoted
from pepseq.io.files import encode_text
from pepseq.sequences.fasta import Record

MAX_SHARDS = 1_000_000


@dataclass(frozen=True)
class Shard:
    """Job `number`, from 1, of the `of` jobs that share a prediction; SettingsError for others."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise SettingsError(
                f"--shard {self}: in i/n, i must be from 1 to n, such as 1/8 to 8/8"
            )
        if self.of > MAX_SHARDS:
            raise SettingsError(
                f"--shard: expected i/n with n up to {MAX_SHARDS:,}, found {quoted(str(self))}"
            )

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard written as `3/8`."""
        match = re.fullmatch(r"([0-9]{1,20})/([0-9]{1,20})", str(text))
        if match is None:
            raise SettingsError(f"--shard: expected i/n, such as 3/8, found {quoted(str(text))}")
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True)
class PartShare:
    """Job `number`, from 1, of the `of` jobs that share the parts of a reference."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> "PartShare":
        """Return the share written as `3/8`; SettingsError for others."""
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", str(text))
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise SettingsError(
                f"--part: expected i/n with i from 1 to n, such as 3/8, found {quoted(str(text))}"
            )
        return cls(int(match[1]), int(match[2]))

    def numbers(self, parts: int) -> range:
        """Return the numbers, from 0, of the parts of this job."""
        return range(self.number - 1, parts, self.of)


class ProteinTally:
    """How many proteins and residues, and a hash of ids and lengths in their order."""

    def __init__(self) -> None:
        self.proteins = self.residues = 0
        self._digest = hashlib.sha256()

    def add(self, name: str, length: int) -> None:
        """Count a protein."""
        self.proteins, self.residues = self.proteins + 1, self.residues + length
        self._digest.update(encode_text(f"{name}\t{length}\n"))

    def describe(self) -> dict[str, Any]:
        """Return the counts and the hash, which differ between two files."""
        return {
            "proteins": self.proteins,
            "residues": self.residues,
            "ids_sha256": self._digest.hexdigest(),
        }


class ShardSelector:
    """Selects the chunks of one shard from a file of `residues`, and counts all in `whole`.

    A shard has the chunks that begin in its part, one `of`-th, of the residues: all shards have as
    many residues, give or take a chunk, and one after the other they are in the order of the file.
    Chunks go whole, so that every batch is the one that a single job makes, to the last digit.
    """

    def __init__(self, shard: Shard, residues: int):
        self.shard, self._residues, self.whole = shard, residues, ProteinTally()

    def select(self, chunks: Iterator[list[Record]]) -> Iterator[list[Record]]:
        """Yield the shard's chunks."""
        for chunk in chunks:
            part = self.whole.residues * self.shard.of // max(self._residues, 1)
            for record in chunk:
                self.whole.add(record.id, len(record.sequence))
            if min(part, self.shard.of - 1) == self.shard.number - 1:
                yield chunk


def chunk_reads(records: Iterable[Record], residues: int) -> Iterator[list[Record]]:
    """Yield the reads in chunks of at least so many residues."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        chunk.append(record)
        size += len(record.sequence)
        if size >= residues:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class HashingWriter:
    """A stream for writing bytes that computes the SHA-256 of all that was written."""

    def __init__(self, stream: IO[bytes]):
        self._stream, self._digest = stream, hashlib.sha256()

    def write(self, content: bytes) -> None:
        """Write to the stream."""
        self._stream.write(content)
        self.hash_only(content)

    def hash_only(self, content: bytes) -> None:
        """Include bytes in the SHA-256 that are not written."""
        self._digest.update(content)

    @property
    def sha256(self) -> str:
        """The SHA-256, in hexadecimal."""
        return self._digest.hexdigest()
