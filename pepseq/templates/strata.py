"""Strata of a reference: its files by size, so that a large one does not crowd out a small one."""

import numpy as np

LARGER = 8
"""A file with over so many times the residues of all smaller ones together begins a stratum."""


def strata_of(sizes: np.ndarray) -> np.ndarray:
    """Return the stratum, from 0, of each file with so many residues.

    Proteomes of a few strains are one stratum, a database beside them is the next one.

    >>> strata_of(np.array([800_000, 70_000_000, 900_000])).tolist()
    [0, 1, 0]
    """
    strata = np.zeros(len(sizes), np.int64)
    stratum = together = 0
    for file in np.argsort(sizes, kind="stable"):
        stratum += int(0 < LARGER * together < sizes[file])
        strata[file] = stratum
        together += sizes[file]
    return strata


def by_stratum(held: np.ndarray, lengths: np.ndarray) -> tuple[list[int], list[int]]:
    """Return the order of proteins by stratum and the number of proteins of each stratum.

    `held`: int64, (records, 2), the numbers of protein and file of each record; `lengths`:
    residues of each protein, (proteins,). A protein of several files is of the smallest stratum.
    Strata without proteins of their own are left out.
    """
    protein, file = held.T
    sizes = np.bincount(file, weights=lengths[protein])
    stratum = np.full(len(lengths), len(sizes))
    np.minimum.at(stratum, protein, strata_of(sizes)[file])
    numbers = np.bincount(stratum)
    return np.argsort(stratum, kind="stable").tolist(), numbers[numbers > 0].tolist()
