"""The symbols of a readout as small integers, and how likely each amino acid is read as each."""

from dataclasses import dataclass

import numpy as np

from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import UNKNOWN_CODE


@dataclass(frozen=True)
class Symbols:
    """Labels are 0 to `hidden` - 1; `hidden` is the symbol of a hidden residue.

    `of_code` holds the symbol of each residue code (21; unknown residues are hidden) in a readout
    without errors, uint8; `likelihood`, float64 of shape (20, `hidden` + 1), P(symbol | amino
    acid), rows sum to 1.
    """

    hidden: int
    of_code: np.ndarray
    likelihood: np.ndarray
    of_byte: np.ndarray

    def encode(self, residues: str) -> np.ndarray:
        """Return the symbols of a readout (uint8, one each residue)."""
        return self.of_byte[np.frombuffer(residues.encode("ascii"), np.uint8)]


def symbols_of(readout: Readout, missed_label: float = 0.0, misread: float = 0.0) -> Symbols:
    """Return the symbols of a readout whose labels are missed or misread at these rates."""
    labels = [*readout.observed, *readout.groups]
    hidden = len(labels)
    of_code = np.full(UNKNOWN_CODE + 1, hidden, np.uint8)
    of_byte = np.full(256, hidden, np.uint8)
    likelihood = np.zeros((UNKNOWN_CODE, hidden + 1))
    likelihood[:, hidden] = 1
    misread = misread if hidden > 1 else 0.0
    for symbol, label in enumerate(labels):
        of_byte[ord(label if len(label) == 1 else label[0].lower())] = symbol
        for amino_acid in label:
            code = AMINO_ACIDS.index(amino_acid)
            of_code[code] = symbol
            row = np.full(hidden + 1, misread * (1 - missed_label) / max(hidden - 1, 1))
            row[symbol] = (1 - missed_label) * (1 - misread)
            row[hidden] = missed_label
            likelihood[code] = row
    of_byte[ord(HIDDEN)] = hidden
    return Symbols(hidden, of_code, likelihood, of_byte)
