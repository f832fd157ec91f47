"""Similarities between the proteins of one family."""

from functools import cache

import numpy as np

from pepseq.pairing.msa import UNKNOWN_CODE
from pepseq.sequences.residues import AMINO_ACIDS

STATES = 21
"""Amino acids and the gap. An unknown residue is in none of these states."""

EXCHANGE_WEIGHT = 0.3
"""Weight of BLOSUM62 scores; a larger one makes different residues less similar."""


def count_shared_residues(codes: np.ndarray) -> np.ndarray:
    """Return the number of columns in which two proteins agree, float32 (depth, depth)."""
    states = np.eye(STATES + 1, STATES, dtype=np.float32)[codes].reshape(len(codes), -1)
    return states @ states.T


def covariance(codes: np.ndarray) -> np.ndarray:
    """Return products of the proteins' deviations from the family's mean, float64 (depth, depth).

    A residue is a vector, close to those of similar residues; an unknown residue does not deviate.
    The summed products of the matrices of two families are the squared covariances between their
    columns.
    """
    states = _vectors(codes)
    states -= states.mean(axis=0)
    states[codes == UNKNOWN_CODE] = 0
    flat = states.reshape(len(codes), -1)
    return (flat @ flat.T).astype(np.float64)


def correlation(codes: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return `covariance` whitened, float64 (depth, depth).

    Columns that vary together, as those of related proteins do, count once. The summed products of
    the matrices of two families are the squared canonical correlations of their columns, those of
    each family shrunk towards independence (a ridge; Vinod 1976).
    """
    return _whitened(covariance(codes), codes.shape[1], shrinkage)


def correlation_of_relatives(codes: np.ndarray, reach: float, shrinkage: float) -> np.ndarray:
    """Return the similarities of relatives whitened, as `correlation`, float64 (depth, depth).

    The similarity of two proteins is exp((r - 1) / reach): r is 1 for equal proteins, and 0 for
    proteins without similar residues. A smaller `reach` leaves only close relatives similar.
    """
    flat = _vectors(codes).reshape(len(codes), -1)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    alike = (flat @ flat.T).astype(np.float64)
    return _whitened(center(np.exp((alike - 1) / reach)), codes.shape[1], shrinkage)


def _whitened(products: np.ndarray, length: int, shrinkage: float) -> np.ndarray:
    """Return K (K + shrinkage x mean eigenvalue)^-1 of centered products K, which are overwritten.

    The mean is over the eigenvalues that proteins of this length can have.
    """
    from scipy.linalg import lapack

    depth = len(products)
    ridge = shrinkage * np.trace(products) / max(min(depth - 1, length * (STATES - 1)), 1)
    if np.trace(products) < 1e-6:  # all proteins are the same, but for rounding
        return np.zeros_like(products)
    products.flat[:: depth + 1] += ridge
    factor, _ = lapack.dpotrf(products, lower=True, overwrite_a=True)
    inverse, _ = lapack.dpotri(factor, lower=True, overwrite_c=True)
    whitened = np.ascontiguousarray(inverse)
    np.copyto(whitened, whitened.T, where=~np.tri(depth, dtype=bool))
    whitened *= -ridge
    whitened.flat[:: depth + 1] += 1
    return whitened


def center(products: np.ndarray) -> np.ndarray:
    """Return products of deviations from the mean protein, from products of proteins, in place."""
    mean = products.mean(axis=0)
    products -= mean
    products -= mean[:, None]
    products += mean.mean()
    return products


def _vectors(codes: np.ndarray) -> np.ndarray:
    """Return the vector of each residue, float32 (depth, length, STATES); 0 of unknown ones."""
    return np.vstack([_residue_vectors(), np.zeros((1, STATES), np.float32)])[codes]


@cache
def _residue_vectors() -> np.ndarray:
    """Return a vector for each state, float32 (STATES, STATES).

    Inner products of two vectors are exp(EXCHANGE_WEIGHT x BLOSUM62), scaled to 1 for the same
    residue; a gap is similar to nothing else (Henikoff and Henikoff 1992, PNAS 89: 10915).
    """
    from Bio.Align import substitution_matrices

    scores = substitution_matrices.load("BLOSUM62").select(AMINO_ACIDS)
    alike = np.eye(STATES)
    alike[:-1, :-1] = np.exp(EXCHANGE_WEIGHT * np.asarray(scores))
    alike /= np.sqrt(np.outer(alike.diagonal(), alike.diagonal()))
    values, vectors = np.linalg.eigh(alike)
    return (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
