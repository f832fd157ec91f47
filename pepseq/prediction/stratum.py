"""Probabilities of reads by copying and by chance, at the frequencies of one stratum."""

from typing import NamedTuple

import numpy as np

from pepseq.prediction.prior import ResiduePrior
from pepseq.readout.readout import Readout
from pepseq.templates.copying_model import mix_amino_acids
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.soft_reads import Read
from pepseq.templates.substitution import UNKNOWN_CODE, exchanges

_TINY = np.finfo(float).tiny


class ReadTables(NamedTuple):
    """What a stratum says of the residues of a read.

    `rows`: of the tables, for each residue; `emission`: P(what is read | template residue) / P(what
    is read), (distances, rows, 21); `by_place`: the same, (rows, 21, distances); `end_odds`: see
    `ResiduePrior.end_odds`, of the read's `known_end`.
    """

    rows: np.ndarray
    emission: np.ndarray
    by_place: np.ndarray
    end_odds: float

    def against_chance(self, odds: np.ndarray) -> "ReadTables":
        """Return tables with a row for each residue, against another probability of chance.

        `odds`: P(what is read by chance) / P(what is read), (length,). `by_place` is left as it is.
        """
        emission = self.emission[:, self.rows] / odds[:, None]
        return self._replace(rows=np.arange(len(odds), dtype=np.uint16), emission=emission)


class Stratum:
    """One stratum's `prior` and tables, at several `distances`, see `CopyingSettings`.

    `other`: P(amino acid | the template's residue code, it differs), (21, 20).
    """

    def __init__(
        self,
        finder: TemplateFinder,
        readout: Readout,
        candidates: str,
        distances: tuple[float, ...],
    ):
        self._finder, self.distances = finder, np.array(distances)
        self.other = exchanges(finder.background, 1.0)
        first = finder.reference.first_frequencies()
        self.prior = ResiduePrior(
            finder.symbols, finder.background, finder.kind, readout, candidates, first
        )
        self._changes = np.stack([exchanges(finder.background, d) for d in distances])
        # (distances, symbols, 21, 20)
        read = self._changes[:, None] * self.prior.emission[None, :, None]
        total = read.sum(3, keepdims=True)  # 0 for hidden residues if all twenty are labels
        self._amino_acids = np.divide(read, total, out=np.zeros_like(read), where=total > 0)
        self._of_symbols = self._emission_tables(finder.symbols.emission)

    def _emission_tables(self, emission: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the tables and the odds of each row; `emission`: (20, rows)."""
        ratios = [self._finder.emission_ratios(d, emission) for d in self.distances.tolist()]
        tables = np.ascontiguousarray(ratios)
        by_place = np.ascontiguousarray(tables.transpose(1, 2, 0))
        return tables, by_place, self.prior.end_odds(emission)

    def tables(self, read: Read) -> ReadTables:
        """Return the tables of a read."""
        if isinstance(read, str):
            rows = self._finder.symbols.encode(read)
            emission, by_place, end_odds = self._of_symbols
        else:
            rows = read.rows
            emission, by_place, end_odds = self._emission_tables(read.emission.T)
        return ReadTables(rows, emission, by_place, float(end_odds[rows[self.prior.known_end]]))

    def likelihoods(self, read: Read) -> tuple[np.ndarray, np.ndarray]:
        """Return P(what is read | amino acid) / P(what is read) and `allowed`, both (length, 20).

        `allowed` is P(what is read | amino acid) as the prior has it: its candidates count. What no
        amino acid is read as says nothing: 1.
        """
        if isinstance(read, str):
            rows = self._finder.symbols.encode(read)
            emission, allowed = self._finder.symbols.emission.T[rows], self.prior.emission[rows]
        else:
            emission = allowed = read.emission
        whole = (emission @ self._finder.background)[:, None]
        return np.divide(emission, whole, out=np.ones_like(emission), where=whole > 0), allowed

    def labels(self, read: Read) -> tuple[np.ndarray, np.ndarray]:
        """Return what a read says of labels, and their frequencies, as `chance_odds` takes them."""
        symbols, background = self._finder.symbols, self._finder.background
        has_label = np.eye(symbols.hidden + 1)[symbols.symbol_of_code[:UNKNOWN_CODE]]
        frequencies = background @ has_label
        of_label = background[:, None] * has_label / np.maximum(frequencies, _TINY)
        if isinstance(read, str):
            return (symbols.emission.T @ of_label)[symbols.encode(read)], frequencies
        return read.emission @ of_label, frequencies

    def copied(self, read: Read, mixture: np.ndarray) -> np.ndarray:
        """Return the probability of each amino acid by copying, (length, 20).

        `mixture`: weights of the template residues, see `copy_probabilities`.
        """
        if not isinstance(read, str):
            total = np.einsum("dab,lb->lda", self._changes, read.emission)
            weights = np.divide(mixture, total, out=np.zeros_like(mixture), where=total > 0)
            return np.einsum("lda,dab->lb", weights, self._changes) * read.emission
        return mix_amino_acids(self._finder.symbols.encode(read), mixture, self._amino_acids)
