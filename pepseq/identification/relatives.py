"""Error rates of peptides by the sample's own share of relatives, beside those by decoys.

Decoys stand for fits by chance, and for no other mistake: a peptide of another strain that differs
from the reference's only at residues that were not read, or a read that its errors have turned into
that of another peptide. So each peptide is taken to come from a place of the reference or of its
decoys, at some distance, or from none of them; how many do so is estimated from all reads of the
sample together, as in `pepseq.prediction.fitting_share`. This gives the probability that a read's
best fit is right, and the mean of these over the accepted reads the error rate (Kall et al. 2008,
Journal of Proteome Research 7: 40).
"""

import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pepseq.prediction.fitting_share import FITTING
from pepseq.prediction.prior import tryptic_end_odds
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.place_likelihoods import sum_likelihoods
from pepseq.templates.soft_reads import Read
from pepseq.templates.substitution import UNKNOWN_CODE, exchanges

log = logging.getLogger(__name__)
_ROUNDING = 1e-9


@dataclass(frozen=True)
class RelativeSettings:
    """Settings of the estimate.

    Chosen on tryptic peptides of E. coli K-12 with itself as reference, of E. coli EC590 with five
    other strains, of E. albertii KF1 with six, and of K. pneumoniae HS11286 and V. cholerae O395
    with K-12, none on a test set.

    distances: shares of residues in which a peptide may differ from the place it comes from; 0 is
        the peptide itself.
    unrelated: a peptide at this distance or more is no relative.
    first: probability of each before any read is seen. Reads that say little of the distance leave
        it as it is, so a high value of the first protects samples of the reference's own organism.
    pseudocount: number of reads that the probabilities before any read weigh.
    rounds: of expectation-maximization.
    """

    distances: tuple[float, ...] = (0.0, 0.01, 0.03, 0.08, 0.2, 0.4, 0.65)
    unrelated: float = 0.5
    first: tuple[float, ...] = (0.88, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02)
    pseudocount: float = 0.01
    rounds: int = 200


RELATIVES = RelativeSettings()


class QValues(NamedTuple):
    """q-values of the best fits of reads, float64 of shape (reads,).

    `exact`: for peptides, a relative of the best fit counts as wrong; `related`: as right.
    `shares`: estimated shares of the peptides that are in the reference, and that are relatives of
    its peptides; None if not estimated.
    """

    exact: np.ndarray
    related: np.ndarray
    shares: tuple[float, float] | None = None

    def at_least(self, others: np.ndarray) -> "QValues":
        """Return these q-values, or the others, float64 (reads,), where they are higher."""
        exact, related = (np.maximum(q, others) for q in (self.exact, self.related))
        return QValues(exact, related, self.shares)


class PlaceLikelihoods:
    """P(read | place, distance) / P(read) of peptides, summed over places; safe in several threads.

    P(read) is that of a tryptic peptide by chance.
    """

    def __init__(self, finder: TemplateFinder):
        self._finder = finder
        self._of_symbols = self._tables(finder.symbols.emission)

    def _tables(self, emission: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return likelihoods of any residue, of the place's own, and the odds of the last symbol.

        `emission`: P(symbol | amino acid), (20, symbols). The first two are (symbols, 21,
        distances), as `sum_likelihoods` takes them.
        """
        finder = self._finder
        any_residue = np.stack(
            [finder.emission_ratios(d, emission) for d in RELATIVES.distances], axis=2
        )
        own = np.zeros_like(any_residue)
        own[:, :UNKNOWN_CODE] = finder.emission_ratios(0.0, emission)[:, :UNKNOWN_CODE, None]
        for n, distance in enumerate(RELATIVES.distances):
            own[:, :UNKNOWN_CODE, n] *= exchanges(finder.background, distance)[:-1].diagonal()
        return any_residue, own, tryptic_end_odds(finder.background, emission)

    def _of_read(self, read: Read) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return the rows of the tables, both tables, and the odds of the last symbol."""
        if isinstance(read, str):
            rows, tables = self._finder.symbols.encode(read), self._of_symbols
        else:
            rows, tables = read.rows, self._tables(read.emission.T)
        return rows, tables[0], tables[1], float(tables[2][rows[-1]])

    def mean(self, read: Read) -> np.ndarray:
        """Return the mean over all places, (distances,)."""
        _, any_residue, _, end_odds = self._of_read(read)
        finder = self._finder
        return finder.place_search.mean_likelihoods(finder.score(read), any_residue) / end_odds

    def of_places(self, read: Read, places: np.ndarray) -> np.ndarray:
        """Return the part of these places in the mean, (2, distances).

        `places`: where they begin in the residues of the reference, int64. The second row is of
        peptides that have all residues of their place.
        """
        rows, *tables, end_odds = self._of_read(read)
        residues = self._finder.reference.residues
        sums = [sum_likelihoods(rows, residues, places, table) for table in tables]
        return np.stack(sums) / (end_odds * max(self._finder.count_places(len(read)), 1))


def estimate_q_values(
    targets: np.ndarray, decoys: np.ndarray, best: np.ndarray, own: np.ndarray
) -> QValues:
    """Return the error rates among the reads whose best fits are at least as probably right.

    All float64 of shape (reads, distances), or with the first distance only: mean over the places
    of the reference, and of its decoys, of P(read | place, distance) / P(read by chance); the part
    in the first that the best fits have; and the part of peptides that have all residues of these.
    """
    distances = targets.shape[1]
    is_related = np.array(RELATIVES.distances[:distances]) < RELATIVES.unrelated
    columns = np.hstack([targets, decoys, np.ones((len(targets), 1))])
    start = np.append(np.tile(RELATIVES.first[:distances], 2), 1.0)
    weights = start / start.sum()
    for _ in range(RELATIVES.rounds):
        posterior = columns * weights
        posterior /= posterior.sum(1, keepdims=True)
        weights = posterior.sum(0) + RELATIVES.pseudocount * start
        weights /= weights.sum()
    fitting = np.maximum(weights[:distances] - weights[distances:-1], 0)
    total = targets @ fitting + 1 - fitting.sum()
    exact = 1 - own @ fitting / total
    related = 1 - best[:, is_related] @ fitting[is_related] / total
    shares = float(fitting[0]), float(fitting[is_related][1:].sum())
    return QValues(mean_errors(exact), mean_errors(related), shares)


def log_shares(q_values: QValues, reads: int) -> None:
    """Log the shares of peptides that are in the reference, and that are relatives of its own."""
    if q_values.shares is None or reads < FITTING.min_reads:
        return
    exact, related = (100 * share for share in q_values.shares)
    log.info(
        "about %.0f %% of the peptides are in the reference, %.0f %% are relatives of those in it, "
        "and %.0f %% come from elsewhere",
        *(exact, related, max(100 - exact - related, 0)),
    )


def mean_errors(errors: np.ndarray) -> np.ndarray:
    """Return the mean error over the reads with at most each read's error, float64 (reads,).

    >>> mean_errors(np.array([0.2, 0.0, 0.1])).round(3).tolist()
    [0.1, 0.0, 0.05]
    """
    errors = np.round(np.clip(errors, 0, 1) / _ROUNDING) * _ROUNDING
    order = np.argsort(errors, kind="stable")
    means = np.cumsum(errors[order]) / np.arange(1, len(errors) + 1)
    last = np.searchsorted(errors[order], errors, side="right") - 1  # of equal errors
    return means[last] if len(errors) else errors
