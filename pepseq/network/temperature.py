"""Temperatures that make the network's probabilities true, one for each kind of input.

Guo et al. 2017, arXiv 1706.04599. Kinds: with templates or without, how many amino acids a residue
may be, and how long the readout is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.network.inputs import Reading

MOST_CANDIDATES = (8, 13, 16, 20)
"""Classes of candidates: up to so many."""
LENGTHS = (30, 100, 400)
"""Classes of length: below these, and longer."""
_FEWEST = 500
_RANGE = (0.5, 2.0)


@dataclass(frozen=True)
class Temperatures:
    """Temperatures of shape (2, 4, 4): templates, class of candidates, class of length."""

    values: np.ndarray

    @classmethod
    def none(cls) -> "Temperatures":
        """Return temperatures that change nothing."""
        return cls(np.ones((2, len(MOST_CANDIDATES), len(LENGTHS) + 1)))

    @classmethod
    def from_rows(cls, rows: Sequence) -> "Temperatures":
        """Return temperatures from nested lists; ValueError unless shape and values are right."""
        values = np.array(rows, float)
        if values.shape != cls.none().values.shape or not (values > 0).all():
            raise ValueError(f"temperatures of shape {values.shape}, the lowest {values.min()}")
        return cls(values)

    def of(self, reading: Reading) -> np.ndarray:
        """Return the temperature at each residue, (length,)."""
        return self.values[int(len(reading.rows) > 0), candidates_class(reading.prior)][
            :, length_class(len(reading))
        ]


def candidates_class(prior: np.ndarray) -> np.ndarray:
    """Return the class of each residue's number of candidates, (length,)."""
    return np.searchsorted(MOST_CANDIDATES, (prior > 0).sum(1))


def length_class(length: int) -> int:
    """Return the class of a readout's length."""
    return int(np.searchsorted(LENGTHS, length, side="right"))


def fit_temperatures(cases: Iterable[tuple[Reading, np.ndarray, np.ndarray]]) -> Temperatures:
    """Return the temperatures under which the truth is likeliest.

    `cases`: readings, log-probabilities (L, 20) and true residue codes (L,), -1 where it is not
    asked. A kind with fewer than 500 residues keeps 1.
    """
    from scipy.optimize import minimize_scalar

    from pepseq.network.model import normalised

    kinds: dict[tuple, list] = {}
    for reading, logs, truth in cases:
        classes = candidates_class(reading.prior)
        for number in np.unique(classes[truth >= 0]):
            at = (classes == number) & (truth >= 0)
            key = (int(len(reading.rows) > 0), int(number), length_class(len(reading)))
            kinds.setdefault(key, []).append((logs[at], truth[at]))
    values = Temperatures.none().values
    for key, parts in kinds.items():
        logs, truth = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if len(truth) < _FEWEST:
            continue

        def nats(temperature, logs=logs, truth=truth):
            return -normalised(logs / temperature)[np.arange(len(truth)), truth].mean()

        values[key] = round(minimize_scalar(nats, bounds=_RANGE, method="bounded").x, 4)
    return Temperatures(values)
