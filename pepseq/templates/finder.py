"""Find the templates of a readout: seeds, then alignments, then how likely each is beforehand."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from pepseq.templates import banded_alignment, global_alignment, seeds, ungapped_scan
from pepseq.templates.alignment_paths import Scoring, copy_residues, path_bonuses
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference
from pepseq.templates.substitution import AMINO_ACIDS, exchanges, frequencies

LONGEST = 50_000
"""Readouts longer than this (no protein is) have no templates looked for."""
BAND = 40
CANDIDATES = 64
KEPT, MOST_KEPT, KEPT_RESIDUES = 24, 2000, 60_000
"""So many templates are kept; of peptides at least, and as many as have so many residues."""
LEAST_SEEDS = np.float32(0.1)
"""Candidates whose seeds tell less than this share of what the best one's do are not aligned."""
GAP_OPENING, GAP_EXTENSION = np.float32(10), np.float32(0.5)
ALIGNED_CHANGE = 0.4
"""Share of changed residues for which alignments are scored, in bits."""
SAME_END, GAP = 8.0, 8.0
"""Bits for a template that begins (ends) where the protein does, and against each of its gaps."""
AS_LONG, LONGER, MOST_AS_LONG, LONGEST_WHOLE = 0.12, 6, 8192, 4096
"""Thoroughly, whole proteins are aligned whose length differs by no more than this share and so
many residues more: so many around it in length, and for readouts up to this length."""
WHOLE_CHANGE, WHOLE_OPENING, WHOLE_BAND = 0.5, np.float32(7), 15
SCANNED = {"protein": 150, "prefix": LONGEST, "tryptic": LONGEST, "fragment": 60}
"""Longest readout of each kind that is also compared, without gaps, wherever it may lie."""
MOST_HITS, THOROUGH_HITS = {2: 2000, 3: 20_000, 4: 20_000}, 20_000
"""Seeds of so many labels get one more if one has more places in the reference on average.

Four labels find a little less than three: they are for hundreds of millions of residues. In a
thorough search the second number counts.
"""
_BINS_AT_ONCE = 1 << 20
_BYTES_OF_BEGINS = 1 << 28


@dataclass(frozen=True)
class Templates:
    """Known proteins aligned to one readout, best first.

    `proteins`: their numbers in the reference; `aligned`: residue codes 0-20 at each residue of the
    readout or copying.NOT_ALIGNED, uint8, (templates, length); `scores`: bits of the alignment,
    ends and gaps counted, of which `bonuses` are for ends and gaps; `spans`, (templates, 2): the
    template's 0-based positions aligned first and last; `places`: how many places of its stratum
    the readout was compared with, int64.
    """

    proteins: np.ndarray
    aligned: np.ndarray
    scores: np.ndarray
    bonuses: np.ndarray
    spans: np.ndarray
    places: np.ndarray

    def chosen(self, rows: np.ndarray) -> "Templates":
        """Return these rows, in this order."""
        return Templates(*(getattr(self, field.name)[rows] for field in fields(Templates)))


