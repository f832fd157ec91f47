"""Proteins on disk, with only numbers of each in memory, and which of them are distinct."""

import os
import struct
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

import numpy as np

from pepseq.io.failures import FailedRecord
from pepseq.io.files import decode_text, encode_text
from pepseq.sequences.fasta import Record

_FIELDS = [(name, "<u8") for name in ("high", "low", "id", "header", "offset")]
_FIELDS += [(name, "<u4") for name in ("header_bytes", "length", "group", "line")]
_ROW = np.dtype([*_FIELDS, ("file", "<u2")])
_PACK = struct.Struct("<QQQQQIIIIH").pack


class ProteinStore:
    """Writes proteins to a file, and reads any of them again; 58 bytes of each are in memory.

    `rows` has, for each protein: `high` and `low`, a hash of its sequence; `length` in residues;
    `group`, a number that the caller gave; and where it came from.
    """

    def __init__(self, path: Path):
        self._stream = open(path, "w+b")
        self._table = bytearray()
        self._files: list[str] = []
        self._end = 0

    def __enter__(self) -> "ProteinStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def add(self, record: Record, file: str, group: int) -> None:
        """Write a protein."""
        if file not in self._files:
            self._files.append(file)
        header, sequence = encode_text(record.header), record.sequence.encode()
        digest = blake2b(sequence, digest_size=16).digest()
        hashes = (blake2b(t, digest_size=8).digest() for t in (encode_text(record.id), header))
        numbers = (int.from_bytes(part, "little") for part in (digest[:8], digest[8:], *hashes))
        file_number = self._files.index(file)
        self._table += _PACK(
            *numbers, self._end, len(header), len(sequence), group, record.line, file_number
        )
        self._stream.write(header + sequence)
        self._end += len(header) + len(sequence)

    @property
    def rows(self) -> np.ndarray:
        """The numbers of every protein added."""
        self._stream.flush()
        return np.frombuffer(self._table, _ROW)

    def read(self, row: np.void) -> tuple[str, str]:
        """Return header and sequence of a protein."""
        size = int(row["header_bytes"])
        both = os.pread(self._stream.fileno(), size + int(row["length"]), int(row["offset"]))
        return decode_text(both[:size]), both[size:].decode()

    def distinct(self) -> tuple[np.ndarray, list[FailedRecord]]:
        """Return the row number of one protein of each sequence, and those that cannot be kept.

        The order is that of the hashes, and of proteins with one sequence the same one is taken in
        whatever order they came. Of several sequences with one id the first in this order is kept;
        the others are faults.
        """
        rows = self.rows
        order = np.lexsort((rows["header"], rows["low"], rows["high"]))
        high, low = rows["high"][order], rows["low"][order]
        new = np.ones(len(order), bool)
        new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        order = order[new]
        first = np.unique(rows["id"][order], return_index=True)[1]
        kept = np.zeros(len(order), bool)
        kept[first] = True
        failed = [self._repeated_id(rows[number]) for number in order[~kept]]
        return order[kept], failed

    def _repeated_id(self, row: np.void) -> FailedRecord:
        name = self.read(row)[0].partition(" ")[0]
        reason = "another protein has the same id"
        return FailedRecord(self._files[row["file"]], int(row["line"]), name, reason)
