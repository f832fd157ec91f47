"""An order of proteins and species that depends on their sequences alone.

Methods that draw random numbers work in this order, so that neither the order of a file nor the
names in it change a result. Proteins of equal sequence cannot be told apart: what is found for
them is shared out equally.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.pairing.method_interface import Families, Species


@dataclass(frozen=True)
class Task:
    """What is to be paired in one species, in order of sequence.

    `species` is its number in the families; `a` and `b` are positions in its own `a` and `b`;
    `codes_a` and `codes_b`, uint8 of shape (proteins, length), are their rows.
    """

    species: int
    a: np.ndarray
    b: np.ndarray
    codes_a: np.ndarray
    codes_b: np.ndarray

    @property
    def content(self) -> tuple[int, int, bytes, bytes]:
        """Return what tells tasks apart: numbers of proteins, and their sequences."""
        return (len(self.a), len(self.b), self.codes_a.tobytes(), self.codes_b.tobytes())


def tasks_of(families: Families) -> tuple[list[Task], np.ndarray]:
    """Return what is left to pair, in order of content, and the rows of pairs that are settled.

    Settled are the known pairs, and the pair of a species that has one protein of each family
    left. Rows are codes, uint8 of shape (pairs, length of A + length of B), in order of content.
    """
    tasks, settled = [], []
    for number, species in enumerate(families.species):
        task = _task(families, number, species)
        known_a, known_b = species.a[species.known[:, 0]], species.b[species.known[:, 1]]
        settled.append(np.hstack([families.a[known_a], families.b[known_b]]))
        if len(task.a) == len(task.b) == 1:
            settled.append(np.hstack([task.codes_a, task.codes_b]))
        elif len(task.a) and len(task.b):
            tasks.append(task)
    length = families.a.shape[1] + families.b.shape[1]
    rows = np.vstack([np.zeros((0, length), np.uint8), *settled])
    return sorted(tasks, key=lambda task: task.content), rows[_order(rows)]


def frequencies_of(
    families: Families, tasks: Sequence[Task], shares: Sequence[np.ndarray]
) -> tuple[np.ndarray, ...]:
    """Return the frequencies of `Chosen` from how often each pair of each task was chosen.

    `shares` has an array (len(task.a), len(task.b)) for each task, 0 to 1. Settled pairs have 1.
    Equal proteins, and species with equal proteins, have the mean of what was found for them.
    """
    alike = defaultdict(list)
    for task, share in zip(tasks, shares, strict=True):
        evened = _evened(_evened(share, task.codes_a).T, task.codes_b).T
        alike[task.content].append(evened)
    result = []
    for number, species in enumerate(families.species):
        frequency = np.zeros((len(species.a), len(species.b)))
        task = _task(families, number, species)
        if task.content in alike:
            mean = np.mean(alike[task.content], axis=0)
            frequency[np.ix_(task.a, task.b)] = np.minimum(mean, 1)  # rounding may exceed it
        elif len(task.a) == len(task.b) == 1:
            frequency[task.a, task.b] = 1
        frequency[species.known[:, 0], species.known[:, 1]] = 1
        result.append(frequency)
    return tuple(result)


def _task(families: Families, number: int, species: Species) -> Task:
    """Return the proteins of a species without a known pair, in order of sequence."""
    a = np.setdiff1d(np.arange(len(species.a)), species.known[:, 0])
    b = np.setdiff1d(np.arange(len(species.b)), species.known[:, 1])
    a = a[_order(families.a[species.a[a]])]
    b = b[_order(families.b[species.b[b]])]
    return Task(number, a, b, families.a[species.a[a]], families.b[species.b[b]])


def _order(codes: np.ndarray) -> list[int]:
    return sorted(range(len(codes)), key=lambda row: codes[row].tobytes())


def _evened(share: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the matrix with the mean over rows of equal proteins, which follow each other."""
    starts = np.flatnonzero(np.r_[True, (codes[1:] != codes[:-1]).any(axis=1)])
    counts = np.diff(starts, append=len(codes))
    return np.repeat(np.add.reduceat(share, starts) / counts[:, None], counts, axis=0)
