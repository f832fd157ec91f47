"""Reads that say of each residue how probable it is, in place of one symbol."""

from dataclasses import dataclass

import numpy as np

from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.substitution import UNKNOWN_CODE

_MAX_BYTE = 256


@dataclass(frozen=True, eq=False)
class SoftRead:
    """What an instrument says of each residue of a read.

    `residues`: the read with the one symbol that is likelier than all others at each residue, else
    hidden; `emission`: float64 (length, 20), P(what is said of the residue | amino acid), up to a
    factor for each residue.
    """

    residues: str
    emission: np.ndarray

    def __len__(self) -> int:
        return len(self.residues)

    def __getitem__(self, part: slice) -> "SoftRead":
        return SoftRead(self.residues[part], self.emission[part])

    @property
    def key(self) -> str:
        """A text that is the same for equal reads only."""
        return f"{self.residues} {self.emission.tobytes().hex()}"

    @property
    def rows(self) -> np.ndarray:
        """The rows of a table with one row for each residue, as kernels take symbols."""
        kind = np.uint8 if len(self) <= _MAX_BYTE else np.uint16
        return np.arange(len(self), dtype=kind)


Read = str | SoftRead
"""A read: one symbol for each residue, as in records, or probabilities."""


def soft_read(weights: np.ndarray, symbols: ReadSymbols) -> SoftRead:
    """Return the read of which `weights` say how well each symbol fits each residue.

    `weights`: float64 (length, symbols), 1 for each symbol that a residue may have been reported
    with and else 0, or probabilities of symbols, see `ReadSymbols`.

    >>> from pepseq.readout.readout import Readout
    >>> from pepseq.templates.read_symbols import read_symbols
    >>> read = soft_read(np.array([[0.8, 0.1, 0.1], [1, 1, 1]]), read_symbols(Readout("KC")))
    >>> read.residues, read.emission[0, :2].tolist(), read.emission[1, :2].tolist()
    ('KX', [0.1, 0.1], [1.0, 1.0])
    """
    of_symbol = weights @ symbols.confusion.T
    best = weights.argmax(1)
    is_single = (weights == weights.max(1, keepdims=True)).sum(1) == 1
    best = np.where(is_single, best, symbols.hidden)
    residues = "".join(symbols.texts[symbol] for symbol in best.tolist())
    return SoftRead(residues, of_symbol[:, symbols.symbol_of_code[:UNKNOWN_CODE]])
