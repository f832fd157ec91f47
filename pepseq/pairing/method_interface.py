"""What every pairing method takes and gives."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Species:
    """One species' paralogs: row numbers in the alignments of families A and B, int64 arrays.

    `known` holds the given pairs of this species as positions in `a` and `b`, int64 of shape
    (pairs, 2).
    """

    name: str
    a: np.ndarray
    b: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Families:
    """Two aligned families: codes uint8 of shape (depth, length), and the species to pair in.

    A code is the index in `AMINO_ACIDS`; 20 is a gap and 21 an unknown residue.
    """

    a: np.ndarray
    b: np.ndarray
    species: tuple[Species, ...]


@dataclass(frozen=True)
class Chosen:
    """How often each pair was chosen: one float array (len(a), len(b)) for each species, 0 to 1.

    Known pairs have 1. `losses` has shape (runs, steps): the method's objective as it went.
    `rounds` holds the steps at the end of which a further round began.
    """

    frequencies: tuple[np.ndarray, ...]
    losses: np.ndarray
    rounds: tuple[int, ...] = ()
