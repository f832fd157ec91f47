"""The kinds of search in a reference: by seeds, without gaps, and of whole proteins."""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pepseq.templates.alignment_paths import Scoring
from pepseq.templates.array_files import limit_resident
from pepseq.templates.banded_alignment import align_locally
from pepseq.templates.global_alignment import align_globally
from pepseq.templates.place_likelihoods import sum_likelihoods
from pepseq.templates.protein_lengths import ProteinLengths
from pepseq.templates.read_starts import ReadStarts
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference
from pepseq.templates.search_settings import (
    GLOBAL_ALIGNMENT,
    LOCAL_ALIGNMENT,
    MAX_READ_LENGTH,
    RANKING,
    SEED_SEARCH,
)
from pepseq.templates.seed_tables import SeedTable, mean_places
from pepseq.templates.seeds import (
    BIN,
    CandidateLimits,
    DiagonalBins,
    empty_bins,
    find_candidates,
)
from pepseq.templates.ungapped_scan import scan, scan_all

_MAX_BINS = 1 << 20
"""Bins of diagonals that are counted for one read, at most."""
_STARTS_AT_ONCE = 1 << 13
"""Places that are compared before memory of the reference is given back, if there is too much."""
_STARTS_PER_FIT = 32
"""Places that are compared at once for each fit that is kept, at least."""
SAMPLED_PLACES = 8192
"""Places that stand for all that are not among the best fits of a read."""


class Alignments(NamedTuple):
    """Numbers of proteins, scores in bits and paths, (alignments, length), of one search."""

    proteins: np.ndarray
    scores: np.ndarray
    paths: np.ndarray


class ScoredRead(NamedTuple):
    """A read as searches take it, all arrays with a value for each residue.

    `symbols`: uint8, see `ReadSymbols`; `rows`: of the tables of `local` and `whole`, the scoring
    of local alignments and of those from end to end.
    """

    symbols: np.ndarray
    rows: np.ndarray
    local: Scoring
    whole: Scoring


class SeedSearch:
    """Aligns reads locally with the proteins that share most seeds; safe in several threads.

    Seeds have the first number of labels among `label_choices` with few enough places in the
    reference: `labels`, and in a thorough search `thorough_labels`.
    """

    def __init__(
        self,
        reference: Reference,
        symbols: ReadSymbols,
        label_choices: Sequence[int],
        candidates: int,
    ):
        self._reference, self._symbols = reference, symbols
        self._candidates = candidates
        self.labels, self.thorough_labels = self._choose_labels(label_choices)
        self._tables: dict[int, SeedTable] = {}
        self._lock = threading.Lock()
        self._scratch = threading.local()

    def _choose_labels(self, choices: Sequence[int]) -> tuple[int, int]:
        """Return how many labels the seeds of a search and of a thorough search have."""
        residues, offsets = self._reference.residues, self._reference.offsets
        thorough = 0
        for labels in choices[:-1]:
            places = mean_places(residues, offsets, self._symbols, labels)
            if places <= SEED_SEARCH.max_thorough_places:
                thorough = thorough or labels
            if places <= SEED_SEARCH.max_mean_places[labels]:
                return labels, thorough
        return choices[-1], thorough or choices[-1]

    def align(self, read: ScoredRead, thorough: bool = False) -> Alignments:
        """Return the alignments of a read's candidates."""
        labels = self.thorough_labels if thorough else self.labels
        with self._lock:
            if labels not in self._tables:
                self._tables[labels] = self._reference.seeds(self._symbols, labels)
        table = self._tables[labels]
        limits = CandidateLimits(
            self._candidates * (SEED_SEARCH.thorough_candidates if thorough else 1),
            LOCAL_ALIGNMENT.half_band,
            np.float32(0.0 if thorough else SEED_SEARCH.min_seed_share),
            SEED_SEARCH.max_places,
        )
        proteins, diagonals = find_candidates(
            read.symbols,
            self._symbols.hidden,
            labels,
            table,
            self._reference.offsets,
            self._diagonal_bins(table.positions.dtype),
            limits,
        )
        scores, paths = align_locally(
            read.rows,
            self._reference.residues,
            self._reference.offsets,
            proteins,
            diagonals,
            LOCAL_ALIGNMENT.half_band,
            read.local,
        )
        return Alignments(proteins, scores, paths)

    def _diagonal_bins(self, place_type: np.dtype) -> DiagonalBins:
        """Return this thread's scratch space for counting seeds."""
        if not hasattr(self._scratch, "bins"):
            bins = (len(self._reference.residues) + MAX_READ_LENGTH >> BIN) + 2
            slots = min(2 * _MAX_BINS, 1 << bins.bit_length())
            self._scratch.bins = empty_bins(slots, min(bins, _MAX_BINS), place_type)
        return self._scratch.bins


