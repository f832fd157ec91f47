"""Symbols of a read's residues as small integers, and their emission by each amino acid."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pepseq.readout.confusion import Confusion
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS, label_symbol
from pepseq.templates.substitution import UNKNOWN_CODE


@dataclass(frozen=True)
class ReadSymbols:
    """Symbols of reads of one readout: 0 to `hidden` - 1 are its labels, `hidden` is a hidden one.

    `symbol_of_code` holds the symbol of each residue code (21; unknown residues are hidden) in a
    read without errors, uint8; `confusion`, float64 of shape (`hidden` + 1, `hidden` + 1), is
    P(symbol | symbol without errors): rows sum to 1.
    """

    hidden: int
    symbol_of_code: np.ndarray
    confusion: np.ndarray
    symbol_of_byte: np.ndarray

    @cached_property
    def emission(self) -> np.ndarray:
        """P(symbol | amino acid), float64 of shape (20, `hidden` + 1): rows sum to 1."""
        return self.confusion[self.symbol_of_code[:UNKNOWN_CODE]]

    @cached_property
    def texts(self) -> str:
        """The character of each symbol in a record, the last is that of a hidden residue."""
        characters = (int(np.argmax(self.symbol_of_byte == n)) for n in range(self.hidden))
        return "".join(map(chr, characters)) + HIDDEN

    @cached_property
    def has_equal_rates(self) -> bool:
        """Whether all labels have the same rates, and no residue without one gets a label."""
        of_labels = self.confusion[: self.hidden, : self.hidden]
        others = of_labels[~np.eye(self.hidden, dtype=bool)]
        alike = of_labels.diagonal(), others, self.confusion[: self.hidden, self.hidden]
        return all(len(np.unique(rates)) <= 1 for rates in alike) and bool(
            self.confusion[self.hidden, self.hidden] == 1
        )

    def encode(self, residues: str) -> np.ndarray:
        """Return the symbols of a read (uint8, one for each residue)."""
        return self.symbol_of_byte[np.frombuffer(residues.encode("ascii"), np.uint8)]


def read_symbols(
    readout: Readout,
    missed_label: float = 0.0,
    misread: float = 0.0,
    confusion: Confusion | None = None,
) -> ReadSymbols:
    """Return the symbols of reads whose labels are missed or misread at these rates.

    `confusion`, of the same readout, replaces the rates.

    >>> symbols = read_symbols(Readout("KCYM"), missed_label=0.1)
    >>> symbols.encode("MXXKd").tolist()
    [3, 4, 4, 0, 4]
    >>> symbols.emission[AMINO_ACIDS.index("M")].round(2).tolist()
    [0.0, 0.0, 0.0, 0.9, 0.1]
    """
    labels = [*readout.observed, *readout.groups]
    hidden = len(labels)
    symbol_of_code = np.full(UNKNOWN_CODE + 1, hidden, np.uint8)
    symbol_of_byte = np.full(256, hidden, np.uint8)
    for symbol, label in enumerate(labels):
        symbol_of_byte[ord(label_symbol(label))] = symbol
        symbol_of_code[[AMINO_ACIDS.index(amino_acid) for amino_acid in label]] = symbol
    symbol_of_byte[ord(HIDDEN)] = hidden
    if confusion is None:
        probabilities = _equal_rates(hidden, missed_label, misread if hidden > 1 else 0.0)
    else:
        probabilities = confusion.probabilities
    return ReadSymbols(hidden, symbol_of_code, probabilities, symbol_of_byte)


def _equal_rates(hidden: int, missed_label: float, misread: float) -> np.ndarray:
    """Return P(reported symbol | true symbol) if all labels have the same rates."""
    result = np.full((hidden + 1, hidden + 1), misread * (1 - missed_label) / max(hidden - 1, 1))
    np.fill_diagonal(result, (1 - missed_label) * (1 - misread))
    result[:, hidden] = missed_label
    result[hidden] = 0
    result[hidden, hidden] = 1
    return result
