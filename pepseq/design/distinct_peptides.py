"""The distinct peptides of a reference, the protein of each, and how many there are."""

from dataclasses import dataclass

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.errors import SettingsError

SHARED = -1
"""In place of its protein: a peptide is in several proteins."""


@dataclass(frozen=True)
class DistinctPeptides:
    """The P distinct peptides of a reference.

    residues, offsets: codes 0-20 of all peptides one after the other, uint8; peptide p has those
        from `offsets[p]` to `offsets[p + 1]`, int64.
    numbers: expected number of each peptide in one copy of each protein, float64 (P,).
    proteins: number of the only protein that has it, SHARED for several, int64 (P,). Proteins with
        the same peptides are one.
    protein_count: number of proteins, also of those without peptides.
    """

    residues: np.ndarray
    offsets: np.ndarray
    numbers: np.ndarray
    proteins: np.ndarray
    protein_count: int

    def __len__(self) -> int:
        return len(self.numbers)


def distinct_peptides(
    residues: np.ndarray, offsets: np.ndarray, digestion: DigestConfig
) -> DistinctPeptides:
    """Return the distinct peptides of proteins, given as to `digest`.

    Raises SettingsError if there is none.
    """
    found = digest(residues, offsets, digestion)
    if not len(found):
        raise SettingsError(
            "no protein of the reference has a peptide of these lengths: check protease, "
            "min_length and max_length"
        )
    numbers: dict[bytes, int] = {}
    content = residues.tobytes()
    ends = zip(found.begin.tolist(), found.end.tolist(), strict=True)
    peptide = np.array([numbers.setdefault(content[b:e], len(numbers)) for b, e in ends])
    lengths = np.array([len(text) for text in numbers])
    merged, count = _merge_proteins(found.protein, peptide, len(offsets) - 1)
    of_peptide = merged[found.protein]
    first, last = np.full(len(numbers), count), np.full(len(numbers), -1)
    np.minimum.at(first, peptide, of_peptide)
    np.maximum.at(last, peptide, of_peptide)
    return DistinctPeptides(
        np.frombuffer(b"".join(numbers), np.uint8),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.bincount(peptide, found.weight, len(numbers)),
        np.where(first == last, first, SHARED),
        count,
    )


def _merge_proteins(protein: np.ndarray, peptide: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Return a number for each protein, equal for those with the same peptides, and how many.

    `protein`, `peptide`: int, in the order of the proteins.
    """
    starts = np.searchsorted(protein, np.arange(count + 1))
    keys: dict[bytes, int] = {}
    merged = np.empty(count, np.int64)
    for p in range(count):
        own = np.unique(peptide[starts[p] : starts[p + 1]])
        key = own.tobytes() or f"without {p}".encode()
        merged[p] = keys.setdefault(key, len(keys))
    return merged, len(keys)
