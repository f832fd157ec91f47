"""Molecular weights of proteins, from the average masses of their residues."""

import numpy as np
from numpy.typing import NDArray

from pepseq.sequences.residues import AMINO_ACIDS

WATER = 18.0153
"""Mass of a molecule of water, in daltons."""

MOLECULE_MASSES = {
    **{"A": 89.0932, "C": 121.1582, "D": 133.1027, "E": 147.1293, "F": 165.1891, "G": 75.0666},
    **{"H": 155.1546, "I": 131.1729, "K": 146.1876, "L": 131.1729, "M": 149.2113, "N": 132.1179},
    **{"P": 115.1305, "Q": 146.1445, "R": 174.201, "S": 105.0926, "T": 119.1192, "V": 117.1463},
    **{"W": 204.2252, "Y": 181.1885},
}
"""Average mass of each amino acid as a molecule, in daltons; those of Biopython."""

_MASSES = np.array([MOLECULE_MASSES[a] for a in AMINO_ACIDS])
_RESIDUE_MASSES: NDArray[np.float64] = np.append(_MASSES, _MASSES.mean()) - WATER


def molecular_weights(
    residues: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the molecular weight of each protein in daltons, float64 of shape (proteins,).

    `residues`: codes of all proteins one after the other: places in AMINO_ACIDS, and 20 for an
    unknown residue, which has the mean mass of the twenty; `offsets`: protein p has those from
    `offsets[p]` to `offsets[p + 1]`. No protein may be empty.

    >>> molecular_weights(np.array([5, 5, 0], np.uint8), np.array([0, 2, 3])).round(2).tolist()
    [132.12, 89.09]
    """
    sums: NDArray[np.float64] = np.add.reduceat(_RESIDUE_MASSES[residues], offsets[:-1])
    return sums + WATER
