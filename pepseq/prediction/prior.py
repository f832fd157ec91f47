"""Prior of each residue: its probabilities by the read alone, before templates and networks."""

import numpy as np

from pepseq.network.inputs import NetworkInput, input_without_templates, residue_slices
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.soft_reads import Read

TRYPTIC_END = 0.9
"""Share of tryptic peptides that end in K or R; the others end their protein."""
_KR = [AMINO_ACIDS.index(a) for a in "KR"]


class ResiduePrior:
    """Probabilities of amino acids by their frequencies, the read symbol and its error rates.

    `background`: frequencies, (20,); `first`: those of the first residues of proteins, (20,), by
    default `background`; `kind` and `candidates` as in PredictConfig. Of the result: `candidates`
    are the amino acids that a hidden residue may be; `emission`, (symbols, 20): P(symbol | amino
    acid).
    """

    def __init__(
        self,
        symbols: ReadSymbols,
        background: np.ndarray,
        kind: str,
        readout: Readout,
        candidates: str,
        first: np.ndarray | None = None,
    ):
        self.symbols, self._background, self._kind = symbols, background, kind
        self._first = background if first is None else first
        self._network_candidates = readout.hidden if candidates == "hidden" else AMINO_ACIDS
        self.emission = symbols.emission.T.copy()
        if candidates == "all":
            self.emission[-1] = 1
        of_hidden = self.emission[symbols.hidden]
        self.candidates = "".join(a for a, p in zip(AMINO_ACIDS, of_hidden, strict=True) if p > 0)

    def _emission_of(self, read: Read) -> tuple[np.ndarray, np.ndarray]:
        """Return a table of P(what is read | amino acid), and its row of each residue."""
        if isinstance(read, str):
            return self.emission, self.symbols.encode(read)
        return read.emission, read.rows

    def probabilities(self, read: Read, logits: np.ndarray | None = None) -> np.ndarray:
        """Return the probability of each amino acid, (length, 20), by frequencies or a network.

        `logits`, (length, 20), choose among the amino acids that the readout hides.
        """
        prior = np.tile(self._background, (len(read), 1))
        if logits is not None and self._network_candidates:
            columns = [AMINO_ACIDS.index(a) for a in self._network_candidates]
            share = self._background[columns].sum()
            for part in residue_slices(len(read)):
                of_candidates = logits[part][:, columns]
                weights = np.exp(of_candidates - of_candidates.max(1, keepdims=True))
                prior[part, columns] = share * weights / weights.sum(1, keepdims=True)
        if self._kind == "tryptic":
            prior[-1] = _tryptic_end(prior[-1], self._background)
        elif self._kind == "prefix" and logits is None:
            prior[0] = self._first
        emission, rows = self._emission_of(read)
        for part in residue_slices(len(read)):
            prior[part] *= emission[rows[part]]
            prior[part] /= prior[part].sum(1, keepdims=True)
        return prior

    @property
    def known_end(self) -> int:
        """Index of the residue whose amino acid the kind of reads tells most about."""
        return 0 if self._kind == "prefix" else -1

    def end_odds(self, emission: np.ndarray) -> np.ndarray:
        """Return P(symbol | end of a read) / P(symbol), (symbols,), of the `known_end`.

        The end is the last residue of a tryptic peptide or the first of a prefix; for other kinds
        the odds are 1. `emission`: P(symbol | amino acid), (20, symbols).
        """
        if self._kind == "tryptic":
            return tryptic_end_odds(self._background, emission)
        if self._kind == "prefix":
            return _odds(self._first, self._background, emission)
        return np.ones(emission.shape[1])

    def network_input(self, read: Read) -> NetworkInput:
        """Return the readout network's input for a read without templates."""
        emission, rows = self._emission_of(read)
        largest = emission.max(1, keepdims=True)
        relative = np.divide(emission, largest, out=np.zeros_like(emission), where=largest > 0)
        return input_without_templates(
            relative[rows],
            self.probabilities(read),
            begins=self._kind in ("protein", "prefix"),
            ends=self._kind == "protein",
        )


def tryptic_end_odds(background: np.ndarray, emission: np.ndarray) -> np.ndarray:
    """Return P(symbol | last residue of a tryptic peptide) / P(symbol), (symbols,).

    `background`: frequencies of amino acids, (20,); `emission`: P(symbol | amino acid), (20,
    symbols).
    """
    return _odds(_tryptic_end(background, background), background, emission)


def _odds(end: np.ndarray, background: np.ndarray, emission: np.ndarray) -> np.ndarray:
    """Return P(symbol) at frequencies `end` over that at frequencies `background`, (symbols,)."""
    read = background @ emission
    return np.divide(end @ emission, read, out=np.ones_like(read), where=read > 0)


def _tryptic_end(prior: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the probability of each amino acid, (20,), at the end of a tryptic peptide."""
    end = prior * (1 - TRYPTIC_END)
    end[_KR] += TRYPTIC_END * background[_KR] / background[_KR].sum()
    return end
