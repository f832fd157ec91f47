"""Confidence intervals of molar fractions from the information matrix."""

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaincinv

from pepseq.quantification.estimation import Amounts, Model, Observations

_READS_PER_BLOCK = 4096


def relative_variances(model: Model, observed: Observations, amounts: Amounts) -> np.ndarray:
    """Return the variance of each molar fraction over its square, float64 (P,); inf if absent.

    The inverse of the observed information of all proteins with copies, and of the background,
    carried to fractions by the delta method.
    """
    present = np.flatnonzero(amounts.copies > 0)
    probabilities = csr_array(
        (model.reads.values, model.reads.reads, model.reads.starts),
        (model.weights.shape[1], len(observed.counts)),
    )
    # derivative of each mean to log amounts: expected reads of each protein, by read
    scaled = csr_array(model.weights[present] * amounts.copies[present][:, None])
    of_proteins = csr_array((scaled @ probabilities).tocsc())
    used = np.flatnonzero(amounts.background > 0)
    size = len(present) + len(used)
    information = np.zeros((size, size))
    columns = of_proteins.tocsc()
    improbable = model.improbable[present] * amounts.copies[present][:, None]
    alike = amounts.improbable[observed.labels] * observed.alike
    weights = np.sqrt(observed.counts) / np.maximum(amounts.means, 1e-300)
    background = amounts.background[observed.labels] * observed.background
    place = np.full(len(amounts.background), -1)
    place[used] = np.arange(len(used))
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
    # in logs of amounts: a little prior keeps what the reads cannot tell apart from being singular
    covariance = np.linalg.inv(information + 1e-6 * np.eye(size))[: len(present), : len(present)]
    fractions = amounts.copies[present] / amounts.copies[present].sum()
    with_total = covariance @ fractions
    variance = np.diag(covariance) - 2 * with_total + fractions @ with_total
    result = np.full(len(amounts.copies), np.inf)
    result[present] = np.maximum(variance, 0)
    return result


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
