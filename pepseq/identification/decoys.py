"""Decoys: a reference's proteins reversed, from which no read comes, and q-values from them."""

from collections.abc import Sequence

import numpy as np

from pepseq.kernels import kernel
from pepseq.templates.reference import Reference
from pepseq.templates.substitution import AMINO_ACIDS

_ROUNDING_BITS = 1e-6
_CUT_AFTER = np.array([AMINO_ACIDS.index(a) for a in "KR"], np.uint8)


def decoys_of(reference: Reference, kind: str) -> Reference:
    """Return the reference with every protein reversed.

    For tryptic peptides each stretch between K and R is reversed by itself and its last residue
    stays, so that decoy peptides have the lengths and ends of real ones. The index is kept inside
    the reference's.
    """
    by_peptide = kind == "tryptic"
    residues = _reversed(np.asarray(reference.residues), reference.offsets, by_peptide, _CUT_AFTER)
    name = "decoys-tryptic" if by_peptide else "decoys"
    return Reference(
        residues,
        reference.offsets,
        reference.names,
        reference.name_offsets,
        reference.index and reference.index.subfolder(name),
        reference.described,
    )


@kernel
def _reversed(residues, offsets, by_peptide, cut_after):
    result = np.empty_like(residues)
    for p in range(len(offsets) - 1):
        start, end = offsets[p], offsets[p + 1]
        if not by_peptide:
            result[start:end] = residues[start:end][::-1]
            continue
        first = start
        for i in range(start, end):
            cut = residues[i] == cut_after[0] or residues[i] == cut_after[1]
            if cut:
                result[first:i] = residues[first:i][::-1]
                result[i] = residues[i]
                first = i + 1
            elif i == end - 1:
                result[first:end] = residues[first:end][::-1]
    return result


def q_values(leads: Sequence[float], decoy_leads: Sequence[float]) -> np.ndarray:
    """Return the q-value of each read's best fit by target-decoy competition, float64.

    A lead is the score by which the best fit exceeds all decoys, or the best decoy all fits; the
    higher of the two counts; the false discovery rate at a lead is (decoys at least as good + 1) /
    targets at least as good, and the q-value the lowest rate at which a fit is still accepted, so
    equal leads have equal q-values; leads are rounded to a millionth of a bit. A read whose decoy
    is at least as good, or that fits nothing, has 1 (Elias and Gygi 2007, Nature Methods 4: 207; +1
    after Levitsky et al. 2017).
    """
    scores, decoys = (
        np.round(np.asarray(bits, float) / _ROUNDING_BITS) for bits in (leads, decoy_leads)
    )
    won = scores > decoys
    lost = decoys >= scores
    worse = -np.where(won, scores, decoys)
    order = np.argsort(worse, kind="stable")
    last = np.searchsorted(worse[order], worse[order], side="right") - 1  # of equal leads
    targets, losses = np.cumsum(won[order])[last], np.cumsum(lost[order])[last]
    rate = (losses + 1) / np.maximum(targets, 1)
    lowest = np.minimum.accumulate(rate[::-1])[::-1]
    result = np.ones(len(scores))
    result[order] = np.minimum(lowest, 1)
    return np.where(won, result, 1.0)