class TemplateFinder:
    """Finds templates in a reference for readouts with these symbols; safe in several threads."""

    def __init__(
        self,
        reference: Reference,
        symbols: ReadSymbols,
        kind: str = "protein",
        labels: Sequence[int] = (2, 3, 4),
        candidates: int = CANDIDATES,
    ):
        """Take the first of `labels`, how many a seed has, whose seeds have few enough places.

        So many `candidates` are aligned, those with most seeds.
        """
        self.candidates = candidates
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.background = frequencies(reference.residues)
        self.scoring = self._scoring(ALIGNED_CHANGE, GAP_OPENING)
        self._global_scoring = self._scoring(WHOLE_CHANGE, WHOLE_OPENING)
        self.thorough_labels = 0
        for self.labels in labels:
            hits = self._mean_hits() if self.labels != labels[-1] else 0
            if hits <= THOROUGH_HITS:
                self.thorough_labels = self.thorough_labels or self.labels
            if self.labels == labels[-1] or hits <= MOST_HITS[self.labels]:
                break
        self._seeds: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._lock = threading.Lock()
        self._scratch = threading.local()
        self._begins: dict[int, np.ndarray] = {}
        self._cuts: np.ndarray | None = None
        self._by_length: tuple[np.ndarray, np.ndarray] | None = None

    def _mean_hits(self) -> float:
        return seeds.mean_hits(
            self.reference.residues, self.reference.offsets, self.symbols, self.labels
        )

    def _scoring(self, changed: float, opening: np.float32) -> Scoring:
        table = np.log2(self.emission_ratios(changed)).astype(np.float32, order="C")
        return Scoring(table, opening, GAP_EXTENSION)

    def emission_ratios(self, changed: float) -> np.ndarray:
        """Return P(symbol | template's residue) / P(symbol), (symbols, 21), see `exchanges`.

        A symbol that no amino acid is read as (hidden, if all twenty are labels) says nothing: 1.
        """
        read = (exchanges(self.background, changed) @ self.symbols.emission).T
        whole = read[:, -1:]
        return np.divide(read, whole, out=np.ones_like(read), where=whole > 0)

    def find(self, residues: str, thorough: bool = False) -> Templates:
        """Return the templates of a readout, at most KEPT, or more of peptides.

        A `thorough` search adds as many alignments of the whole readout with whole proteins. For
        fragments it aligns eight times as many candidates, however few seeds they share, and its
        seeds may have fewer labels.
        """
        return merge_templates(self.find_by_search(residues, thorough))

    def find_by_search(self, residues: str, thorough: bool = False) -> list[Templates]:
        """Return the templates of each kind of search by itself."""
        symbols = self.symbols.encode(residues)
        found = []
        if len(symbols) <= LONGEST:
            if self.kind in ("protein", "fragment"):
                found.append(self._by_seeds(symbols, thorough and self.kind == "fragment"))
            if len(symbols) <= SCANNED[self.kind]:
                found.append(self._by_scan(symbols))
        best = self._best(len(symbols), found)
        if thorough and self.kind == "protein" and 0 < len(symbols) <= LONGEST_WHOLE:
            return [best, self._best(len(symbols), [self._whole(symbols)])]
        return [best]

    def places(self, length: int) -> int:
        """Return how many places of the reference a readout of this length is compared with.

        Where seeds are looked for, it may lie anywhere, and jut out of a protein.
        """
        if self.kind in ("protein", "fragment") or length > SCANNED[self.kind]:
            return len(self.reference.residues)
        return len(self._places(length))

    def _by_seeds(self, symbols: np.ndarray, thorough: bool) -> tuple:
        labels = self.thorough_labels if thorough else self.labels
        with self._lock:
            if labels not in self._seeds:
                self._seeds[labels] = self.reference.seeds(self.symbols, labels)
        starts, positions = self._seeds[labels]
        scratch = self._scratch
        if not hasattr(scratch, "scores"):
            bins = (len(self.reference.residues) + LONGEST >> seeds.BIN) + 2
            slots = min(2 * _BINS_AT_ONCE, 1 << bins.bit_length())
            scratch.bins = np.full(slots, -1, np.int64)
            scratch.where = np.zeros((slots, 2), positions.dtype)
            scratch.touched = np.empty(min(bins, _BINS_AT_ONCE), np.int64)
            scratch.scores = np.zeros(slots, np.float32)
        proteins, diagonals = seeds.search(
            symbols,
            self.symbols.hidden,
            labels,
            starts,
            positions,
            self.reference.offsets,
            scratch.bins,
            scratch.scores,
            scratch.where,
            scratch.touched,
            8 * self.candidates if thorough else self.candidates,
            BAND,
            np.float32(0.0 if thorough else LEAST_SEEDS),
        )
        scores, paths = banded_alignment.align_locally(
            symbols,
            self.reference.residues,
            self.reference.offsets,
            proteins,
            diagonals,
            BAND,
            self.scoring,
        )
        return proteins, scores, paths

    def _whole(self, symbols: np.ndarray) -> tuple:
        length, apart = len(symbols), AS_LONG * len(symbols) + LONGER
        with self._lock:
            if self._by_length is None:
                lengths = np.diff(self.reference.offsets)
                order = np.argsort(lengths, kind="stable")
                self._by_length = order, lengths[order]
        order, lengths = self._by_length
        first = np.searchsorted(lengths, length - apart)
        last = np.searchsorted(lengths, length + apart, side="right")
        if last - first > MOST_AS_LONG:
            middle = np.searchsorted(lengths, length)
            first = min(max(first, middle - MOST_AS_LONG // 2), last - MOST_AS_LONG)
            last = first + MOST_AS_LONG
        return global_alignment.align_globally(
            symbols,
            self.reference.residues,
            self.reference.offsets,
            order[first:last],
            self._global_scoring,
            WHOLE_BAND,
            KEPT,
        )

    def _by_scan(self, symbols: np.ndarray) -> tuple:
        residues, offsets = self.reference.residues, self.reference.offsets
        most = max(self.candidates, self._kept(len(symbols)))
        if self.kind == "fragment":
            places, scores = ungapped_scan.scan_all(
                symbols, residues, offsets, self.scoring.table, most
            )
        else:
            begins = self._places(len(symbols))
            places, scores = ungapped_scan.scan(symbols, residues, begins, self.scoring.table, most)
        proteins = np.searchsorted(offsets, places, side="right") - 1
        first = (places - offsets[proteins]).astype(np.int32)
        return proteins, scores, first[:, None] + np.arange(len(symbols), dtype=np.int32)

    def _kept(self, length: int) -> int:
        if self.kind == "protein":
            return KEPT
        return max(KEPT, min(MOST_KEPT, KEPT_RESIDUES // max(length, 1)))

    def _places(self, length: int) -> np.ndarray:
        """Return where in the reference a readout of this kind and length may begin."""
        places = self._begins.get(length)
        if places is None:
            if sum(begins.nbytes for begins in list(self._begins.values())) > _BYTES_OF_BEGINS:
                self._begins = {}
            starts, ends = self.reference.offsets[:-1], self.reference.offsets[1:]
            long_enough = ends - starts >= length
            if self.kind == "protein":
                both = np.stack([starts, ends - length], axis=1)[long_enough]
                places = both[np.stack([np.ones(len(both), bool), both[:, 0] < both[:, 1]], 1)]
            elif self.kind == "prefix":
                places = starts[long_enough]
            else:
                places = self._peptides(length)
            self._begins[length] = places
        return places

    def _peptides(self, length: int) -> np.ndarray:
        """Return where stretches of this length begin that trypsin may have cut on both sides."""
        residues, offsets = self.reference.residues, self.reference.offsets
        if self._cuts is None:
            cut = np.zeros(len(residues) + 1, bool)  # trypsin cuts before this residue
            cut[1:-1] = np.isin(residues[:-1], [AMINO_ACIDS.index(a) for a in "KR"])
            cut[1:-1] &= residues[1:] != AMINO_ACIDS.index("P")
            cut[offsets] = True
            self._cuts = cut
        begins = np.flatnonzero(self._cuts[: max(len(residues) + 1 - length, 0)])
        begins = begins[self._cuts[begins + length]]
        return begins[begins + length <= offsets[np.searchsorted(offsets, begins, side="right")]]

    def _best(self, length: int, found: list) -> Templates:
        """Return the best of what was found: tuples of proteins, scores and paths."""
        if not found:
            found = [(np.empty(0, np.int64), np.empty(0), np.empty((0, length), np.int32))]
        proteins, scores, paths = (np.concatenate(parts) for parts in zip(*found, strict=True))
        lengths = self.reference.offsets[proteins + 1] - self.reference.offsets[proteins]
        bonuses = path_bonuses(
            paths,
            lengths,
            SAME_END if self.kind == "protein" else 0.0,
            GAP,
        )
        totals = scores + bonuses
        rows = np.lexsort((proteins, -totals))
        rows = rows[scores[rows] > 0]
        middles = paths[:, length // 2].astype(np.int64) - length // 2 + LONGEST
        first = np.unique((proteins << 32 | middles)[rows], return_index=True)[1]
        rows = rows[np.sort(first)[: self._kept(length)]]
        paths = paths[rows]
        aligned, spans = copy_residues(
            self.reference.residues, self.reference.offsets[proteins[rows]], paths
        )
        places = np.full(len(rows), self.places(length))
        return Templates(proteins[rows], aligned, totals[rows], bonuses[rows], spans, places)


def merge_templates(parts: Sequence[Templates]) -> Templates:
    """Return the templates of all parts, best first."""
    columns = (
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Templates)
    )
    merged = Templates(*columns)
    return merged.chosen(np.argsort(-merged.scores, kind="stable"))
