"""Temperatures that calibrate the network's probabilities, one for each class of residues.

Guo et al. 2017, arXiv 1706.04599. Classes: with templates or without, how many amino acids a
residue may be, and how long the read is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.network.inputs import NetworkInput

CANDIDATE_CLASSES = (8, 13, 16, 20)
"""Classes of the number of candidates: up to this many."""
LENGTH_CLASSES = (30, 100, 400)
"""Classes of length: below these residues, and longer."""
MIN_RESIDUES = 500
"""A class with fewer residues keeps the temperature 1."""
TEMPERATURE_RANGE = (0.5, 2.0)


@dataclass(frozen=True)
class Temperatures:
    """Temperatures of shape (2, 4, 4): templates, class of candidates, class of length."""

    values: np.ndarray

    @classmethod
    def none(cls) -> "Temperatures":
        """Return temperatures that change nothing."""
        return cls(np.ones((2, len(CANDIDATE_CLASSES), len(LENGTH_CLASSES) + 1)))

    @classmethod
    def from_rows(cls, rows: Sequence) -> "Temperatures":
        """Return temperatures from nested lists; ValueError unless shape and values are right."""
        values = np.array(rows, float)
        if values.shape != cls.none().values.shape or not (values > 0).all():
            raise ValueError(f"temperatures of shape {values.shape}, the lowest {values.min()}")
        return cls(values)

    def of_residues(self, read: NetworkInput) -> np.ndarray:
        """Return the temperature of each residue, (length,)."""
        by_length = self.values[int(len(read.rows) > 0), candidates_class(read.prior)]
        return by_length[:, length_class(len(read))]


def candidates_class(prior: np.ndarray) -> np.ndarray:
    """Return the class of each residue's number of candidates, (length,)."""
    return np.searchsorted(CANDIDATE_CLASSES, (prior > 0).sum(1))


def length_class(length: int) -> int:
    """Return the class of a read's length."""
    return int(np.searchsorted(LENGTH_CLASSES, length, side="right"))


def normalise(logs: np.ndarray) -> np.ndarray:
    """Return log-probabilities whose exponentials sum to 1 in each row."""
    logs = logs - logs.max(1, keepdims=True)
    return logs - np.log(np.exp(logs).sum(1, keepdims=True))


def fit_temperatures(
    cases: Iterable[tuple[NetworkInput, np.ndarray, np.ndarray]],
) -> Temperatures:
    """Return the temperatures under which the truth is most likely.

    `cases`: inputs, log-probabilities (L, 20) and true residue codes (L,), -1 where a residue is
    not scored.
    """
    from scipy.optimize import minimize_scalar

    by_class: dict[tuple[int, int, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    for read, logs, truth in cases:
        classes = candidates_class(read.prior)
        for number in np.unique(classes[truth >= 0]):
            inside = (classes == number) & (truth >= 0)
            key = (int(len(read.rows) > 0), int(number), length_class(len(read)))
            by_class.setdefault(key, []).append((logs[inside], truth[inside]))
    values = Temperatures.none().values
    for key, pairs in by_class.items():
        logs, truth = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
        if len(truth) < MIN_RESIDUES:
            continue

        def nats(temperature: float, logs: np.ndarray = logs, truth: np.ndarray = truth) -> float:
            return -normalise(logs / temperature)[np.arange(len(truth)), truth].mean()

        best = minimize_scalar(nats, bounds=TEMPERATURE_RANGE, method="bounded").x
        values[key] = round(best, 4)
    return Temperatures(values)
