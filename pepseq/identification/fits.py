"""Fits of reads to the proteins of a reference, and to its decoys."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pepseq.identification.config import LookupConfig
from pepseq.identification.decoys import q_values
from pepseq.identification.relatives import (
    RELATIVES,
    PlaceLikelihoods,
    QValues,
    estimate_q_values,
)
from pepseq.io.progress import Progress
from pepseq.prediction.template_model import COPYING
from pepseq.processes.cores import available_cores
from pepseq.readout.confusion import Confusion
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.readout import Readout
from pepseq.templates.copying_model import NOT_ALIGNED
from pepseq.templates.decoys import decoys_of
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import ReadSymbols, read_symbols
from pepseq.templates.reference import Reference
from pepseq.templates.soft_reads import Read, soft_read
from pepseq.templates.substitution import UNKNOWN_CODE

Variants = Sequence[Read]
"""A read; of a pattern, one for each combination of its gaps."""
EQUAL_BITS = 0.5
"""Fits whose scores differ by fewer bits are equally good."""
SURE_BITS = 6.65
"""A fit whose score is lower by so many bits is less than a hundredth as probable."""
MAX_PROTEINS = 20
"""Of more proteins that a read may come from, none is known."""


@dataclass(frozen=True)
class Fit:
    """A known protein that a read fits.

    `protein` is its number in the reference; the read begins at its residue `begin` and ends at
    `end` (1-based); `score` in bits: log2 of the probability of the read if it is from this protein
    over that by chance, of which `bonus` is for ends and gaps; `coverage`: aligned share of the
    read; `matched`: labels that the protein has at the same residue, of `labels`.
    """

    protein: int
    begin: int
    end: int
    score: float
    bonus: float
    coverage: float
    matched: int
    labels: int


@dataclass(frozen=True)
class ReadFits:
    """The fits of one read.

    `best`: best fits, best first; `equal`: number of fits as good as the first; `places`: places of
    the reference that the read was compared with; `total`: log2 of the sum of 2 ** score over all
    fits; `lead` and `decoy_lead`: bits by which the best fit exceeds the sum over decoys, and the
    best decoy the sum over fits; `evidence`: of peptides, what `estimate_q_values` takes, float64
    (4, distances); `proteins`, `decoys`: those of `likely_proteins`.
    """

    best: list[Fit]
    equal: int
    places: int
    total: float
    lead: float
    decoy_lead: float
    evidence: np.ndarray | None = None
    proteins: tuple[int, ...] = ()
    decoys: tuple[int, ...] = ()


class Found(NamedTuple):
    """What one reference has for a read.

    `best`: the best fits, best first; `scores`: of all fits, sorted; `places`: number of places
    compared; `likelihoods`: of peptides, see `ReadMatcher`; `proteins`: see `likely_proteins`.
    """

    best: list[Fit]
    scores: np.ndarray
    places: int
    likelihoods: np.ndarray | None
    proteins: tuple[int, ...]


def likely_proteins(proteins: np.ndarray, scores: np.ndarray) -> tuple[int, ...]:
    """Return the numbers of the proteins whose fits are within SURE_BITS of the best one, sorted.

    None are returned if chance, which has 0 bits, is as good, or if they are more than
    MAX_PROTEINS.

    >>> likely_proteins(np.array([7, 3, 5]), np.array([9.0, 8.7, 1.0]))
    (3, 7)
    """
    best = scores.max(initial=0.0)
    found = np.unique(proteins[scores > best - SURE_BITS]) if best > 0 else ()
    return tuple(map(int, found)) if len(found) <= MAX_PROTEINS else ()


class ReadMatcher:
    """Ranks the proteins of one reference for reads; safe in several threads."""

    def __init__(self, reference: Reference, symbols: ReadSymbols, config: LookupConfig):
        self.finder = TemplateFinder(reference, symbols, config.read_kind)
        self._bits_of_symbols = self._bits()
        self._likelihoods = PlaceLikelihoods(self.finder) if config.read_kind == "tryptic" else None

    def _bits(self, emission: np.ndarray | None = None) -> np.ndarray:
        """Return log2 of `TemplateFinder.emission_ratios`, (distances, symbols, codes)."""
        ratios = np.stack([self.finder.emission_ratios(d, emission) for d in COPYING.distances])
        unaligned = np.zeros((*ratios.shape[:2], NOT_ALIGNED - UNKNOWN_CODE))
        return np.concatenate([np.log2(ratios), unaligned], axis=2)

    def fits(self, variants: Variants, count: int) -> Found:
        """Return at most `count` fits of a read, best first.

        Of several variants each has the same probability, and each stretch of a protein counts
        once.
        """
        of_variants = [self._columns(read, np.log2(len(variants))) for read in variants]
        columns = tuple(map(np.concatenate, zip(*of_variants, strict=True)))
        proteins, begins, ends, scores, *_ = columns
        order = np.lexsort((begins, proteins, -scores))
        if len(variants) > 1:  # which may have the same part aligned
            places = np.stack([proteins, begins, ends])[:, order]
            order = order[np.sort(np.unique(places, axis=1, return_index=True)[1])]
        best = zip(*(column[order[:count]].tolist() for column in columns), strict=True)
        fits = [Fit(*row) for row in best]
        number = sum(self.finder.count_places(len(read)) for read in variants)
        likelihoods = self._likelihoods_of(variants, of_variants)
        likely = likely_proteins(proteins[order], scores[order])
        return Found(fits, scores[order], number, likelihoods, likely)

    def _likelihoods_of(
        self, variants: Variants, columns: list[tuple[np.ndarray, ...]]
    ) -> np.ndarray | None:
        """Return the mean over all places, and the parts of the best fits in it, (3, distances).

        See `PlaceLikelihoods`; None if reads are not peptides. `columns`: of each variant.
        """
        if self._likelihoods is None:
            return None
        threshold = max(of_read[3].max(initial=-np.inf) for of_read in columns) - EQUAL_BITS
        likelihoods = np.zeros((3, len(RELATIVES.distances)))
        for read, (proteins, begins, _, scores, *_) in zip(variants, columns, strict=True):
            best = scores > threshold
            places = self.finder.reference.offsets[proteins[best]] + begins[best] - 1
            likelihoods[0] += self._likelihoods.mean(read)
            likelihoods[1:] += self._likelihoods.of_places(read, places)
        return likelihoods / len(variants)

    def _columns(self, read: Read, cost: float) -> tuple[np.ndarray, ...]:
        """Return the fields of Fit, an array of each, for all fits of a read, at a cost in bits."""
        templates = self.finder.find(read)
        scored, aligned = self.finder.score(read), templates.aligned
        of_read = self._bits_of_symbols if isinstance(read, str) else self._bits(read.emission.T)
        labelled = scored.symbols != self.finder.symbols.hidden
        bits = np.stack([of_distance[scored.rows, aligned].sum(1) for of_distance in of_read])
        prior = np.log2(COPYING.distance_prior(self.finder.kind))[:, None]
        is_aligned = aligned != NOT_ALIGNED
        codes = np.minimum(aligned, UNKNOWN_CODE)
        same = self.finder.symbols.symbol_of_code[codes] == scored.symbols
        return (
            templates.proteins.astype(np.int64),
            *(templates.spans + 1).T,
            np.logaddexp2.reduce(bits + prior, axis=0) + templates.bonuses - cost,
            templates.bonuses,
            is_aligned.mean(1),
            (same & is_aligned & labelled).sum(1),
            np.full(len(aligned), labelled.sum()),
        )


def fit_reads(
    reads: Sequence[str | WeightedRead],
    reference: Reference,
    readout: Readout,
    config: LookupConfig,
    confusion: Confusion | None = None,
) -> tuple[list[ReadFits], QValues]:
    """Return the fits and the q-values of each read.

    Equal reads of symbols are compared with the reference once. Decoys are those of `decoys_of`.
    `confusion` replaces the error rates of `config`.
    """
    symbols = read_symbols(readout, config.missed_label, config.misread, confusion)
    targets = ReadMatcher(reference, symbols, config)
    decoys = ReadMatcher(decoys_of(reference, config.read_kind), symbols, config)

    def fit(read: str | WeightedRead) -> ReadFits:
        variants = (
            (read,) if isinstance(read, str) else [soft_read(w, symbols) for w in read.variants]
        )
        return _fit_read(variants, targets, decoys, config.best)

    by_read: dict[str | WeightedRead, ReadFits] = {}
    distinct = list(dict.fromkeys(reads))
    with (
        ThreadPoolExecutor(config.threads or available_cores()) as pool,
        Progress("looking up", len(distinct), "reads") as progress,
    ):
        for read, fits in zip(distinct, pool.map(fit, distinct), strict=True):
            by_read[read] = fits
            progress.add(1)
    results = [by_read[read] for read in reads]
    return results, _q_values(results)


def _q_values(results: list[ReadFits]) -> QValues:
    """Return the q-values by decoys; of peptides, or by relatives where these are higher."""
    by_decoys = q_values([r.lead for r in results], [r.decoy_lead for r in results])
    evidence = [r.evidence for r in results if r.evidence is not None]
    if not evidence:
        return QValues(by_decoys, by_decoys)
    return estimate_q_values(*np.stack(evidence, axis=1)).at_least(by_decoys)


def _fit_read(
    variants: Variants, targets: ReadMatcher, decoys: ReadMatcher, count: int
) -> ReadFits:
    found, of_decoys = targets.fits(variants, count), decoys.fits(variants, 0)
    scores, decoy_scores = (np.append(0.0, f.scores) for f in (found, of_decoys))  # 0: by chance
    total, decoy_total = np.logaddexp2.reduce(scores), np.logaddexp2.reduce(decoy_scores)
    evidence = None
    if found.likelihoods is not None and of_decoys.likelihoods is not None:
        evidence = np.insert(found.likelihoods, 1, of_decoys.likelihoods[0], axis=0)
    return ReadFits(
        found.best,
        int((scores[1:] > scores[1:].max(initial=-np.inf) - EQUAL_BITS).sum()),
        found.places,
        float(total),
        float(scores.max() - decoy_total),
        float(decoy_scores.max() - total),
        evidence,
        found.proteins,
        of_decoys.proteins,
    )
