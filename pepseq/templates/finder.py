"""Find the templates of a read: candidates by seeds or at every place, then alignments."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from pepseq.templates import banded_alignment, global_alignment, seeds, ungapped_scan
from pepseq.templates.alignment_paths import Scoring, copy_residues, path_bonuses
from pepseq.templates.read_starts import ReadStarts
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference
from pepseq.templates.search_settings import GLOBAL_ALIGNMENT, SEARCH
from pepseq.templates.substitution import exchanges, frequencies

_MAX_BINS = 1 << 20
"""Bins of diagonals that are counted for one read, at most."""


@dataclass(frozen=True)
class Templates:
    """Known proteins aligned to one read, best first.

    `proteins`: their numbers in the reference; `aligned`: residue codes 0-20 at each residue of the
    read or NOT_ALIGNED, uint8, (templates, length); `scores`: bits of the alignment,
    ends and gaps counted, of which `bonuses` are for ends and gaps; `spans`, (templates, 2): the
    template's 0-based positions aligned first and last; `places`: how many places of its stratum
    the read was compared with, int64.
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


class _Alignments(NamedTuple):
    """Numbers of proteins, scores in bits and paths, (alignments, length), of one search."""

    proteins: np.ndarray
    scores: np.ndarray
    paths: np.ndarray


