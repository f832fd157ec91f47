"""What each residue may be, by what is read there, before a template or a network is asked."""

import numpy as np

from pepseq.network.inputs import NetworkInput, input_without_templates, residue_slices
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.symbols import Symbols

TRYPTIC_END = 0.9
"""Share of tryptic peptides that end in K or R; the others end their protein."""
_KR = [AMINO_ACIDS.index(a) for a in "KR"]


class Expectation:
    """Frequencies of amino acids, and the noise of the readout.

    `background`: frequencies, (20,); `kind` and `candidates` as in PredictConfig. Of the result:
    `candidates` are the amino acids that a hidden residue may be; `reads`, (symbols, 20): how
    likely each symbol is read, given the amino acid.
    """

    def __init__(
        self, symbols: Symbols, background: np.ndarray, kind: str, readout: Readout, candidates: str
    ):
        self.symbols, self._background, self._kind = symbols, background, kind
        self._modelled = readout.hidden if candidates == "hidden" else AMINO_ACIDS
        self.reads = symbols.likelihood.T.copy()
        if candidates == "all":
            self.reads[-1] = 1
        self.candidates = "".join(
            a for a, p in zip(AMINO_ACIDS, self.reads[symbols.hidden], strict=True) if p > 0
        )

    def probabilities(self, residues: str, logits: np.ndarray | None = None) -> np.ndarray:
        """Return the probability of each amino acid, (length, 20), by frequencies or a network.

        `logits`, (length, 20), choose among the amino acids that the readout hides.
        """
        expected = np.tile(self._background, (len(residues), 1))
        if logits is not None and self._modelled:
            columns = [AMINO_ACIDS.index(a) for a in self._modelled]
            share = self._background[columns].sum()
            for part in residue_slices(len(residues)):
                some = logits[part][:, columns]
                weights = np.exp(some - some.max(1, keepdims=True))
                expected[part, columns] = share * weights / weights.sum(1, keepdims=True)
        if self._kind == "tryptic":
            expected[-1] *= 1 - TRYPTIC_END
            expected[-1, _KR] += TRYPTIC_END * self._background[_KR] / self._background[_KR].sum()
        symbols = self.symbols.encode(residues)
        for part in residue_slices(len(residues)):
            expected[part] *= self.reads[symbols[part]]
            expected[part] /= expected[part].sum(1, keepdims=True)
        return expected

    def reading(self, residues: str) -> NetworkInput:
        """Return what the readout network is told of a readout without templates."""
        largest = self.reads.max(1, keepdims=True)
        emission = np.divide(self.reads, largest, out=np.zeros_like(self.reads), where=largest > 0)
        return input_without_templates(
            emission[self.symbols.encode(residues)],
            self.probabilities(residues),
            begins=self._kind in ("protein", "prefix"),
            ends=self._kind == "protein",
        )
