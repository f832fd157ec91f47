"""Decoys: the proteins of a reference reversed, from which no read comes."""

import numpy as np

from pepseq.kernels import kernel
from pepseq.templates.reference import Reference
from pepseq.templates.substitution import AMINO_ACIDS

_CUT_AFTER = np.array([AMINO_ACIDS.index(a) for a in "KR"], np.uint8)


def decoys_of(reference: Reference, kind: str) -> Reference:
    """Return the reference with every protein reversed.

    For tryptic peptides each stretch between K and R is reversed by itself and its last residue
    stays, so that decoy peptides have the lengths and ends of real ones. For whole proteins and
    their first residues the first residue stays, since nearly all proteins begin with M. The index
    is kept inside the reference's.
    """
    own, offsets = np.asarray(reference.residues), reference.offsets
    if kind == "tryptic":
        residues, name = _with_reversed_peptides(own, offsets, _CUT_AFTER), "decoys-tryptic"
    else:
        begins = kind in ("protein", "prefix")
        residues = _reversed(own, offsets, int(begins))
        name = "decoys-begin" if begins else "decoys"
    return Reference(
        residues,
        reference.offsets,
        reference.names,
        reference.name_offsets,
        reference.index and reference.index.subfolder(name),
        reference.described,
    )


@kernel
def _reversed(residues, offsets, kept):
    result = residues.copy()
    for p in range(len(offsets) - 1):
        start, end = offsets[p] + kept, offsets[p + 1]
        result[start:end] = residues[start:end][::-1]
    return result


@kernel
def _with_reversed_peptides(residues, offsets, cut_after):
    result = np.empty_like(residues)
    for p in range(len(offsets) - 1):
        start, end = offsets[p], offsets[p + 1]
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
