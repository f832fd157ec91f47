"""How well amounts are known, from the information matrix, and confidence intervals."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaincinv

from pepseq.kernels import kernel
from pepseq.quantification.estimation import Amounts, Model, Observations


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
    observed_information = information(model, observed, amounts)
    # a little prior keeps what the reads cannot tell apart from being singular
    observed_information += np.diag(1e-6 + 1e-12 * np.diag(observed_information))
    covariance = np.linalg.inv(observed_information)
    alone = np.diag(observed_information)[: len(present)]
    covariance = covariance[: len(present), : len(present)]
    fractions = amounts.copies[present] / max(amounts.copies[present].sum(), 1e-300)
    with_total = covariance @ fractions
    spread = np.diag(covariance) - 2 * with_total + fractions @ with_total
    variances = np.full(len(amounts.copies), np.inf)
    variances[present] = np.maximum(spread, 0)
    independence = np.zeros(len(amounts.copies))
    independence[present] = np.clip(1 / (alone * np.diag(covariance)), 0, 1)
    return Uncertainty(variances, independence)


def information(model: Model, observed: Observations, amounts: Amounts) -> np.ndarray:
    """Return the observed information of log amounts above 0: of proteins, then the background.

    That is the sum over reads of counts / means^2 times the outer product of the mean's derivatives
    with itself. The derivative to a protein has a part above the cutoffs, which few proteins share,
    and one of improbable reads, which is the same for alike reads but for a factor.
    """
    present = np.flatnonzero(amounts.copies > 0)
    probabilities = csr_array(
        (model.reads.values, model.reads.reads, model.reads.starts),
        (model.weights.shape[1], len(observed.counts)),
    )
    # derivative of each mean to log amounts: expected reads of each protein, by read
    scaled = csr_array(model.weights[present] * amounts.copies[present][:, None])
    probable = csr_array(scaled @ probabilities).tocsc()
    probable.sort_indices()
    improbable = model.improbable[present] * amounts.copies[present][:, None]
    alike = amounts.improbable[observed.labels] * observed.alike
    used = np.flatnonzero(amounts.background > 0)
    place = np.zeros(len(amounts.background), np.int64)
    place[used] = np.arange(len(used))
    background = amounts.background[observed.labels] * observed.background
    weights = observed.counts / np.maximum(amounts.means, 1e-300) ** 2
    classes = improbable.shape[1]
    # sums over reads by first class and by number of labels, as sparse matrices to multiply with
    by_class = _by_column(observed.first, weights * alike, classes)
    by_labels = _by_column(place[observed.labels], weights * background, len(used))
    proteins = len(present)
    result = np.zeros((proteins + len(used),) * 2)
    _add_products(probable.indptr, probable.indices, probable.data, weights, result)
    crossed = (probable @ by_class).toarray()
    crossed += improbable * (0.5 * (by_class.T @ alike))
    crossed = crossed @ improbable.T
    result[:proteins, :proteins] += crossed + crossed.T
    alike_in_class = _by_column(observed.first, alike, classes)
    mixed = (probable @ by_labels).toarray() + improbable @ (alike_in_class.T @ by_labels).toarray()
    result[:proteins, proteins:] = mixed
    result[proteins:, :proteins] = mixed.T
    result[proteins:, proteins:] = np.diag(by_labels.T @ background)
    return result


def _by_column(columns: np.ndarray, values: np.ndarray, count: int) -> csr_array:
    """Return a sparse matrix with one value in each row, in the given column; none for a 0."""
    rows = np.flatnonzero(values)
    return csr_array((values[rows], (rows, columns[rows])), (len(columns), count))


@kernel
def _add_products(starts, rows, values, weights, information):
    """Add the weighted outer product of each sparse column with itself."""
    for r in range(len(weights)):
        for k in range(starts[r], starts[r + 1]):
            scaled = weights[r] * values[k]
            row = information[rows[k]]
            for j in range(starts[r], starts[r + 1]):
                row[rows[j]] += scaled * values[j]


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
