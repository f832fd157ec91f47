"""The assignment of chains and the superposition with the highest TM-score of a whole complex."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from pepseq.structure.least_squares import least_squares_pose
from pepseq.structure.scoring.chain_pairs import ChainPairs
from pepseq.structure.scoring.docking_assignment import Assignment
from pepseq.structure.scoring.superposed_alignment import align_superposed
from pepseq.structure.structure_files import MIN_RESIDUES, Structure
from pepseq.structure.tm_search import scale_of, superpose_pairs

MAX_SEEDS = 200
"""Pairs of chains from whose superpositions assignments are searched."""
MAX_FINALISTS = 3
"""Assignments whose superposition is searched for in full."""
MAX_ROUNDS = 10
"""Superpositions that follow that of two chains, at most."""
MAX_ALIGNMENTS = 20
"""Alignments of superposed chains, at most."""
MAX_STRETCHES = 1000
"""Stretches of the longest search; in larger complexes some are passed over."""
_NEAR = 8.0
_EQUAL = 1e-9

Pose = tuple[np.ndarray, np.ndarray]
"""Rotation (3, 3) and translation (3,) of a model onto its reference."""


@dataclass(frozen=True)
class ComplexSuperposition:
    """A model superposed on its reference.

    pairs: corresponding residues of the assigned chains; tm_score: by the reference; pose:
    rotation (3, 3) and translation (3,) of the model.
    """

    pairs: ChainPairs
    tm_score: float
    pose: Pose


def superpose_complex(
    model: Structure, reference: Structure, pairs: ChainPairs, length: int
) -> ComplexSuperposition | None:
    """Return the superposition of assigned chains with the highest TM-score by `length`.

    None if fewer than 3 residues correspond.
    """
    x, y = corresponding_points(model, reference, pairs)
    if len(x) < MIN_RESIDUES:
        return None
    score, rotation, translation = superpose_pairs(x, y, length, 1 + len(x) // MAX_STRETCHES)
    return ComplexSuperposition(pairs, float(score), (rotation, translation))


def corresponding_points(
    model: Structure, reference: Structure, pairs: ChainPairs
) -> tuple[np.ndarray, np.ndarray]:
    """Return the CA coordinates of corresponding residues, float64 (pairs, 3) each."""
    x = [model.chains[i].ca[residues[:, 0]] for (i, _), residues in pairs.items()]
    y = [reference.chains[j].ca[residues[:, 1]] for (_, j), residues in pairs.items()]
    none = np.zeros((0, 3))
    return np.concatenate([none, *x]), np.concatenate([none, *y])


def realign(
    model: Structure, reference: Structure, best: ComplexSuperposition
) -> ComplexSuperposition:
    """Return the superposition after aligning superposed chains, repeated while it gets better.

    The last steps of TM-align, for all assigned chains at once.
    """
    length = sum(map(len, reference.chains))
    for _ in range(MAX_ALIGNMENTS):
        rotation, translation = best.pose
        pairs = {
            (i, j): align_superposed(
                model.chains[i].ca @ rotation.T + translation,
                reference.chains[j].ca,
                scale_of(length),
            )
            for i, j in best.pairs
        }
        superposition = superpose_complex(model, reference, pairs, length)
        if superposition is None or superposition.tm_score <= best.tm_score + _EQUAL:
            break
        best = superposition
    return best


class AssignmentSearch:
    """Searches assignments by superpositions: that of two chains assigns all others by distance."""

    def __init__(self, model: Structure, reference: Structure, pairs: ChainPairs):
        self._model, self._reference, self._pairs = model, reference, pairs
        self._keys = list(pairs)
        self._x, self._y = corresponding_points(model, reference, pairs)
        self._sizes = np.array([len(residues) for residues in pairs.values()])
        self._owner = np.repeat(np.arange(len(pairs)), self._sizes)
        self._length = sum(map(len, reference.chains))
        self._square = scale_of(self._length) ** 2

    def assignments(self) -> list[Assignment]:
        """Return the assignments that superpositions of two chains lead to, best first."""
        found: dict[Assignment, float] = {}
        for k in np.argsort(-self._sizes, kind="stable")[:MAX_SEEDS].tolist():
            if self._sizes[k] < MIN_RESIDUES:
                break
            x, y = self._x[self._owner == k], self._y[self._owner == k]
            _, rotation, translation = superpose_pairs(x, y, len(x))
            for assignment, total in self._refine((rotation, translation)):
                found[assignment] = max(found.get(assignment, 0.0), total)
        return sorted(found, key=lambda assignment: -found[assignment])

    def best(self, first: Sequence[Assignment]) -> ComplexSuperposition | None:
        """Return the best superposition of the assignments `first` and of those that are found.

        Of equal ones the first. None if fewer than 3 residues correspond.
        """
        best: ComplexSuperposition | None = None
        for assignment in dict.fromkeys([*first, *self.assignments()[:MAX_FINALISTS]]):
            pairs = {key: self._pairs[key] for key in assignment}
            found = superpose_complex(self._model, self._reference, pairs, self._length)
            if found and (best is None or found.tm_score > best.tm_score + _EQUAL):
                best = found
        return best

    def _refine(self, pose: Pose) -> list[tuple[Assignment, float]]:
        """Return the assignments, with their sums of scores, that a pose leads to in turn."""
        found: list[tuple[Assignment, float]] = []
        for _ in range(MAX_ROUNDS):
            squares = ((self._x @ pose[0].T + pose[1] - self._y) ** 2).sum(1)
            sums = np.bincount(
                self._owner, 1 / (1 + squares / self._square), minlength=len(self._keys)
            )
            chosen = self._assign(sums)
            total = float(sums[chosen].sum())
            if found and total <= found[-1][1] + _EQUAL:
                break
            found.append((tuple(sorted(self._keys[k] for k in chosen)), total))
            of_chosen = np.isin(self._owner, chosen)
            near = of_chosen & (squares < _NEAR**2)
            use = near if near.sum() >= MIN_RESIDUES else of_chosen
            pose = least_squares_pose(self._x[use], self._y[use])
        return found

    def _assign(self, sums: np.ndarray) -> list[int]:
        """Return the pairs of chains, each chain in one at most, with the highest sum."""
        shape = len(self._model.chains), len(self._reference.chains)
        places, gains = np.full(shape, -1), np.zeros(shape)
        for k, key in enumerate(self._keys):
            places[key], gains[key] = k, sums[k]
        rows, columns = linear_sum_assignment(gains, maximize=True)
        return [int(k) for k in places[rows, columns] if k >= 0]
