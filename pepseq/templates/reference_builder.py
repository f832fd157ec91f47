"""Arrays of a reference, written as records arrive."""

import logging
from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from pepseq.io.files import encode_text
from pepseq.kernels import read_only
from pepseq.sequences.fasta import Record
from pepseq.templates.array_files import ArrayWriter, limit_resident
from pepseq.templates.distinct_digests import DIGEST_BYTES, DistinctDigests
from pepseq.templates.index import NewArrays
from pepseq.templates.reference import ARRAY_TYPES, count_strata, gather
from pepseq.templates.substitution import encode

log = logging.getLogger(__name__)
STRATUM_RATIO = 8
"""A file with over this many times the residues of all smaller ones together begins a stratum."""
_PART_RESIDUES = 1 << 22


class ReferenceBuilder:
    """Writes the distinct proteins of several files to the arrays of a reference.

    About 150 bytes for each record stay in memory, and a part of the records: equal sequences are
    found by their 128-bit hashes.
    """

    def __init__(self, arrays: NewArrays):
        self._arrays = arrays
        self._residues, self._names = (self._create(name) for name in ("residues", "names"))
        self._sizes, self._name_sizes = array("q"), array("q")
        self._proteins_of_records, self._files_of_records = array("q"), array("q")
        self._sequences, self._ids = DistinctDigests(), DistinctDigests()
        self._uses_of_ids = array("q")
        self._part: list[Record] = []
        self._part_residues = 0

    def add(self, record: Record, file: int) -> None:
        """Add a record of the file with this number."""
        self._part.append(record)
        self._files_of_records.append(file)
        self._part_residues += len(record.sequence)
        if self._part_residues >= _PART_RESIDUES:
            self._add_part()

    def finish(self) -> dict[str, Any]:
        """Write what remains; return the counts of proteins, records and proteins by stratum.

        The counts are 0 and nothing is written if there is no record.
        """
        self._add_part()
        self._sequences, self._ids = DistinctDigests(), DistinctDigests()  # frees memory
        counts: dict[str, Any] = {"proteins": len(self._sizes)}
        counts["records"] = len(self._proteins_of_records)
        if not self._sizes:
            return counts
        log.info("indexing %(proteins)d distinct proteins (%(records)d records)", counts)
        records = (np.array(part) for part in (self._proteins_of_records, self._files_of_records))
        order, strata = order_by_stratum(np.stack([*records], 1), np.array(self._sizes))
        offsets = self._write_column("residues", self._residues, self._sizes, order)
        self._write_column("names", self._names, self._name_sizes, order)
        written = self._arrays.writers["residues"].written()
        self._create("code_counts").append(count_strata(written, offsets, strata))
        return counts | {"strata": strata}

    def _create(self, name: str) -> ArrayWriter:
        return self._arrays.create(name, ARRAY_TYPES[name])

    def _add_part(self) -> None:
        """Write the new proteins of a part of the records."""
        digests = [_digest(record.sequence.encode("ascii")) for record in self._part]
        first = self._sequences.count
        numbers = self._sequences.add(b"".join(digests))
        self._proteins_of_records.frombytes(numbers.tobytes())
        new = np.maximum.accumulate(np.append(first - 1, numbers))
        records = [self._part[n] for n in np.flatnonzero(new[1:] > new[:-1]).tolist()]
        headers = self._headers(records)
        self._sizes.extend(len(record.sequence) for record in records)
        self._name_sizes.extend(map(len, headers))
        self._residues.append(encode("".join(record.sequence for record in records)))
        self._names.append(np.frombuffer(b"".join(headers), np.uint8))
        self._part, self._part_residues = [], 0

    def _headers(self, records: Sequence[Record]) -> list[bytes]:
        """Return the header of each new protein; an id that comes again gets a number."""
        digests = [_digest(encode_text(record.id)) for record in records]
        headers = []
        for record, number in zip(records, self._ids.add(b"".join(digests)).tolist(), strict=True):
            if number == len(self._uses_of_ids):
                self._uses_of_ids.append(0)
            self._uses_of_ids[number] += 1
            uses = self._uses_of_ids[number]
            name = record.id if uses == 1 else f"{record.id}#{uses}"
            headers.append(encode_text(f"{name} {record.description}".strip()))
        return headers

    def _write_column(
        self, name: str, column: ArrayWriter, sizes: Sequence[int], order: np.ndarray
    ) -> np.ndarray:
        """Write the offsets of a column, and the column again unless it is in this order.

        Returns the offsets.
        """
        offsets = np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))])
        if (order[1:] < order[:-1]).any():
            content = column.written()
            column = self._create(name)
            step = max(1, _PART_RESIDUES * len(order) // max(len(content), 1))
            for first in range(0, len(order), step):
                column.append(gather(content, read_only(offsets), order[first : first + step]))
                limit_resident()
            offsets = np.concatenate([[0], np.cumsum(np.diff(offsets)[order])])
        self._create("offsets" if name == "residues" else "name_offsets").append(offsets)
        return offsets


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def assign_strata(sizes: np.ndarray) -> np.ndarray:
    """Return the stratum, from 0, of each file with this many residues.

    Strata are searched each by itself, so that a large file does not crowd out a small one.
    Proteomes of a few strains are one stratum, a database beside them is the next one.

    >>> assign_strata(np.array([800_000, 70_000_000, 900_000])).tolist()
    [0, 1, 0]
    """
    strata = np.zeros(len(sizes), np.int64)
    stratum = smaller = 0
    for file in np.argsort(sizes, kind="stable"):
        stratum += int(0 < STRATUM_RATIO * smaller < sizes[file])
        strata[file] = stratum
        smaller += sizes[file]
    return strata


def order_by_stratum(records: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return the order of proteins by stratum and the number of proteins of each stratum.

    `records`: int64, (records, 2), the numbers of protein and file of each record; `lengths`:
    residues of each protein, (proteins,). A protein of several files is of the smallest stratum.
    Strata without proteins of their own are left out.
    """
    protein, file = records.T
    sizes = np.bincount(file, weights=lengths[protein])
    stratum = np.full(len(lengths), len(sizes))
    np.minimum.at(stratum, protein, assign_strata(sizes)[file])
    numbers = np.bincount(stratum)
    return np.argsort(stratum, kind="stable"), numbers[numbers > 0].tolist()
