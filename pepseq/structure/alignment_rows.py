"""Corresponding residues of two chains as the rows of an alignment."""

from dataclasses import dataclass

import numpy as np

from pepseq.structure.structure_files import Chain


@dataclass(frozen=True)
class AlignedChains:
    """Two chains as rows with gaps: corresponding residues are in the same column."""

    model_chain: str
    reference_chain: str
    model_row: str
    reference_row: str


def align_rows(model: Chain, reference: Chain, pairs: np.ndarray) -> AlignedChains:
    """Return the rows of two chains whose corresponding residues are `pairs`, int (pairs, 2).

    A pair that lies before an earlier one in either chain has no column.
    """
    rows, ends = ([""], [""]), [0, 0]
    for i, j in [*pairs.tolist(), [len(model), len(reference)]]:
        if i < ends[0] or j < ends[1]:
            continue
        alone = model.sequence[ends[0] : i], reference.sequence[ends[1] : j]
        rows[0].append(alone[0] + "-" * len(alone[1]) + model.sequence[i : i + 1])
        rows[1].append("-" * len(alone[0]) + alone[1] + reference.sequence[j : j + 1])
        ends = [i + 1, j + 1]
    return AlignedChains(model.name, reference.name, "".join(rows[0]), "".join(rows[1]))