class PlaceSearch:
    """Compares reads without gaps at every place where they may lie; safe in several threads."""

    def __init__(self, reference: Reference, kind: str, min_alignments: int):
        self._reference, self._kind = reference, kind
        self._min_alignments = min_alignments
        self.starts = ReadStarts(reference, kind)

    def align(self, read: ScoredRead) -> Alignments:
        """Return the best fits of a read."""
        places, scores = self._scan(read)
        proteins, first = self._positions(places)
        paths = first.astype(np.int32)[:, None] + np.arange(len(read.rows), dtype=np.int32)
        return Alignments(proteins, scores, paths)

    def _scan(self, read: ScoredRead) -> tuple[np.ndarray, np.ndarray]:
        """Return places and scores of the best fits of a read."""
        residues, offsets = self._reference.residues, self._reference.offsets
        table, length = read.local.table, len(read.rows)
        count = max(self._min_alignments, RANKING.count_templates(self._kind, length))
        if self._kind == "fragment":
            return scan_all(read.rows, residues, offsets, table, count)
        starts = self.starts.of_length(length)
        at_once = max(_STARTS_AT_ONCE, _STARTS_PER_FIT * count)
        parts = []
        for first in range(0, max(len(starts), 1), at_once):
            part = starts[first : first + at_once]
            parts.append(scan(read.rows, residues, part, table, count))
            if len(part) < len(starts):
                limit_resident()
        places, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
        best = np.argsort(-scores, kind="stable")[:count]
        return places[best], scores[best]

    def _positions(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the protein of each place, and the 0-based residue of the protein."""
        offsets = self._reference.offsets
        proteins = np.searchsorted(offsets, places, side="right") - 1
        return proteins, places - offsets[proteins]

    def mean_likelihoods(self, read: ScoredRead, emission: np.ndarray) -> np.ndarray:
        """Return the mean over places of P(read | place, distance) / P(read), (distances,).

        `emission` is that of `sum_likelihoods`. If there are many places, the best fits are summed
        up one by one, and of the others every n-th stands for n.
        """
        residues = self._reference.residues
        others, places = self._sample_places(len(read.rows))
        if len(others) == places:
            return sum_likelihoods(read.rows, residues, others, emission) / max(places, 1)
        best = self._scan(read)[0]
        others = others[~np.isin(others, best)]
        sums = sum_likelihoods(read.rows, residues, best, emission)
        each = (places - len(best)) / max(len(others), 1)
        return (sums + each * sum_likelihoods(read.rows, residues, others, emission)) / places

    def count_places(self, length: int) -> int:
        """Return the number of places that `mean_likelihoods` is the mean over."""
        return self._sample_places(length)[1]

    def _sample_places(self, length: int) -> tuple[np.ndarray, int]:
        """Return about SAMPLED_PLACES places for a read of this length, and the number of all."""
        if self._kind != "fragment":
            starts = self.starts.of_length(length)
            return starts[:: max(len(starts) // SAMPLED_PLACES, 1)], len(starts)
        number = len(self._reference.residues)
        starts = np.arange(0, number, max(number // SAMPLED_PLACES, 1))
        proteins, first = self._positions(starts)
        room = np.diff(self._reference.offsets)[proteins] - first >= length
        return starts[room], max(int(number * room.mean()), 1)


class WholeProteinSearch:
    """Aligns reads from end to end with the proteins about as long; safe in several threads."""

    def __init__(self, reference: Reference):
        self._reference = reference
        self._lengths = ProteinLengths(reference)

    def align(self, read: ScoredRead) -> Alignments:
        """Return the best alignments of a read."""
        proteins = self._proteins_as_long(len(read.rows))
        residues, offsets = self._reference.copy_proteins(proteins)
        best, scores, paths = align_globally(
            read.rows,
            residues,
            offsets,
            np.arange(len(proteins)),
            read.whole,
            GLOBAL_ALIGNMENT.margin,
            RANKING.max_templates,
        )
        return Alignments(proteins[best], scores, paths)

    def _proteins_as_long(self, length: int) -> np.ndarray:
        """Return the numbers of proteins about as long, sorted by length, not too many."""
        difference = GLOBAL_ALIGNMENT.length_share * length + GLOBAL_ALIGNMENT.length_residues
        ends = length - difference, length + difference
        return self._lengths.nearest(length, *ends, GLOBAL_ALIGNMENT.max_proteins)
