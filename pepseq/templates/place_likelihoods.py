"""Likelihood of a read without gaps, summed over the places of a reference."""

import numpy as np

from pepseq.kernels import kernel

_LARGEST = 1e200


@kernel
def sum_likelihoods(
    symbols: np.ndarray, residues: np.ndarray, starts: np.ndarray, emission: np.ndarray
) -> np.ndarray:
    """Return the sum over places of P(read | place, distance) / P(read), float64 (distances,).

    A place is the index in `residues` of the read's first residue; each of `starts` leaves room for
    the whole read. `emission`: P(symbol | residue, distance) / P(symbol), (symbols, 21, distances).
    No sum exceeds 1e200, so that products of sums stay finite.
    """
    distances = emission.shape[2]
    sums, likelihoods = np.zeros(distances), np.empty(distances)
    for start in starts:
        likelihoods[:] = 1.0
        for i in range(len(symbols)):
            of_residue = emission[symbols[i], residues[start + i]]
            for distance in range(distances):
                likelihoods[distance] *= of_residue[distance]
        for distance in range(distances):
            sums[distance] = min(sums[distance] + likelihoods[distance], _LARGEST)
    return sums
