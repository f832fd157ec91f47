"""Corresponding residues of two chains by an alignment of their sequences."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from Bio.Align import PairwiseAligner

_KNOWN = set("ACDEFGHIKLMNPQRSTVWY")
_GAP_OPEN, _GAP_EXTEND = -11, -1
"""Scores of the first and of each further residue of a gap, those of BLAST."""


def align_sequences(model: str, reference: str) -> np.ndarray:
    """Return the indices of residues in the same column of an alignment, int (pairs, 2).

    The alignment is global (Needleman and Wunsch 1970) with BLOSUM62 and gap scores of -11 and -1,
    by Biopython.

    >>> align_sequences("YIAKFRQI", "MKTAYIAKQRQISF")[:, 1].tolist()
    [4, 5, 6, 7, 8, 9, 10, 11]
    """
    rows = ["".join(x if x in _KNOWN else "X" for x in row) for row in (model, reference)]
    blocks = _aligner().align(*rows)[0].aligned
    pairs = [
        np.stack([np.arange(*block), np.arange(*other)], axis=1)
        for block, other in zip(*blocks, strict=True)
    ]
    return np.concatenate([np.zeros((0, 2), np.int64), *pairs])


@lru_cache
def _aligner() -> "PairwiseAligner":
    from Bio.Align import PairwiseAligner, substitution_matrices

    aligner = PairwiseAligner()
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    aligner.open_gap_score, aligner.extend_gap_score = _GAP_OPEN, _GAP_EXTEND
    return aligner
