"""An order of proteins and species that depends on their sequences alone.

Methods that draw random numbers work in this order, so that neither the order of a file nor the
names in it change a result. Proteins of equal sequence cannot be told apart: their frequencies are
averaged.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.pairing.method_interface import Families, Species
from pepseq.pairing.pairs import unknown_positions


@dataclass(frozen=True)
class Task:
    """The proteins of one species that are to be paired, in order of sequence.

    `a` and `b` are positions in `rows_a` and `rows_b` of the species; `codes_a` and `codes_b`,
    uint8 of shape (proteins, length), are their rows.
    """

    a: np.ndarray
    b: np.ndarray
    codes_a: np.ndarray
    codes_b: np.ndarray

    @property
    def content(self) -> tuple[int, int, bytes, bytes]:
        """Numbers of proteins, and their sequences: tasks are sorted and compared by these."""
        return (len(self.a), len(self.b), self.codes_a.tobytes(), self.codes_b.tobytes())

    @property
    def size(self) -> int:
        """Number of proteins of the family that has more."""
        return max(len(self.a), len(self.b))

    @property
    def is_settled(self) -> bool:
        """Whether one protein of each family is left, so that they are a pair."""
        return len(self.a) == len(self.b) == 1


def tasks_of(families: Families) -> tuple[list[Task], np.ndarray]:
    """Return what is left to pair, in order of content, and the rows of settled pairs.

    Settled are the known pairs, and the pair of a species that has one protein of each family
    left. Rows are codes, uint8 of shape (pairs, length of A + length of B), in order of content.
    """
    tasks, settled = [], []
    for species in families.species:
        task = _task(families, species)
        known_a = species.rows_a[species.known[:, 0]]
        known_b = species.rows_b[species.known[:, 1]]
        settled.append(np.hstack([families.codes_a[known_a], families.codes_b[known_b]]))
        if task.is_settled:
            settled.append(np.hstack([task.codes_a, task.codes_b]))
        elif len(task.a) and len(task.b):
            tasks.append(task)
    length = families.codes_a.shape[1] + families.codes_b.shape[1]
    rows = np.vstack([np.zeros((0, length), np.uint8), *settled])
    return sorted(tasks, key=lambda task: task.content), rows[_order_by_content(rows)]


def frequencies_of(
    families: Families, tasks: Sequence[Task], shares: Sequence[np.ndarray]
) -> tuple[np.ndarray, ...]:
    """Return the frequencies of `MethodResult` from how often each pair of each task was chosen.

    `shares` has an array (len(task.a), len(task.b)) for each task, 0 to 1. Settled pairs have 1.
    Equal proteins, and species with equal proteins, have the mean of their shares.
    """
    shares_by_content = defaultdict(list)
    for task, share in zip(tasks, shares, strict=True):
        averaged = _average_equal_rows(share, task.codes_a)
        averaged = _average_equal_rows(averaged.T, task.codes_b).T
        shares_by_content[task.content].append(averaged)
    frequencies = []
    for species in families.species:
        frequency = np.zeros((len(species.rows_a), len(species.rows_b)))
        task = _task(families, species)
        if task.content in shares_by_content:
            mean = np.mean(shares_by_content[task.content], axis=0)
            frequency[np.ix_(task.a, task.b)] = np.minimum(mean, 1)  # rounding may exceed it
        elif task.is_settled:
            frequency[task.a, task.b] = 1
        frequency[species.known[:, 0], species.known[:, 1]] = 1
        frequencies.append(frequency)
    return tuple(frequencies)


def _task(families: Families, species: Species) -> Task:
    """Return the proteins of a species without a known pair, in order of sequence."""
    a, b = unknown_positions(species)
    a = a[_order_by_content(families.codes_a[species.rows_a[a]])]
    b = b[_order_by_content(families.codes_b[species.rows_b[b]])]
    return Task(a, b, families.codes_a[species.rows_a[a]], families.codes_b[species.rows_b[b]])


def _order_by_content(codes: np.ndarray) -> list[int]:
    return sorted(range(len(codes)), key=lambda row: codes[row].tobytes())


def _average_equal_rows(share: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the matrix with the mean over rows of equal proteins, which follow each other."""
    starts = np.flatnonzero(np.r_[True, (codes[1:] != codes[:-1]).any(axis=1)])
    counts = np.diff(starts, append=len(codes))
    return np.repeat(np.add.reduceat(share, starts) / counts[:, None], counts, axis=0)
