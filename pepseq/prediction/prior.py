"""Prior of each residue: its probabilities by the read alone, before templates and networks."""

import numpy as np

from pepseq.network.inputs import NetworkInput, input_without_templates, residue_slices
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import ReadSymbols

TRYPTIC_END = 0.9
"""Share of tryptic peptides that end in K or R; the others end their protein."""
_KR = [AMINO_ACIDS.index(a) for a in "KR"]


class ResiduePrior:
    """Probabilities of amino acids by their frequencies, the read symbol and its error rates.

    `background`: frequencies, (20,); `kind` and `candidates` as in PredictConfig. Of the result:
    `candidates` are the amino acids that a hidden residue may be; `emission`, (symbols, 20):
    P(symbol | amino acid).
    """

    def __init__(
        self,
        symbols: ReadSymbols,
        background: np.ndarray,
        kind: str,
        readout: Readout,
        candidates: str,
    ):
        self.symbols, self._background, self._kind = symbols, background, kind
        self._network_candidates = readout.hidden if candidates == "hidden" else AMINO_ACIDS
        self.emission = symbols.emission.T.copy()
        if candidates == "all":
            self.emission[-1] = 1
        of_hidden = self.emission[symbols.hidden]
        self.candidates = "".join(a for a, p in zip(AMINO_ACIDS, of_hidden, strict=True) if p > 0)

    def probabilities(self, residues: str, logits: np.ndarray | None = None) -> np.ndarray:
        """Return the probability of each amino acid, (length, 20), by frequencies or a network.

        `logits`, (length, 20), choose among the amino acids that the readout hides.
        """
        prior = np.tile(self._background, (len(residues), 1))
        if logits is not None and self._network_candidates:
            columns = [AMINO_ACIDS.index(a) for a in self._network_candidates]
            share = self._background[columns].sum()
            for part in residue_slices(len(residues)):
                of_candidates = logits[part][:, columns]
                weights = np.exp(of_candidates - of_candidates.max(1, keepdims=True))
                prior[part, columns] = share * weights / weights.sum(1, keepdims=True)
        if self._kind == "tryptic":
            prior[-1] = _tryptic_end(prior[-1], self._background)
        symbols = self.symbols.encode(residues)
        for part in residue_slices(len(residues)):
            prior[part] *= self.emission[symbols[part]]
            prior[part] /= prior[part].sum(1, keepdims=True)
        return prior

    def end_odds(self) -> np.ndarray:
        """Return P(symbol | last residue of a read) / P(symbol), (symbols,); 1 if not tryptic."""
        read = self._background @ self.symbols.emission
        if self._kind != "tryptic":
            return np.ones_like(read)
        of_end = _tryptic_end(self._background, self._background) @ self.symbols.emission
        return np.divide(of_end, read, out=np.ones_like(read), where=read > 0)

    def network_input(self, residues: str) -> NetworkInput:
        """Return the readout network's input for a read without templates."""
        largest = self.emission.max(1, keepdims=True)
        relative = np.divide(
            self.emission, largest, out=np.zeros_like(self.emission), where=largest > 0
        )
        return input_without_templates(
            relative[self.symbols.encode(residues)],
            self.probabilities(residues),
            begins=self._kind in ("protein", "prefix"),
            ends=self._kind == "protein",
        )


def _tryptic_end(prior: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the probability of each amino acid, (20,), at the end of a tryptic peptide."""
    end = prior * (1 - TRYPTIC_END)
    end[_KR] += TRYPTIC_END * background[_KR] / background[_KR].sum()
    return end