class TemplateFinder:
    """Finds templates in a reference for reads with these symbols; safe in several threads."""

    def __init__(
        self,
        reference: Reference,
        symbols: ReadSymbols,
        kind: str = "protein",
        labels: Sequence[int] = (2, 3, 4),
        candidates: int = SEARCH.candidates,
    ):
        """Take the first of `labels`, how many a seed has, whose seeds have few enough places.

        So many `candidates` are aligned, those with most seeds.
        """
        self.candidates = candidates
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.background = frequencies(reference.residues)
        self.scoring = self._scoring(SEARCH.changed, SEARCH.gap_opening)
        self._global_scoring = self._scoring(GLOBAL_ALIGNMENT.changed, GLOBAL_ALIGNMENT.gap_opening)
        self.labels, self.thorough_labels = self._choose_labels(labels)
        self.read_starts = ReadStarts(reference, kind)
        self._seeds: dict[int, seeds.SeedTable] = {}
        self._lock = threading.Lock()
        self._scratch = threading.local()
        self._by_length: tuple[np.ndarray, np.ndarray] | None = None

    def _scoring(self, changed: float, gap_opening: float) -> Scoring:
        table = np.log2(self.emission_ratios(changed)).astype(np.float32, order="C")
        return Scoring(table, np.float32(gap_opening), np.float32(SEARCH.gap_extension))

    def _choose_labels(self, choices: Sequence[int]) -> tuple[int, int]:
        """Return how many labels the seeds of a search and of a thorough search have."""
        reference, thorough = self.reference, 0
        for labels in choices[:-1]:
            places = seeds.mean_places(reference.residues, reference.offsets, self.symbols, labels)
            if places <= SEARCH.max_thorough_places:
                thorough = thorough or labels
            if places <= SEARCH.max_mean_places[labels]:
                return labels, thorough
        return choices[-1], thorough or choices[-1]

    def emission_ratios(self, changed: float) -> np.ndarray:
        """Return P(symbol | template's residue) / P(symbol), (symbols, 21), see `exchanges`.

        A symbol that no amino acid is read as (hidden, if all twenty are labels) says nothing: 1.
        """
        read = (exchanges(self.background, changed) @ self.symbols.emission).T
        whole = read[:, -1:]
        return np.divide(read, whole, out=np.ones_like(read), where=whole > 0)

    def find(self, residues: str, thorough: bool = False) -> Templates:
        """Return the templates of a read, at most `SEARCH.max_templates`, or more of peptides.

        A `thorough` search adds as many alignments of the whole read with whole proteins. For
        fragments it aligns eight times as many candidates, however few seeds they share, and its
        seeds may have fewer labels.
        """
        return merge_templates(self.find_by_search(residues, thorough))

    def find_by_search(self, residues: str, thorough: bool = False) -> list[Templates]:
        """Return the templates of each kind of search by itself."""
        symbols = self.symbols.encode(residues)
        length, alignments = len(symbols), []
        if length <= SEARCH.max_read_length:
            if self.kind in ("protein", "fragment"):
                thorough_seeds = thorough and self.kind == "fragment"
                alignments.append(self._align_candidates(symbols, thorough_seeds))
            if SEARCH.is_scanned(self.kind, length):
                alignments.append(self._scan(symbols))
        best = self._choose_best(length, alignments)
        if thorough and self.kind == "protein" and 0 < length <= GLOBAL_ALIGNMENT.max_read_length:
            return [best, self._choose_best(length, [self._align_whole(symbols)])]
        return [best]

    def count_places(self, length: int) -> int:
        """Return how many places of the reference a read of this length is compared with.

        Where seeds are looked for, it may lie anywhere, and jut out of a protein.
        """
        if self.kind in ("protein", "fragment") or not SEARCH.is_scanned(self.kind, length):
            return len(self.reference.residues)
        return len(self.read_starts.of_length(length))

    def _align_candidates(self, symbols: np.ndarray, thorough: bool) -> _Alignments:
        labels = self.thorough_labels if thorough else self.labels
        with self._lock:
            if labels not in self._seeds:
                self._seeds[labels] = self.reference.seeds(self.symbols, labels)
        factor = SEARCH.thorough_candidates if thorough else 1
        proteins, diagonals = seeds.search(
            symbols,
            self.symbols.hidden,
            labels,
            self._seeds[labels],
            self.reference.offsets,
            self._diagonal_bins(self._seeds[labels].positions.dtype),
            factor * self.candidates,
            SEARCH.half_band,
            np.float32(0.0 if thorough else SEARCH.min_seed_share),
        )
        scores, paths = banded_alignment.align_locally(
            symbols,
            self.reference.residues,
            self.reference.offsets,
            proteins,
            diagonals,
            SEARCH.half_band,
            self.scoring,
        )
        return _Alignments(proteins, scores, paths)

    def _diagonal_bins(self, place_type: np.dtype) -> seeds.DiagonalBins:
        """Return this thread's scratch space for counting seeds."""
        if not hasattr(self._scratch, "bins"):
            bins = (len(self.reference.residues) + SEARCH.max_read_length >> seeds.BIN) + 2
            slots = min(2 * _MAX_BINS, 1 << bins.bit_length())
            self._scratch.bins = seeds.empty_bins(slots, min(bins, _MAX_BINS), place_type)
        return self._scratch.bins

    def _align_whole(self, symbols: np.ndarray) -> _Alignments:
        """Align a read from end to end with the proteins about as long."""
        settings, length = GLOBAL_ALIGNMENT, len(symbols)
        difference = settings.length_share * length + settings.length_residues
        with self._lock:
            if self._by_length is None:
                lengths = np.diff(self.reference.offsets)
                order = np.argsort(lengths, kind="stable")
                self._by_length = order, lengths[order]
        order, lengths = self._by_length
        first = np.searchsorted(lengths, length - difference)
        last = np.searchsorted(lengths, length + difference, side="right")
        if last - first > settings.max_proteins:
            middle = np.searchsorted(lengths, length)
            first = min(
                max(first, middle - settings.max_proteins // 2), last - settings.max_proteins
            )
            last = first + settings.max_proteins
        aligned = global_alignment.align_globally(
            symbols,
            self.reference.residues,
            self.reference.offsets,
            order[first:last],
            self._global_scoring,
            settings.margin,
            SEARCH.max_templates,
        )
        return _Alignments(*aligned)

    def _scan(self, symbols: np.ndarray) -> _Alignments:
        """Compare a read without gaps at every place where it may lie."""
        residues, offsets, table = (
            self.reference.residues,
            self.reference.offsets,
            self.scoring.table,
        )
        most = max(self.candidates, SEARCH.templates_of(self.kind, len(symbols)))
        if self.kind == "fragment":
            places, scores = ungapped_scan.scan_all(symbols, residues, offsets, table, most)
        else:
            starts = self.read_starts.of_length(len(symbols))
            places, scores = ungapped_scan.scan(symbols, residues, starts, table, most)
        proteins = np.searchsorted(offsets, places, side="right") - 1
        first = (places - offsets[proteins]).astype(np.int32)
        paths = first[:, None] + np.arange(len(symbols), dtype=np.int32)
        return _Alignments(proteins, scores, paths)

    def _choose_best(self, length: int, searches: list[_Alignments]) -> Templates:
        """Return the best alignments of all searches.

        A protein comes again only if another of its residues is aligned to the read's middle.
        """
        if not searches:
            no_paths = np.empty((0, length), np.int32)
            searches = [_Alignments(np.empty(0, np.int64), np.empty(0), no_paths)]
        proteins, scores, paths = (np.concatenate(parts) for parts in zip(*searches, strict=True))
        lengths = self.reference.offsets[proteins + 1] - self.reference.offsets[proteins]
        end_bonus = SEARCH.end_bonus if self.kind == "protein" else 0.0
        bonuses = path_bonuses(paths, lengths, end_bonus, SEARCH.gap_cost)
        totals = scores + bonuses
        rows = np.lexsort((proteins, -totals))
        rows = rows[scores[rows] > 0]
        middles = paths[:, length // 2].astype(np.int64) - length // 2 + SEARCH.max_read_length
        first = np.unique((proteins << 32 | middles)[rows], return_index=True)[1]
        rows = rows[np.sort(first)[: SEARCH.templates_of(self.kind, length)]]
        aligned, spans = copy_residues(
            self.reference.residues, self.reference.offsets[proteins[rows]], paths[rows]
        )
        places = np.full(len(rows), self.count_places(length))
        return Templates(proteins[rows], aligned, totals[rows], bonuses[rows], spans, places)


def merge_templates(parts: Sequence[Templates]) -> Templates:
    """Return the templates of all parts, best first."""
    columns = (
        np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Templates)
    )
    merged = Templates(*columns)
    return merged.chosen(np.argsort(-merged.scores, kind="stable"))
