"""Families of templates: what the relatives of a template have where a protein differs from it.

A chance fit agrees with the other templates of a read no better than with any protein. Templates of
one family agree with each other at the residues that the read aligns, labels or not.
"""

from dataclasses import dataclass

import numpy as np

from pepseq.templates.copying_model import NOT_ALIGNED
from pepseq.templates.substitution import UNKNOWN_CODE


@dataclass(frozen=True)
class FamilySettings:
    """Settings of families of templates.

    Chosen on proteins of a corpus of Enterobacterales and Swiss-Prot, from the rest of it without
    their relatives above 70 % identity, none on a test set; see docs/wide-references.md.

    min_identity: templates are relatives if they share this part of the residues that both align.
        A lower value adds chance fits, a higher one leaves out distant relatives.
    min_residues: residues that both must align.
    near_copy: templates that share this part count as one, so that many strains of one species do
        not outvote the rest of a family.
    pseudocount: relatives that the exchanges of BLOSUM62 count for. With fewer, a family that
        agrees by chance makes confidences too high.
    settled: if the residues copied are this probable, on average over a read, families are not
        used. Higher values take more time.
    """

    min_identity: float = 0.3
    min_residues: int = 30
    near_copy: float = 0.8
    pseudocount: float = 3.0
    settled: float = 0.9


FAMILIES = FamilySettings()


def relative_weights(proteins: np.ndarray, aligned: np.ndarray) -> np.ndarray:
    """Return how much each template (column) counts as a relative of each (row), float64.

    `proteins`: numbers of the templates' proteins, (templates,); `aligned`: residue codes or
    NOT_ALIGNED, (templates, length). A protein is no relative of itself.

    >>> aligned = np.tile(np.arange(20, dtype=np.uint8), (3, 2))
    >>> relative_weights(np.array([7, 7, 8]), aligned).round(2).tolist()
    [[0.0, 0.0, 0.33], [0.0, 0.0, 0.33], [0.33, 0.33, 0.0]]
    """
    is_known = (aligned < UNKNOWN_CODE).astype(np.float32)
    both = is_known @ is_known.T
    same = np.zeros_like(both)
    for code in range(UNKNOWN_CODE):
        has_code = (aligned == code).astype(np.float32)
        same += has_code @ has_code.T
    identity = np.where(both >= FAMILIES.min_residues, same / np.maximum(both, 1), 0)
    copies = np.maximum((identity > FAMILIES.near_copy).sum(1), 1)
    is_relative = (identity >= FAMILIES.min_identity) & (proteins[:, None] != proteins)
    return is_relative / copies


def changed_residues(aligned: np.ndarray, weights: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return P(amino acid | template, the protein differs from it), (templates, length, 20).

    `aligned` as in `relative_weights`, `weights` its result; `other`: P(amino acid | residue code)
    for a changed residue, (21, 20), which counts as `pseudocount` relatives. If relatives agree
    with a template, so may a changed residue: it is drawn from the family, not from what is left.
    """
    codes = np.where(aligned == NOT_ALIGNED, UNKNOWN_CODE, aligned)
    counts = np.tensordot(weights, np.eye(UNKNOWN_CODE + 1)[codes], 1)[:, :, :UNKNOWN_CODE]
    total = counts.sum(2, keepdims=True) + FAMILIES.pseudocount
    return (counts + FAMILIES.pseudocount * other[codes]) / total
