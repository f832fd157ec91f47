"""Completion of peptides by those with the same read: the share of residues that are right."""

import numpy as np

from pepseq.design.distinct_peptides import DistinctPeptides
from pepseq.kernels import kernel
from pepseq.templates.substitution import UNKNOWN_CODE


def completion_accuracy(
    peptides: DistinctPeptides, read_of_peptide: np.ndarray, is_hidden: np.ndarray
) -> float:
    """Return the share of hidden residues that are right if reads are completed by a vote.

    At each position the amino acid is that of most peptides with the read, the alphabetically first
    if equal. Peptides count by their numbers. `read_of_peptide`: int32 (P,), -1 for no read;
    `is_hidden`: bool (21,), whether a residue code is hidden. NaN if no read hides a residue.
    """
    order = np.argsort(read_of_peptide, kind="stable")
    order = order[read_of_peptide[order] >= 0]
    right, hidden = _vote(
        *(peptides.residues, peptides.offsets, peptides.numbers),
        *(order, read_of_peptide[order], is_hidden),
    )
    return right / hidden if hidden else float("nan")


@kernel
def _vote(residues, offsets, numbers, order, read, is_hidden):
    """Return the number of hidden residues that are right, and of all, peptides in this order."""
    right, hidden = 0.0, 0.0
    longest = 0
    for p in order:
        longest = max(longest, offsets[p + 1] - offsets[p])
    votes = np.zeros((longest, UNKNOWN_CODE + 1))
    first = 0
    while first < len(order):
        end = first + 1
        while end < len(order) and read[end] == read[first]:
            end += 1
        length = 0
        for p in order[first:end]:
            length = max(length, offsets[p + 1] - offsets[p])
            for i in range(offsets[p + 1] - offsets[p]):
                code = residues[offsets[p] + i]
                if code < UNKNOWN_CODE and is_hidden[code]:
                    votes[i, code] += numbers[p]
        for i in range(length):
            right += votes[i].max()
            hidden += votes[i].sum()
            votes[i] = 0
        first = end
    return right, hidden
