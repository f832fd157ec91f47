"""What every pairing method takes and gives."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Species:
    """The paralogs of one species: their rows in the alignments of families A and B, int64 arrays.

    `known` holds the known pairs as positions in `rows_a` and `rows_b`, int64 of shape (pairs, 2).
    """

    name: str
    rows_a: np.ndarray
    rows_b: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Families:
    """Two aligned families: codes uint8 of shape (depth, length), and the species to pair in.

    A code is the index in `AMINO_ACIDS`; 20 is a gap and 21 an unknown residue.
    """

    codes_a: np.ndarray
    codes_b: np.ndarray
    species: tuple[Species, ...]


@dataclass(frozen=True)
class MethodResult:
    """How often each pair was chosen, and the losses of the runs.

    `frequencies` has for each species a float array (rows of A, rows of B), 0 to 1; known pairs
    have 1. `losses` has shape (runs, steps): the objective of the method at each step.
    `round_ends` are the numbers of steps after which another round began.
    """

    frequencies: tuple[np.ndarray, ...]
    losses: np.ndarray
    round_ends: tuple[int, ...] = ()
