"""Pairs of residues of two chains that lie close to each other."""

import numpy as np

from pepseq.kernels import kernel
from pepseq.structure.structure_files import Chain


def residue_contacts(
    chain: Chain, other: Chain, cutoff: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of residues closer than `cutoff` angstrom, and their distances.

    Of the distances between heavy atoms of two residues the least counts. Indices of the residues
    of each chain, int (pairs,), and distances in angstrom, float64 (pairs,).
    """
    sides = [(one.atoms, _starts(one)) for one in (chain, other)]
    found = np.empty((0, 3))
    counted = _contacts(*sides[0], *sides[1], cutoff, found)
    if counted:
        found = np.empty((counted, 3))
        _contacts(*sides[0], *sides[1], cutoff, found)
    return found[:, 0].astype(np.int64), found[:, 1].astype(np.int64), found[:, 2]


def _starts(chain: Chain) -> np.ndarray:
    """Return the index of the first atom of each residue, and the number of atoms at the end."""
    return np.searchsorted(chain.atom_residues, np.arange(len(chain) + 1))


@kernel
def _contacts(
    x: np.ndarray,
    x_starts: np.ndarray,
    y: np.ndarray,
    y_starts: np.ndarray,
    cutoff: float,
    found: np.ndarray,
) -> int:
    """Return the number of close pairs of residues; fill in as many as `found` has rows.

    Residues whose spheres around their middles lie apart are passed over.
    """
    middles, radii = _spheres(x, x_starts)
    other_middles, other_radii = _spheres(y, y_starts)
    count = 0
    for i in range(len(radii)):
        for j in range(len(other_radii)):
            apart = cutoff + radii[i] + other_radii[j]
            square = 0.0
            for axis in range(3):
                square += (middles[i, axis] - other_middles[j, axis]) ** 2
            if square >= apart * apart:
                continue
            least = cutoff * cutoff
            for a in range(x_starts[i], x_starts[i + 1]):
                for b in range(y_starts[j], y_starts[j + 1]):
                    square = (
                        (x[a, 0] - y[b, 0]) ** 2
                        + (x[a, 1] - y[b, 1]) ** 2
                        + (x[a, 2] - y[b, 2]) ** 2
                    )
                    least = min(least, square)
            if least < cutoff * cutoff:
                if count < len(found):
                    found[count, 0], found[count, 1], found[count, 2] = i, j, np.sqrt(least)
                count += 1
    return count


@kernel
def _spheres(x: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the atoms of each residue, and the distance of the farthest from it."""
    residues = len(starts) - 1
    middles, radii = np.zeros((residues, 3)), np.zeros(residues)
    for i in range(residues):
        number = starts[i + 1] - starts[i]
        for a in range(starts[i], starts[i + 1]):
            middles[i] += x[a] / number
        for a in range(starts[i], starts[i + 1]):
            shift = x[a] - middles[i]
            radii[i] = max(radii[i], np.sqrt((shift * shift).sum()))
    return middles, radii
