"""The copying model: a read as a mosaic of templates, some close, some far, or of none.

A hidden Markov model in the manner of Li and Stephens (2003), as genotype imputation uses it: at
each residue the protein copies one template at one of several distances, or none. The observed
residues weigh these states; forward and backward sums give the probability of each.
"""

import numpy as np

from pepseq.kernels import kernel

NOT_ALIGNED = 255
"""Residue code where a template is not aligned."""


@kernel
def copy_probabilities(
    symbols: np.ndarray,
    aligned: np.ndarray,
    emission: np.ndarray,
    prior: np.ndarray,
    none: float,
    switch: float,
    mixture: np.ndarray,
    weights: np.ndarray,
) -> float:
    """Fill in each state's posterior probability at each residue; return log2 of the evidence.

    `symbols`: uint8, (length,). `aligned`: residue codes 0-20 or NOT_ALIGNED, (templates, length).
    `emission`: P(symbol | residue, distance) / P(symbol), (distances, symbols, 21). `prior`:
    (templates, distances) and `none`, which add up to 1. `switch`: probability that a residue's
    state is drawn from the prior instead of kept. Out: `mixture`, (length, distances, 21), the
    weight of each template residue at each distance, and `weights`, (length, templates), of each
    template; what is missing to 1 is the weight of none.
    """
    templates, length = aligned.shape
    distances = emission.shape[0]
    states = templates * distances  # state k is template k // distances; the last one is none
    forward = np.empty((length, states + 1))
    start = np.empty(states + 1)
    start[:states] = prior.ravel()
    start[states] = none
    evidence = 0.0
    # forward: a state is kept, or drawn from the prior whatever it was; then it emits the symbol.
    # Ratios to chance are emitted, so that none, and gaps of a template, emit 1. Each row is scaled
    # to a sum of 1, and the evidence is the product of the sums.
    for i in range(length):
        total = 0.0
        for k in range(states + 1):
            p = start[k] if i == 0 else (1 - switch) * forward[i - 1, k] + switch * start[k]
            if k < states and aligned[k // distances, i] != NOT_ALIGNED:
                p *= emission[k % distances, symbols[i], aligned[k // distances, i]]
            forward[i, k] = p
            total += p
        forward[i] /= total
        evidence += np.log2(total)
    mixture[:] = 0
    weights[:] = 0
    # backward: back[k] is in proportion to the probability of the symbols after residue i, given
    # state k there; the posterior is its product with the forward sum
    back = np.ones(states + 1)
    for i in range(length - 1, -1, -1):
        total = (forward[i] * back).sum()
        mean = 0.0  # probability of the symbols from i on if the state at i is drawn
        for k in range(states + 1):
            p = forward[i, k] * back[k] / total
            if k < states and aligned[k // distances, i] != NOT_ALIGNED:
                mixture[i, k % distances, aligned[k // distances, i]] += p
                weights[i, k // distances] += p
                back[k] *= emission[k % distances, symbols[i], aligned[k // distances, i]]
            mean += start[k] * back[k]
        total = 0.0
        for k in range(states + 1):
            back[k] = (1 - switch) * back[k] + switch * mean
            total += back[k]
        back /= total
    return evidence


@kernel
def mix_amino_acids(
    symbols: np.ndarray, mixture: np.ndarray, amino_acids: np.ndarray
) -> np.ndarray:
    """Return the probability of each amino acid by copying, (length, 20).

    `symbols` and `mixture`: see `copy_probabilities`; `amino_acids`: P(amino acid | symbol,
    template residue, distance), (distances, symbols, 21, 20).
    """
    length, distances, codes = mixture.shape
    result = np.zeros((length, amino_acids.shape[3]))
    for i in range(length):
        for d in range(distances):
            for code in range(codes):
                weight = mixture[i, d, code]
                if weight > 0:
                    of_code = amino_acids[d, symbols[i], code]
                    for a in range(len(of_code)):
                        result[i, a] += weight * of_code[a]
    return result
