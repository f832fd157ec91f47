"""How well amounts are known, from the information matrix, and confidence intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaincinv

from pepseq.quantification.estimation import Amounts, Model, Observations

_READS_PER_BLOCK = 4096


@dataclass(frozen=True)
class Uncertainty:
    """How well the amounts of P proteins are known.

    `variances`: float64 (P,), of each molar fraction, over its square; inf for absent proteins.
    `independence`: float64 (P,), the share of a protein's information that is left when the amounts
    of all others are unknown too; 0 if the protein is absent.
    """

    variances: np.ndarray
    independence: np.ndarray


def uncertainty(model: Model, observed: Observations, amounts: Amounts) -> Uncertainty:
    """Return how well amounts are known: from the inverse of the observed information.

    Parameters are the logarithms of all amounts above 0, of proteins and of the background.
    Fractions by the delta method.
    """
    present = np.flatnonzero(amounts.copies > 0)
    information = _information(model, observed, amounts, present)
    # a little prior keeps what the reads cannot tell apart from being singular
    information += 1e-6 * np.eye(len(information))
    covariance = np.linalg.inv(information)
    alone = np.diag(information)[: len(present)]
    covariance = covariance[: len(present), : len(present)]
    fractions = amounts.copies[present] / max(amounts.copies[present].sum(), 1e-300)
    with_total = covariance @ fractions
    spread = np.diag(covariance) - 2 * with_total + fractions @ with_total
    variances = np.full(len(amounts.copies), np.inf)
    variances[present] = np.maximum(spread, 0)
    independence = np.zeros(len(amounts.copies))
    independence[present] = np.clip(1 / (alone * np.diag(covariance)), 0, 1)
    return Uncertainty(variances, independence)


def _information(
    model: Model, observed: Observations, amounts: Amounts, present: np.ndarray
) -> np.ndarray:
    """Return the observed information of log amounts: of present proteins, then the background."""
    probabilities = csr_array(
        (model.reads.values, model.reads.reads, model.reads.starts),
        (model.weights.shape[1], len(observed.counts)),
    )
    # derivative of each mean to log amounts: expected reads of each protein, by read
    scaled = csr_array(model.weights[present] * amounts.copies[present][:, None])
    columns = csr_array(scaled @ probabilities).tocsc()
    improbable = model.improbable[present] * amounts.copies[present][:, None]
    alike = amounts.improbable[observed.labels] * observed.alike
    used = np.flatnonzero(amounts.background > 0)
    place = np.full(len(amounts.background), -1)
    place[used] = np.arange(len(used))
    background = amounts.background[observed.labels] * observed.background
    weights = np.sqrt(observed.counts) / np.maximum(amounts.means, 1e-300)
    size = len(present) + len(used)
    information = np.zeros((size, size))
    for first in range(0, len(weights), _READS_PER_BLOCK):
        part = slice(first, first + _READS_PER_BLOCK)
        block = np.zeros((size, len(weights[part])))
        block[: len(present)] = columns[:, part].toarray()
        block[: len(present)] += improbable[:, observed.first[part]] * alike[part]
        labels = place[observed.labels[part]]
        inside = labels >= 0
        block[len(present) + labels[inside], np.flatnonzero(inside)] = background[part][inside]
        block *= weights[part]
        information += block @ block.T
    return information


def intervals(fractions: np.ndarray, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of 95 % intervals of fractions, from their relative variances.

    A fraction with relative variance v is as uncertain as a number of 1 / v reads; the interval is
    the exact one of a Poisson number (Garwood 1936, Biometrika 28: 437).

    >>> [round(float(end[0]), 3) for end in intervals(np.array([0.1]), np.array([0.01]))]
    [0.081, 0.122]
    """
    reads = 1 / np.maximum(variances, 1e-12)
    known = np.isfinite(variances) & (fractions > 0)
    reads = np.where(known, reads, 1.0)
    low = fractions * gammaincinv(reads, 0.025) / reads
    high = fractions * gammaincinv(reads + 1, 0.975) / reads
    return np.where(known, low, 0.0), np.where(known, np.minimum(high, 1.0), np.nan)
