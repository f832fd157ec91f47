"""Find the templates of a readout: seeds, then alignments, then how likely each is beforehand."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.templates import align, copying, seeds
from pepseq.templates.reference import Reference
from pepseq.templates.substitution import AMINO_ACIDS, exchanges, frequencies
from pepseq.templates.symbols import Symbols

LONGEST = 50_000
"""Readouts longer than this (no protein is) have no templates looked for."""
BAND = 40
CANDIDATES = 64
KEPT = 24
GAP_OPENING, GAP_EXTENSION = np.float32(10), np.float32(0.5)
ALIGNED_CHANGE = 0.4
"""Share of changed residues for which alignments are scored, in bits."""
SAME_END, GAP = 8.0, 6.0
"""Bits for a template that begins (ends) where the protein does, and against each of its gaps."""
SCANNED = {"protein": 150, "prefix": LONGEST, "tryptic": LONGEST, "fragment": 60}
"""Longest readout of each kind that is also compared, without gaps, wherever it may lie."""
MOST_HITS = 2000
"""Seeds have more labels if one has more places in the reference than this on average."""
_BINS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Templates:
    """Known proteins aligned to one readout, best first.

    `proteins`: their numbers in the reference; `aligned`: residue codes 0-20 at each residue of the
    readout or copying.NOT_ALIGNED, uint8, (templates, length); `scores`: bits of the alignment,
    ends and gaps counted, of which `bonuses` are for ends and gaps; `spans`, (templates, 2): the
    template's 0-based positions aligned first and last.
    """

    proteins: np.ndarray
    aligned: np.ndarray
    scores: np.ndarray
    bonuses: np.ndarray
    spans: np.ndarray


class TemplateFinder:
    """Finds templates in a reference for readouts with these symbols; safe in several threads."""

    def __init__(
        self,
        reference: Reference,
        symbols: Symbols,
        kind: str = "protein",
        labels: Sequence[int] = (2, 3),
    ):
        """Take the first of `labels`, how many a seed has, whose seeds have few enough places."""
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.background = frequencies(reference.residues)
        self._table = np.log2(self.emission(ALIGNED_CHANGE)).astype(np.float32)
        for self.labels in labels:
            self._starts, self._positions = reference.seeds(symbols, self.labels)
            if self._mean_hits() <= MOST_HITS:
                break
        self._scratch = threading.local()
        self._begins: dict[int, np.ndarray] = {}

    def _mean_hits(self) -> float:
        sizes = np.diff(self._starts).astype(float)
        return (sizes**2).sum() / max(sizes.sum(), 1)

    def emission(self, changed: float) -> np.ndarray:
        """Return P(symbol | template's residue) / P(symbol), (symbols, 21), see `exchanges`.

        A symbol that no amino acid is read as (hidden, if all twenty are labels) says nothing: 1.
        """
        read = (exchanges(self.background, changed) @ self.symbols.likelihood).T
        return np.divide(read, read[:, -1:], out=np.ones_like(read), where=read[:, -1:] > 0)

    def find(self, residues: str) -> Templates:
        """Return the templates of a readout, at most KEPT."""
        symbols = self.symbols.encode(residues)
        paths = []
        if len(symbols) <= LONGEST:
            if self.kind in ("protein", "fragment"):
                paths = self._by_seeds(symbols)
            if len(symbols) <= SCANNED[self.kind]:
                paths += self._by_scan(symbols)
        return self._best(len(symbols), paths)

    def places(self, length: int) -> int:
        """Return how many places of the reference a readout of this length may come from."""
        if self.kind == "protein" or length > SCANNED[self.kind]:
            return len(self.reference.residues)
        return len(self._places(length))

    def _by_seeds(self, symbols: np.ndarray) -> list:
        scratch = self._scratch
        if not hasattr(scratch, "scores"):
            bins = (len(self.reference.residues) + LONGEST >> seeds.BIN) + 2
            scratch.scores = np.zeros(bins, np.float32)
            scratch.where = np.zeros((bins, 2), self._positions.dtype)
            scratch.touched = np.empty(min(bins, _BINS_AT_ONCE), np.int64)
        found = seeds.search(
            symbols,
            self.symbols.hidden,
            self.labels,
            self._starts,
            self._positions,
            self.reference.offsets,
            scratch.scores,
            scratch.where,
            scratch.touched,
            CANDIDATES,
            BAND,
        )
        paths = []
        for protein, diagonal in zip(*found, strict=True):
            path = np.empty(len(symbols), np.int64)
            score = align.align(
                symbols,
                self.reference.protein(protein),
                diagonal,
                BAND,
                self._table,
                GAP_OPENING,
                GAP_EXTENSION,
                path,
            )
            if score > 0:
                paths.append((score, int(protein), path))
        return paths

    def _by_scan(self, symbols: np.ndarray) -> list:
        offsets = self.reference.offsets
        places, scores = align.scan(
            symbols, self.reference.residues, self._places(len(symbols)), self._table, CANDIDATES
        )
        proteins = np.searchsorted(offsets, places, side="right") - 1
        steps = np.arange(len(symbols))
        return [
            (score, int(protein), place - offsets[protein] + steps)
            for score, protein, place in zip(scores, proteins, places, strict=True)
            if score > 0
        ]

    def _places(self, length: int) -> np.ndarray:
        """Return where in the reference a readout of this kind and length may begin."""
        begins = self._begins
        if length not in begins:
            if len(begins) > 64:
                self._begins = begins = {}
            starts, ends = self.reference.offsets[:-1], self.reference.offsets[1:]
            long_enough = ends - starts >= length
            if self.kind == "protein":
                places = np.unique(np.concatenate([starts, ends - length])[np.tile(long_enough, 2)])
            elif self.kind == "prefix":
                places = starts[long_enough]
            else:
                places = self._stretches(length)
            begins[length] = places
        return begins[length]

    def _stretches(self, length: int) -> np.ndarray:
        residues, offsets = self.reference.residues, self.reference.offsets
        inside = np.ones(len(residues), bool)  # a stretch of this length fits in the protein
        for end, start in zip(offsets[1:], offsets[:-1], strict=True):
            inside[max(start, end - length + 1) : end] = False
        if self.kind == "tryptic":
            cut = np.zeros(len(residues) + 1, bool)  # trypsin cuts before this residue
            cut[1:-1] = np.isin(residues[:-1], [AMINO_ACIDS.index(a) for a in "KR"])
            cut[1:-1] &= residues[1:] != AMINO_ACIDS.index("P")
            cut[offsets] = True
            inside[: max(len(residues) - length + 1, 0)] &= cut[:-length] & cut[length:]
        return np.flatnonzero(inside)

    def _best(self, length: int, paths: list) -> Templates:
        rows = {}
        for score, protein, path in paths:
            bonus = self._bonus(protein, path)
            row = (float(score) + bonus, protein, bonus, path)
            key = (protein, int(path[length // 2]) - length // 2)
            if key not in rows or rows[key][0] < row[0]:
                rows[key] = row
        best = sorted(rows.values(), key=lambda row: (-row[0], row[1]))[:KEPT]
        aligned = np.full((len(best), length), copying.NOT_ALIGNED, np.uint8)
        for line, (_, protein, _, path) in zip(aligned, best, strict=True):
            line[path >= 0] = self.reference.protein(protein)[path[path >= 0]]
        return Templates(
            np.array([row[1] for row in best], np.int64),
            aligned,
            np.array([row[0] for row in best]),
            np.array([row[2] for row in best]),
            np.array([row[3][row[3] >= 0][[0, -1]] for row in best], np.int64).reshape(-1, 2),
        )

    def _bonus(self, protein: int, path: np.ndarray) -> float:
        size = self.reference.offsets[protein + 1] - self.reference.offsets[protein]
        on = np.flatnonzero(path >= 0)
        gaps = np.count_nonzero((np.diff(on) != 1) | (np.diff(path[on]) != 1))
        bonus = -GAP * min(gaps, 6)
        if self.kind in ("protein", "prefix"):
            bonus += SAME_END * (path[0] == 0)
        if self.kind == "protein":
            bonus += SAME_END * (path[-1] == size - 1)
        return float(bonus)
