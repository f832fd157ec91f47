"""Soft and hard pairings from logits (Mena et al. 2018; Lupo, Sgarbossa and Bitbol 2024).

A pairing is one-to-one on the smaller side. Logits have shape (..., larger, smaller): row i is a
protein of the larger family, column j one of the smaller. Where the families differ in number, the
matrix is made square with dummy columns of logit 0, which take up the rows left without a partner.
Dummies are not proteins: their columns are cut off again, nothing is learnt for them, and what is
paired with one is left out of the paired alignment.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch.nn.functional import pad


def soft_pairing(logits: torch.Tensor, rounds: int = 10, temperature: float = 1.0) -> torch.Tensor:
    """Return shares, shape (..., larger, smaller): rows sum to at most 1, columns to 1.

    Each round normalises rows, then columns, of the square matrix, in log space. Rows of a square
    matrix sum to 1 as nearly as this many rounds achieve.
    """
    larger, smaller = logits.shape[-2:]
    log = pad(logits / temperature, (0, larger - smaller))
    for _ in range(rounds):
        log = log - log.logsumexp(-1, keepdim=True)
        log = log - log.logsumexp(-2, keepdim=True)
    return log[..., :smaller].exp()


def hard_pairing(logits: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Return the pairing of the highest summed logits: 0 and 1, shape (..., larger, smaller).

    Rows and columns are shuffled first, so that ties are broken at random.
    """
    *batch, larger, smaller = logits.shape
    values = logits.detach().cpu().double().numpy().reshape(-1, larger, smaller)
    pairing = np.zeros(values.shape, dtype=np.float32)
    for number, matrix in enumerate(values):
        rows, columns = random.permutation(larger), random.permutation(smaller)
        i, j = linear_sum_assignment(matrix[np.ix_(rows, columns)], maximize=True)
        pairing[number, rows[i], columns[j]] = 1
    return torch.from_numpy(pairing.reshape(*batch, larger, smaller)).to(logits)


def straight_through(hard: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Return the values of `hard` with the gradient of `soft`."""
    return hard + (soft - soft.detach())


def with_noise(logits: torch.Tensor, scale: float, random: np.random.Generator) -> torch.Tensor:
    """Return logits, (species, larger, smaller), plus Gumbel noise.

    The noise is `scale` times the standard deviation of each species' logits; gradients pass
    through that too, as in the published method.
    """
    gumbel = random.gumbel(size=tuple(logits.shape)).astype(np.float32)
    spread = logits.std(dim=(-2, -1), keepdim=True)
    return logits + scale * spread * torch.from_numpy(gumbel).to(logits)
