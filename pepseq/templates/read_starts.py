"""Residues of a reference at which a read of a kind and length may begin."""

import numpy as np

from pepseq.templates.protein_lengths import ProteinLengths
from pepseq.templates.reference import Reference
from pepseq.templates.search_settings import UNGAPPED_SCAN
from pepseq.templates.substitution import AMINO_ACIDS

_MAX_CACHED_BYTES = 1 << 28


class ReadStarts:
    """Places in a reference where proteins, prefixes or tryptic peptides may begin; thread-safe."""

    def __init__(self, reference: Reference, kind: str):
        self._reference, self._kind = reference, kind
        self._by_length: dict[int, np.ndarray] = {}
        self._cuts: np.ndarray | None = None
        self._lengths = ProteinLengths(reference)

    def of_length(self, length: int) -> np.ndarray:
        """Return the indices in `residues`, int64 and ascending, of reads of this length.

        A protein lies at the beginning or at the end of a known one, of many such those nearest in
        length.
        """
        starts = self._by_length.get(length)
        if starts is None:
            if sum(array.nbytes for array in list(self._by_length.values())) > _MAX_CACHED_BYTES:
                self._by_length = {}
            starts = self._by_length[length] = self._find(length)
        return starts

    def _find(self, length: int) -> np.ndarray:
        if self._kind == "tryptic":
            return self._tryptic(length)
        offsets = self._reference.offsets
        if self._kind == "prefix":
            return offsets[:-1][np.diff(offsets) >= length]
        proteins = self._lengths.nearest(length, length, np.inf, UNGAPPED_SCAN.max_proteins)
        proteins = np.sort(proteins)
        both = np.stack([offsets[proteins], offsets[proteins + 1] - length], axis=1)
        return both[np.stack([np.ones(len(both), bool), both[:, 0] < both[:, 1]], 1)]

    def _tryptic(self, length: int) -> np.ndarray:
        """Return where stretches of this length begin that trypsin may have cut on both sides."""
        residues, offsets = self._reference.residues, self._reference.offsets
        if self._cuts is None:
            cuts = np.zeros(len(residues) + 1, bool)  # trypsin cuts before this residue
            cuts[1:-1] = np.isin(residues[:-1], [AMINO_ACIDS.index(a) for a in "KR"])
            cuts[1:-1] &= residues[1:] != AMINO_ACIDS.index("P")
            cuts[offsets] = True
            self._cuts = cuts
        starts = np.flatnonzero(self._cuts[: max(len(residues) + 1 - length, 0)])
        starts = starts[self._cuts[starts + length]]
        ends = offsets[np.searchsorted(offsets, starts, side="right")]
        return starts[starts + length <= ends]
