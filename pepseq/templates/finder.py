"""Find the templates of a read: candidates by seeds or at every place, then alignments."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from pepseq.templates.alignment_paths import Scoring, copy_residues, path_bonuses
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference
from pepseq.templates.search_settings import (
    GLOBAL_ALIGNMENT,
    LOCAL_ALIGNMENT,
    MAX_READ_LENGTH,
    RANKING,
    SEED_SEARCH,
    UNGAPPED_SCAN,
    GlobalAlignmentSettings,
    LocalAlignmentSettings,
)
from pepseq.templates.searches import (
    Alignments,
    PlaceSearch,
    ScoredRead,
    SeedSearch,
    WholeProteinSearch,
)
from pepseq.templates.soft_reads import Read
from pepseq.templates.substitution import exchanges

THOROUGH_KINDS = ("protein", "fragment")
"""Kinds of reads for which a thorough search differs from the usual one."""


@dataclass(frozen=True)
class Templates:
    """Known proteins aligned to one read, best first.

    `proteins`: their numbers in the reference; `aligned`: residue codes 0-20 at each residue of the
    read or NOT_ALIGNED, uint8, (templates, length); `scores`: bits of the alignment, ends and gaps
    counted, of which `bonuses` are for ends and gaps; `spans`, (templates, 2): the template's
    0-based positions aligned first and last; `places`: how many places of its stratum the read was
    compared with, int64.
    """

    proteins: np.ndarray
    aligned: np.ndarray
    scores: np.ndarray
    bonuses: np.ndarray
    spans: np.ndarray
    places: np.ndarray

    def select(self, rows: np.ndarray | slice) -> "Templates":
        """Return these rows, in this order."""
        return Templates(*(getattr(self, field.name)[rows] for field in fields(Templates)))


class TemplateFinder:
    """Finds templates in a reference for reads with these symbols; safe in several threads.

    `kind`, see PredictConfig: proteins and fragments are searched by seeds, short reads and the
    other kinds at every place where they may lie. `labels` and `candidates`: see `SeedSearch`.
    `background`: frequencies of the twenty amino acids, by default those of the reference.
    """

    def __init__(
        self,
        reference: Reference,
        symbols: ReadSymbols,
        kind: str = "protein",
        labels: Sequence[int] = (2, 3, 4),
        candidates: int = SEED_SEARCH.candidates,
        background: np.ndarray | None = None,
    ):
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.background = reference.frequencies() if background is None else background
        self.scoring = self._scoring(LOCAL_ALIGNMENT)
        self._whole_scoring = self._scoring(GLOBAL_ALIGNMENT)
        self.seed_search: SeedSearch | None = None
        if kind in ("protein", "fragment"):
            self.seed_search = SeedSearch(reference, symbols, labels, candidates)
        self.place_search = PlaceSearch(reference, kind, candidates)
        self.whole_search = WholeProteinSearch(reference)
        self._last = threading.local()  # a thorough search follows the usual one of the same read

    def _scoring(
        self,
        settings: LocalAlignmentSettings | GlobalAlignmentSettings,
        emission: np.ndarray | None = None,
    ) -> Scoring:
        ratios = self.emission_ratios(settings.changed, emission)
        table = np.log2(ratios).astype(np.float32, order="C")
        return Scoring(table, np.float32(settings.gap_opening), np.float32(settings.gap_extension))

    def score(self, read: Read) -> ScoredRead:
        """Return a read as searches take it."""
        if isinstance(read, str):
            symbols = self.symbols.encode(read)
            return ScoredRead(symbols, symbols, self.scoring, self._whole_scoring)
        scorings = (
            self._scoring(settings, read.emission.T)
            for settings in (LOCAL_ALIGNMENT, GLOBAL_ALIGNMENT)
        )
        return ScoredRead(self.symbols.encode(read.residues), read.rows, *scorings)

    def emission_ratios(self, changed: float, emission: np.ndarray | None = None) -> np.ndarray:
        """Return P(symbol | template's residue) / P(symbol), (symbols, 21), see `exchanges`.

        A symbol that no amino acid is read as (hidden, if all twenty are labels) says nothing: 1.
        `emission`: P(symbol | amino acid), (20, symbols), by default of the readout's symbols; that
        of a soft read has a symbol for each residue.
        """
        if emission is None:
            emission = self.symbols.emission
        read = (exchanges(self.background, changed) @ emission).T
        whole = read[:, -1:]
        return np.divide(read, whole, out=np.ones_like(read), where=whole > 0)

    def find(self, read: Read, thorough: bool = False) -> Templates:
        """Return the templates of a read, at most `RANKING.max_templates`, or more of peptides.

        A `thorough` search adds as many alignments of the whole read with whole proteins. For
        fragments it aligns eight times as many candidates, however few seeds they share, and its
        seeds may have fewer labels.
        """
        return merge_templates(self.find_by_search(read, thorough))

    def find_by_search(self, read: Read, thorough: bool = False) -> list[Templates]:
        """Return the templates of each kind of search by itself."""
        scored = self.score(read)
        if thorough and self.kind == "protein" and getattr(self._last, "read", None) is read:
            best = self._last.best
        else:
            best = self._find_usual(scored, thorough)
            self._last.read, self._last.best = read, best
        length = len(scored.rows)
        if thorough and self.kind == "protein" and 0 < length <= GLOBAL_ALIGNMENT.max_read_length:
            return [best, self._choose_best(length, [self.whole_search.align(scored)])]
        return [best]

    def _find_usual(self, scored: ScoredRead, thorough: bool) -> Templates:
        """Return the templates that seeds and comparisons without gaps find."""
        length, alignments = len(scored.rows), []
        if length <= MAX_READ_LENGTH:
            if self.seed_search is not None:
                thorough_seeds = thorough and self.kind == "fragment"
                alignments.append(self.seed_search.align(scored, thorough_seeds))
            if UNGAPPED_SCAN.includes(self.kind, length):
                alignments.append(self.place_search.align(scored))
        return self._choose_best(length, alignments)

    def count_places(self, length: int) -> int:
        """Return how many places of the reference a read of this length is compared with.

        Where seeds are looked for, it may lie anywhere, and jut out of a protein.
        """
        if self.seed_search is not None or not UNGAPPED_SCAN.includes(self.kind, length):
            return len(self.reference.residues)
        return len(self.place_search.starts.of_length(length))

    def _choose_best(self, length: int, searches: list[Alignments]) -> Templates:
        """Return the best alignments of all searches.

        A protein comes again only if another of its residues is aligned to the read's middle.
        """
        if not searches:
            no_paths = np.empty((0, length), np.int32)
            searches = [Alignments(np.empty(0, np.int64), np.empty(0), no_paths)]
        proteins, scores, paths = (np.concatenate(parts) for parts in zip(*searches, strict=True))
        lengths = self.reference.offsets[proteins + 1] - self.reference.offsets[proteins]
        end_bonus = RANKING.end_bonus if self.kind == "protein" else 0.0
        bonuses = path_bonuses(paths, lengths, end_bonus, RANKING.gap_cost)
        totals = scores + bonuses
        rows = np.lexsort((proteins, -totals))
        rows = rows[scores[rows] > 0]
        middles = paths[:, length // 2].astype(np.int64) - length // 2 + MAX_READ_LENGTH
        first = np.unique((proteins << 32 | middles)[rows], return_index=True)[1]
        rows = rows[np.sort(first)[: RANKING.count_templates(self.kind, length)]]
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
    return merged.select(np.argsort(-merged.scores, kind="stable"))
