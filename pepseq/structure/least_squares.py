"""Superpositions of corresponding points with the least root mean square deviation (RMSD)."""

import numpy as np


def least_rmsd(model: np.ndarray, reference: np.ndarray) -> float:
    """Return the least root mean square deviation of corresponding residues (Kabsch 1976)."""
    x, y = model - model.mean(0), reference - reference.mean(0)
    left, values, right = np.linalg.svd(x.T @ y)
    values[-1] *= np.sign(np.linalg.det(left @ right))
    return float(np.sqrt(max((x * x).sum() + (y * y).sum() - 2 * values.sum(), 0) / len(x)))


def least_squares_pose(model: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rotation (3, 3) and translation (3,) of the least RMSD (Kabsch 1976).

    model @ rotation.T + translation lies on the reference.
    """
    middles = model.mean(0), reference.mean(0)
    left, _, right = np.linalg.svd((model - middles[0]).T @ (reference - middles[1]))
    left[:, -1] *= np.sign(np.linalg.det(left @ right))
    rotation = (left @ right).T
    return rotation, middles[1] - rotation @ middles[0]
