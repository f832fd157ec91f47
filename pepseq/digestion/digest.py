"""Digestion of proteins into peptides, with missed cleavages."""

from dataclasses import dataclass

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.proteases import Protease
from pepseq.kernels import kernel, read_only
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN


@dataclass(frozen=True)
class Peptides:
    """Peptides in the order of their proteins, begins and ends; all arrays have shape (peptides,).

    protein: number of the protein, int32.
    begin, end: the peptide's residues are `residues[begin:end]` of the flat array, int64.
    missed: sites inside it that were missed, int8.
    weight: expected number of this peptide for each copy of the protein, float64.
    """

    protein: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    missed: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.protein)


def digest(
    residues: np.ndarray,
    offsets: np.ndarray,
    config: DigestConfig = DigestConfig(),  # noqa: B008 - frozen
) -> Peptides:
    """Return the peptides of proteins.

    `residues`: codes 0-20 of all proteins one after the other, uint8; `offsets`: int64, protein p
    has residues from `offsets[p]` to `offsets[p + 1]`. A peptide with k missed sites has weight
    rate ** k, times (1 - rate) for each of its ends that is a site; the weight is 1 without missed
    cleavages. Peptides with more missed sites than allowed are lost, and so are those with other
    lengths. Peptides that occur several times in a protein are several peptides.

    >>> residues = np.array(["ACDEFGHIKLMNPQRSTVWY".index(a) for a in "MAGKPCKLLR"], np.uint8)
    >>> peptides = digest(residues, np.array([0, 10]))
    >>> list(zip(peptides.begin.tolist(), peptides.end.tolist()))
    [(0, 7), (7, 10)]
    """
    table = read_only(_site_table(config.protease))
    residues, offsets = read_only(residues), read_only(np.asarray(offsets, np.int64))
    rate = config.missed_cleavage_rate if config.missed_cleavages else 0.0
    limits = config.missed_cleavages, config.min_length, config.max_length or len(residues)
    count = _digest(residues, offsets, table, limits, rate, _empty(0), True)
    arrays = _empty(count)
    _digest(residues, offsets, table, limits, rate, arrays, False)
    return Peptides(*arrays)


def _site_table(protease: Protease) -> np.ndarray:
    """Return whether a site lies between two residue codes, bool of shape (21, 21)."""
    letters = [*AMINO_ACIDS, UNKNOWN[0]]
    table = np.zeros((len(letters), len(letters)), bool)
    for before, after in protease.sites():
        table |= np.outer([a in before for a in letters], [a in after for a in letters])
    return table


def _empty(count: int) -> tuple[np.ndarray, ...]:
    """Return arrays for so many peptides, see `Peptides`."""
    types = (np.int32, np.int64, np.int64, np.int8, np.float64)
    return tuple(np.empty(count, kind) for kind in types)


@kernel
def _digest(residues, offsets, table, limits, rate, arrays, only_count):
    """Fill the arrays of `Peptides` unless `only_count`; return the number of peptides."""
    max_missed, min_length, max_length = limits
    protein, begin, end, missed, weight = arrays
    count = 0
    longest = 0
    for p in range(len(offsets) - 1):
        longest = max(longest, offsets[p + 1] - offsets[p])
    cuts = np.empty(longest + 1, np.int64)
    for p in range(len(offsets) - 1):
        first, last = offsets[p], offsets[p + 1]
        if first == last:
            continue
        cuts[0] = first
        n_cuts = 1
        for i in range(first + 1, last):
            if table[residues[i - 1], residues[i]]:
                cuts[n_cuts] = i
                n_cuts += 1
        cuts[n_cuts] = last
        for a in range(n_cuts):
            for k in range(min(max_missed + 1, n_cuts - a)):
                if k > 0 and rate == 0:
                    break
                b = a + k + 1
                length = cuts[b] - cuts[a]
                if length > max_length:
                    break
                if length < min_length:
                    continue
                if not only_count:
                    protein[count], begin[count], end[count] = p, cuts[a], cuts[b]
                    missed[count] = k
                    w = rate**k
                    if a > 0:
                        w *= 1 - rate
                    if b < n_cuts:
                        w *= 1 - rate
                    weight[count] = w
                count += 1
    return count
