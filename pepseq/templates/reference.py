"""A reference proteome: its distinct proteins, their strata and their seeds."""

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from pepseq.io.files import decode_text
from pepseq.kernels import kernel, read_only
from pepseq.templates.array_files import ArrayWriter, DamagedError, limit_resident
from pepseq.templates.index import Index, UntrustedError
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.seed_tables import SeedTable, are_seeds, build_seeds, place_type, write_table
from pepseq.templates.substitution import UNKNOWN_CODE, count_codes, frequencies

log = logging.getLogger(__name__)
ARRAY_TYPES = {
    "residues": np.uint8,
    "offsets": np.int64,
    "names": np.uint8,
    "name_offsets": np.int64,
    "code_counts": np.int64,
}
"""Arrays of a reference, by the names of their files in its index."""
_COUNTS = 2, UNKNOWN_CODE + 1
_PROTEINS_AT_ONCE = 1 << 9


@dataclass(frozen=True)
class Reference:
    """Distinct proteins, one after the other.

    `residues` holds codes 0-20 (uint8, (residues,)); protein p has those from `offsets[p]` to
    `offsets[p + 1]` (int64); its header lies in `names` (UTF-8) from `name_offsets[p]` on. Copies
    of one sequence count once, under the id that came first. Proteins of a stratum (see
    `reference_builder.assign_strata`) follow each other, smallest stratum first. `described` is the
    entry of run records: files, counts and proteins of each stratum. `code_counts`: see
    `count_strata`; if they are not given, they are counted where they are needed.
    """

    residues: np.ndarray
    offsets: np.ndarray
    names: np.ndarray
    name_offsets: np.ndarray
    index: Index | None
    described: dict[str, Any]
    code_counts: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ARRAY_TYPES:
            if (array := getattr(self, name)) is not None:
                object.__setattr__(self, name, read_only(array))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def header(self, protein: int) -> str:
        """Return id and description of a protein."""
        start, end = self.name_offsets[protein], self.name_offsets[protein + 1]
        return decode_text(self.names[start:end].tobytes())

    def name(self, protein: int) -> str:
        """Return the id of a protein."""
        return self.header(protein).partition(" ")[0]

    def protein(self, protein: int) -> np.ndarray:
        """Return the residue codes of a protein, uint8."""
        return self.residues[self.offsets[protein] : self.offsets[protein + 1]]

    def copy_proteins(self, proteins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the residues of these proteins, one after the other, and where each begins."""
        parts = []
        for first in range(0, len(proteins), _PROTEINS_AT_ONCE):
            part = proteins[first : first + _PROTEINS_AT_ONCE]
            parts.append(gather(self.residues, self.offsets, part))
            limit_resident()
        sizes = self.offsets[proteins + 1] - self.offsets[proteins]
        residues = np.concatenate([np.empty(0, np.uint8), *parts])
        return read_only(residues), read_only(np.concatenate([[0], np.cumsum(sizes)]))

    def frequencies(self) -> np.ndarray:
        """Return the frequencies of the twenty amino acids, float64 that sum to 1."""
        return frequencies(self._counts()[:, 0].sum(0))

    def first_frequencies(self) -> np.ndarray:
        """Return the frequencies of the twenty amino acids at the beginning of proteins."""
        return frequencies(self._counts()[:, 1].sum(0), 1.0)

    def _counts(self) -> np.ndarray:
        counts = self.code_counts
        if counts is None or counts.reshape(-1, *_COUNTS)[:, 0].sum() != len(self.residues):
            counts = count_strata(self.residues, self.offsets, [len(self)])
        return counts.reshape(-1, *_COUNTS)

    def strata(self) -> list["Reference"]:
        """Return each stratum as a reference of its own; their indexes lie inside this one's."""
        ends = np.cumsum(self.described.get("strata", [len(self)])).tolist()
        if len(ends) == 1:
            return [self]
        counts = None if self.code_counts is None else self.code_counts.reshape(len(ends), -1)
        return [
            replace(
                self,
                residues=self.residues[self.offsets[first] : self.offsets[last]],
                offsets=self.offsets[first : last + 1] - self.offsets[first],
                name_offsets=self.name_offsets[first : last + 1],
                index=self.index and self.index.subfolder(f"stratum-{number}"),
                described={},
                code_counts=None if counts is None else counts[number - 1],
            )
            for number, (first, last) in enumerate(pairwise([0, *ends]), 1)
        ]

    def seeds(self, symbols: ReadSymbols, labels: int) -> SeedTable:
        """Return the seeds of `labels` labels, from the index if it has them, and save them there.

        Damaged files of the index are replaced with a warning.
        """
        parameters = self.residues, self.offsets, symbols, labels
        index = self.index
        if index is None:
            return build_seeds(*parameters)
        kind = hashlib.sha256(symbols.symbol_of_code.tobytes()).hexdigest()[:12]
        names = [f"seeds-{kind}-{labels}-{part}" for part in SeedTable._fields]
        table, damage = self._load_seeds(index, names)
        if table is None:

            def write(writers: Sequence[ArrayWriter]) -> None:
                write_table(*parameters, writers, index.folder)

            with suppress(OSError):
                index.save_arrays(names, place_type(len(self.residues)), write)
            table = self._load_seeds(index, names)[0] or build_seeds(*parameters)
        if damage:
            log.warning("index %s is damaged (%s): rebuilt", index.folder, damage)
        return table

    def _load_seeds(self, index: Index, names: list[str]) -> tuple[SeedTable | None, str]:
        """Return the seeds of these names in the index, or None, and what is damaged."""
        try:
            kind = place_type(len(self.residues))
            table = SeedTable(*(index.load_array(name, kind) for name in names))
        except OSError:
            return None, ""
        except (DamagedError, UntrustedError) as error:
            return None, str(error)
        if not are_seeds(table, len(self.residues)):
            return None, f"{names[0]}.npy: range"
        return table, ""


def count_strata(residues: np.ndarray, offsets: np.ndarray, strata: Sequence[int]) -> np.ndarray:
    """Return how many residues have each code, int64 (strata * 2 * 21).

    For each stratum, its number of proteins being given, of all residues, then of the first ones of
    proteins.
    """
    ends = np.cumsum([0, *strata])
    counts = []
    for first, last in pairwise(ends.tolist()):
        counts.append(count_codes(residues[offsets[first] : offsets[last]]))
        starts = np.split(
            offsets[first:last], range(_PROTEINS_AT_ONCE, last - first, _PROTEINS_AT_ONCE)
        )
        counts.append(np.zeros(UNKNOWN_CODE + 1, np.int64))
        for part in starts:
            counts[-1] += count_codes(residues[part])
            limit_resident()
    return np.concatenate(counts)


@kernel
def gather(content: np.ndarray, offsets: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return stretches of an array, uint8, one after the other, in this order.

    Stretch p lies from `offsets[p]` to `offsets[p + 1]`.
    """
    total = np.int64(0)
    for p in order:
        total += offsets[p + 1] - offsets[p]
    result = np.empty(total, np.uint8)
    end = np.int64(0)
    for p in order:
        for i in range(offsets[p], offsets[p + 1]):
            result[end] = content[i]
            end += 1
    return result
