"""Amounts of a reference's proteins, with their intervals and q-values."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from pepseq.quantification.depth import (
    DepthSettings,
    Follow,
    estimate_deeper,
    estimate_in_rounds,
)
from pepseq.quantification.estimation import Amounts, Model, Observations, estimate
from pepseq.quantification.intervals import uncertainty
from pepseq.quantification.significance import likelihood_ratios, q_values, substitute_ratios

MIN_RATIO = 0.5
"""Nats by which a protein must make the reads more probable to be considered further."""


@dataclass(frozen=True)
class Inference:
    """What the reads say of P proteins, all arrays float64 (P,).

    `copies`: estimated, relative; `expected_reads`: reads that come from the protein; `variances`:
    of its molar fraction over the square of it, inf if it is absent; `ratios`: log-likelihood ratio
    for its presence, in nats; `q_values`. `model` and `amounts` are of the proteins with the
    numbers `likely`, int64.
    """

    copies: np.ndarray
    expected_reads: np.ndarray
    variances: np.ndarray
    ratios: np.ndarray
    q_values: np.ndarray
    likely: np.ndarray
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
    of one or more sets of as many decoys. Amounts of proteins and decoys are estimated together,
    twice, the second time only of those that make the reads more probable by MIN_RATIO; a decoy may
    explain a read as an absent protein would. Several sets of decoys are many more than the
    proteins, and join them the second time only. The ratios of the second time, less what other
    proteins could make up for, together or the best single one, give the q-values. Then the decoys
    are left out, and the amounts of the proteins are estimated once more.
    """
    sets = max(1, weights.shape[0] // proteins - 1)
    present = proteins if sets > 1 else None
    together, first = estimate_in_rounds(weights, observed, follow, threads, settings, present)
    likely = np.flatnonzero(likelihood_ratios(together, first, observed.counts) >= MIN_RATIO)
    model, amounts = _estimate_only(likely, weights, together, observed, threads)
    ratios = np.zeros(weights.shape[0])
    alone = likelihood_ratios(model, amounts, observed.counts)
    copies = np.zeros(weights.shape[0])
    copies[likely] = amounts.copies
    others = substitute_ratios(together, likely, copies, observed.counts, amounts.means)
    independence = uncertainty(model, observed, amounts).independence
    ratios[likely] = np.maximum(np.minimum(alone * independence, alone - others), 0)
    q = q_values(ratios[:proteins], ratios[proteins:], sets)
    likely = likely[likely < proteins]
    model, amounts = _estimate_only(likely, weights, together, observed, threads)
    model, amounts = estimate_deeper(model, amounts, observed, follow, settings)
    copies, reads = np.zeros((2, proteins))
    copies[likely], reads[likely] = amounts.copies, amounts.copies * model.visible
    variances = np.full(proteins, np.inf)
    variances[likely] = uncertainty(model, observed, amounts).variances
    return Inference(copies, reads, variances, ratios[:proteins], q, likely, model, amounts)


def _estimate_only(
    chosen: np.ndarray, weights: csr_array, model: Model, observed: Observations, threads: int
) -> tuple[Model, Amounts]:
    """Return the model of the chosen proteins, and their amounts."""
    of_chosen = Model(csr_array(weights[chosen]), model.reads, threads)
    return of_chosen, estimate(of_chosen, observed)
