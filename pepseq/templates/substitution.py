"""Residue codes, and probabilities that a related protein has one amino acid for another.

Source of the exchanges: BLOSUM62 (Henikoff and Henikoff 1992), its odds applied to the reference's
own amino acid frequencies.
"""

from functools import cache

import numpy as np

from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.array_files import pieces

UNKNOWN_CODE = len(AMINO_ACIDS)
"""Code of an unknown residue; the twenty amino acids have 0-19 in the order of AMINO_ACIDS."""
CODE_OF_BYTE = np.full(256, UNKNOWN_CODE, np.uint8)
CODE_OF_BYTE[np.frombuffer(AMINO_ACIDS.encode(), np.uint8)] = np.arange(UNKNOWN_CODE)


def encode(residues: str) -> np.ndarray:
    """Return the codes 0-20 of a protein, uint8."""
    return np.frombuffer(residues.encode("ascii").translate(CODE_OF_BYTE.tobytes()), np.uint8)


def count_codes(residues: np.ndarray) -> np.ndarray:
    """Return how often each code occurs, int64 (21)."""
    counts = np.zeros(UNKNOWN_CODE + 1, np.int64)
    for part in pieces(residues):  # bincount makes each an int64
        counts += np.bincount(part, minlength=UNKNOWN_CODE + 1)
    return counts


def frequencies(counts: np.ndarray, pseudocount: float = 100.0) -> np.ndarray:
    """Return the frequencies of the twenty amino acids, float64 that sum to 1.

    `counts`: of each code, (21,).
    """
    amino_acids = pseudocount + counts[:UNKNOWN_CODE]
    return amino_acids / amino_acids.sum()


def exchanges(background: np.ndarray, changed: float) -> np.ndarray:
    """Return P(amino acid | the template's), shape (21, 20), if a share `changed` differs.

    Row 20, an unknown residue of the template, is the background.
    """
    other = background * _blosum_odds()
    np.fill_diagonal(other, 0)
    other /= other.sum(1, keepdims=True)
    return np.vstack([(1 - changed) * np.eye(UNKNOWN_CODE) + changed * other, background])


@cache
def _blosum_odds() -> np.ndarray:
    """Return the odds of two amino acids in BLOSUM62, float64 (20, 20)."""
    from Bio.Align import substitution_matrices

    blosum = substitution_matrices.load("BLOSUM62")
    return np.array([[2.0 ** (blosum[a][b] / 2) for b in AMINO_ACIDS] for a in AMINO_ACIDS])
