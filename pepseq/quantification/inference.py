"""Amounts of a reference's proteins, with their intervals and q-values."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pepseq.quantification.depth import DepthSettings, Follow, estimate_in_rounds
from pepseq.quantification.estimation import Amounts, Model, Observations, estimate, first_guess
from pepseq.quantification.intervals import relative_variances
from pepseq.quantification.significance import likelihood_ratios, q_values


@dataclass(frozen=True)
class Inference:
    """What the reads say of P proteins, all arrays float64 (P,).

    `copies`: estimated, relative; `expected_reads`: reads that come from the protein; `variances`:
    of its molar fraction over the square of it, inf if it is absent; `ratios`: log-likelihood ratio
    for its presence, in nats; `q_values`. `model` and `amounts` are of these proteins alone.
    """

    copies: np.ndarray
    expected_reads: np.ndarray
    variances: np.ndarray
    ratios: np.ndarray
    q_values: np.ndarray
    model: Model
    amounts: Amounts


def infer(
    weights: csr_array,
    proteins: int,
    observed: Observations,
    follow: Follow,
    threads: int,
    settings: DepthSettings = DepthSettings(),  # noqa: B008 - frozen
) -> Inference:
    """Return what the reads say of proteins and decoys.

    `weights`: sparse (P + decoys, D), number of peptides with each pattern, of the `proteins` P and
    of one or more sets of as many decoys. Amounts of proteins and decoys are estimated together, so
    that a decoy may explain a read as an absent protein would; the q-values come from this. Then
    the decoys are left out, and the amounts of the proteins are estimated again.
    """
    together, amounts = estimate_in_rounds(weights, observed, follow, threads, settings)
    ratios = likelihood_ratios(together, amounts, observed.counts)
    sets = max(1, weights.shape[0] // proteins - 1)
    q = q_values(ratios[:proteins], ratios[proteins:], sets)
    model = Model(csr_array(weights[:proteins]), together.reads, threads)
    start = first_guess(model, observed)
    start[:proteins] = np.maximum(amounts.copies[:proteins], 1e-3 * start[:proteins])
    amounts = estimate(model, observed, start)
    return Inference(
        amounts.copies,
        amounts.copies * model.visible,
        relative_variances(model, observed, amounts),
        ratios[:proteins],
        q,
        model,
        amounts,
    )
