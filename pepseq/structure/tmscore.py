"""TM-score and RMSD of two chains, by residue number, by sequence or by structural alignment.

Zhang and Skolnick 2004 (TM-score), by `pepseq.structure.tm_search`; Zhang and Skolnick 2005
(TM-align), by tmtools.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pepseq.errors import InputError
from pepseq.structure.least_squares import least_rmsd
from pepseq.structure.sequence_alignment import align_sequences
from pepseq.structure.structure_files import MIN_RESIDUES, Chain

_ANY_RESIDUE = "A"
"""tmtools needs a sequence, which makes no difference to its result."""


@dataclass(frozen=True)
class Superposition:
    """A model superposed on its reference.

    by_model, by_reference: TM-score divided by the length of that chain, 0 to 1.
    rmsd: root mean square deviation of the pairs in angstrom, after the superposition that makes
    it least.
    pairs: indices of corresponding residues in model and reference, int (pairs, 2).
    rotation (3, 3), translation (3,): of the TM-score; model @ rotation.T + translation lies on the
    reference.
    """

    by_model: float
    by_reference: float
    rmsd: float
    pairs: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray


def superpose(model: Chain, reference: Chain, correspondence: str) -> Superposition:
    """Superpose two chains.

    `index` pairs residues of the same number, `sequence` residues in the same column of an
    alignment of the sequences, and `align` is TM-align.

    Raises InputError if fewer than 3 residues correspond by index or by sequence.
    """
    for chain in (model, reference):  # with NaN tmtools never ends
        assert len(chain) >= MIN_RESIDUES and np.isfinite(chain.ca).all()
    if correspondence != "align":
        return _superpose_pairs(model, reference, correspondence)
    result = _tm_align(model, reference)
    # both chains were shifted to their middles
    rotation = np.asarray(result.u)
    shift = reference.ca.mean(0) - rotation @ model.ca.mean(0)
    return Superposition(
        by_model=result.tm_norm_chain1,
        by_reference=result.tm_norm_chain2,
        rmsd=result.rmsd,
        pairs=_aligned(result.seqxA, result.seqyA),
        rotation=rotation,
        translation=np.asarray(result.t) + shift,
    )


def corresponding_residues(model: Chain, reference: Chain, correspondence: str) -> np.ndarray:
    """Return the indices of corresponding residues of two chains, int (pairs, 2)."""
    if correspondence == "index":
        return same_numbers(model, reference)
    if correspondence == "sequence":
        return align_sequences(model.sequence, reference.sequence)
    result = _tm_align(model, reference)
    return _aligned(result.seqxA, result.seqyA)


def _tm_align(model: Chain, reference: Chain) -> Any:
    """Return tmtools' result for chains shifted to their middles.

    With coordinates of thousands of angstrom tmtools may never end.
    """
    import tmtools

    sequences = _ANY_RESIDUE * len(model), _ANY_RESIDUE * len(reference)
    places = [chain.ca - chain.ca.mean(0) for chain in (model, reference)]
    return tmtools.tm_align(*places, *sequences)


def _superpose_pairs(model: Chain, reference: Chain, correspondence: str) -> Superposition:
    from pepseq.structure.tm_search import superpose_pairs

    pairs = corresponding_residues(model, reference, correspondence)
    if len(pairs) < MIN_RESIDUES:
        raise InputError(_too_few(model, reference, correspondence, len(pairs)))
    x, y = model.ca[pairs[:, 0]], reference.ca[pairs[:, 1]]
    score, rotation, translation = superpose_pairs(x, y, len(reference))
    by_model = score
    if len(model) != len(reference):
        by_model = superpose_pairs(x, y, len(model))[0]
    return Superposition(by_model, score, least_rmsd(x, y), pairs, rotation, translation)


def _too_few(model: Chain, reference: Chain, correspondence: str, found: int) -> str:
    """Return the message that too few residues correspond."""
    if correspondence == "sequence":
        return (
            f"expected at least {MIN_RESIDUES} residues in an alignment of the sequences, found "
            f"{found}; correspondence align does not need them"
        )
    return (
        f"expected at least {MIN_RESIDUES} residues with the same number, found {found} "
        f"(model {_number_range(model)}, reference {_number_range(reference)}); correspondence "
        "sequence or align does not need them"
    )


def same_numbers(model: Chain, reference: Chain) -> np.ndarray:
    """Return the indices of residues of the same number and insertion code, int (pairs, 2)."""
    places = {number: index for index, number in enumerate(reference.numbers)}
    pairs = [(i, places[number]) for i, number in enumerate(model.numbers) if number in places]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _aligned(row_x: str, row_y: str) -> np.ndarray:
    """Return the indices of residues in the same column of two gapped rows, int (pairs, 2)."""
    has_x, has_y = (np.array(list(row)) != "-" for row in (row_x, row_y))
    both = has_x & has_y
    return np.stack([np.cumsum(has_x)[both] - 1, np.cumsum(has_y)[both] - 1], axis=1)


def _number_range(chain: Chain) -> str:
    numbers = [number for number, _ in chain.numbers]
    return f"{min(numbers)} to {max(numbers)}"
