"""Baselines: two ways to guess hidden residues without a network.

`commonest` writes the commonest hidden amino acid everywhere. `neighbours` writes the commonest one
between these two neighbours, each of which is an observed amino acid, hidden, or the protein's end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.evaluation.metrics import UNKNOWN_CODE, encode, hidden_mask
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

BASELINES = ("commonest", "neighbours")

_HIDDEN, _END = UNKNOWN_CODE, UNKNOWN_CODE + 1
_STATES = UNKNOWN_CODE + 2


@dataclass(frozen=True)
class Baselines:
    """Both baselines, fitted.

    `fitted_on` is `background` or `truth`; `commonest` is an amino acid's code; `neighbours` holds
    one code for each pair of states at -1 and +1 (0 to 19 an observed amino acid, 20 hidden, 21 the
    end), uint8 of shape (22, 22).
    """

    fitted_on: str
    commonest: int
    neighbours: np.ndarray

    def __post_init__(self) -> None:
        if self.neighbours.shape != (_STATES, _STATES) or self.neighbours.max() >= UNKNOWN_CODE:
            raise ValueError(f"expected amino acids for {_STATES} x {_STATES} states")

    def correct(self, truth: np.ndarray, hidden: np.ndarray) -> tuple[int, int]:
        """Return how many hidden residues of a protein `commonest` and `neighbours` get right.

        `truth` are codes, `hidden` is `hidden_mask` of them; both (length,).
        """
        left, right = _states(truth, hidden)
        residues = truth[hidden]
        return (
            int(np.count_nonzero(residues == self.commonest)),
            int(np.count_nonzero(residues == self.neighbours[left, right])),
        )


def fit_baselines(proteins: Iterable[str], readout: Readout, fitted_on: str) -> Baselines:
    """Count what is hidden, and between which neighbours, in full proteins.

    Of equally common amino acids the first in the alphabet is taken; between neighbours that the
    proteins never show, `neighbours` writes the commonest one. Fitting on the proteins that are
    then scored flatters both. Raises ValueError if the proteins hold no hidden residue.
    """
    counts = np.zeros((_STATES, _STATES, len(AMINO_ACIDS)), dtype=np.int64)
    for sequence in proteins:
        truth = encode(sequence)
        hidden = hidden_mask(truth, readout)
        np.add.at(counts, (*_states(truth, hidden), truth[hidden]), 1)
    if not counts.any():
        raise ValueError("expected proteins with hidden residues, found none")
    commonest = int(counts.sum(axis=(0, 1)).argmax())
    neighbours = np.where(counts.any(axis=2), counts.argmax(axis=2), commonest)
    return Baselines(fitted_on, commonest, neighbours.astype(np.uint8))


def fit_on_truth(proteins: Sequence[str], readout: Readout) -> Baselines | None:
    """Fit the baselines on the proteins that are scored; None if these have no hidden residue."""
    if not any(set(readout.unobserved) & set(sequence) for sequence in proteins):
        return None
    return fit_baselines(proteins, readout, "truth")


def _states(truth: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the states before and after each hidden residue; an unknown residue is hidden."""
    states = np.full(len(truth) + 2, _END, dtype=np.uint8)
    states[1:-1] = np.where(hidden, _HIDDEN, truth)
    return states[:-2][hidden], states[2:][hidden]
