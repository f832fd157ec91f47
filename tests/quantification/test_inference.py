"""Amounts of proteins on small made-up samples, of which the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from pepseq.fluorosequencing.read_probabilities import ReadProbabilities
from pepseq.quantification.depth import DepthSettings, estimate_in_rounds
from pepseq.quantification.estimation import Amounts, Model, Observations, estimate
from pepseq.quantification.inference import infer
from pepseq.quantification.intervals import information, intervals, uncertainty
from pepseq.quantification.significance import DECOY_WEIGHT, likelihood_ratios, q_values

READS = 40


def probabilities(patterns, *, error=0.2):
    """Return patterns of which each gives its own read, and by error every other one."""
    values = np.full((patterns, READS), error / READS, np.float32)
    values[np.arange(patterns), np.arange(patterns)] += 1 - error
    starts = np.arange(patterns + 1) * READS
    reads = np.tile(np.arange(READS, dtype=np.int32), patterns)
    residual = np.zeros((patterns, 3), np.float32)
    return ReadProbabilities(starts, reads, values.ravel(), np.ones(patterns), residual)


def followed(patterns, every):
    """Return the probabilities of some of the patterns."""
    places = np.concatenate([np.arange(*every.starts[d : d + 2]) for d in patterns])
    starts = np.arange(len(patterns) + 1) * READS
    ones, zeros = np.ones(len(patterns)), np.zeros((len(patterns), 3), np.float32)
    return ReadProbabilities(starts, every.reads[places], every.values[places], ones, zeros)


def observations(counts):
    """Return reads in one class, to which a background is as probable as it is."""
    zeros, equal = np.zeros(len(counts), np.int64), np.full(len(counts), 1 / len(counts))
    return Observations(np.asarray(counts, np.int64), zeros, zeros, equal, equal)


def sample(weights, copies, *, reads=100_000, seed=1):
    """Return the model of proteins, and the reads of a sample drawn from it."""
    model = Model(csr_array(weights), probabilities(weights.shape[1]), threads=1)
    means = model.means(model.patterns_of(copies), READS)
    drawn = np.random.default_rng(seed).multinomial(reads, means / means.sum())
    return model, observations(drawn)


OWN = np.kron(np.eye(6), np.ones((1, 3)))  # six proteins with three peptides each
COPIES = np.array([1.0, 2, 4, 8, 16, 0])


def test_amounts_are_found_and_an_absent_protein_has_none():
    model, observed = sample(OWN, COPIES)
    amounts = estimate(model, observed)
    fractions = amounts.copies / amounts.copies.sum()
    assert amounts.converged
    assert fractions == pytest.approx(COPIES / COPIES.sum(), rel=0.05, abs=2e-4)
    assert amounts.background.sum() < 0.02 * observed.counts.sum()
    assert amounts.means.sum() == pytest.approx(observed.counts.sum(), rel=1e-3)


def test_shared_peptides_are_divided_by_the_own_ones():
    weights = OWN.copy()
    weights[:, 0] = 1  # a peptide of all
    model, observed = sample(weights, COPIES)
    fractions = estimate(model, observed).copies
    fractions /= fractions.sum()
    assert fractions == pytest.approx(COPIES / COPIES.sum(), rel=0.06, abs=1e-3)


def test_reads_of_no_protein_are_background():
    model, observed = sample(OWN, COPIES)
    amounts = estimate(model, observations(observed.counts + 3000))
    assert amounts.background.sum() == pytest.approx(40 * 3000, rel=0.05)
    fractions = amounts.copies / amounts.copies.sum()
    assert fractions == pytest.approx(COPIES / COPIES.sum(), rel=0.1, abs=5e-3)


def test_ratios_are_high_for_present_proteins_and_low_for_absent_ones():
    model, observed = sample(OWN, COPIES)
    ratios = likelihood_ratios(model, estimate(model, observed), observed.counts)
    assert ratios[:5].min() > 1000 and ratios[5] < 5


def test_a_ratio_is_the_loss_without_the_protein():
    model, observed = sample(OWN, COPIES)
    amounts = estimate(model, observed)
    ratios = likelihood_ratios(model, amounts, observed.counts)
    without = amounts.copies * np.array([0, 1, 1, 1, 1, 1])
    less = model.means(model.patterns_of(without), READS) + amounts.background * 1 / READS
    expected = observed.counts @ np.log(amounts.means / less) - (amounts.means - less).sum()
    assert ratios[0] == pytest.approx(expected, rel=1e-3)


def test_q_values_count_decoys_and_their_sets():
    targets = np.array([9.0, 8, 7, 1, 0])
    assert q_values(targets, np.zeros(5)).tolist() == [0.25, 0.25, 0.25, 0.25, 1]
    assert q_values(targets, np.zeros(50), 10)[0] == pytest.approx(1 / 10 / 4)
    few = q_values(np.array([90.0, 80, 70, 60, 3]), np.zeros(500))
    assert few[3] < 1e-3 and few[4] > 0.01
    with_decoy = q_values(targets, np.array([8.5, 0, 0, 0, 0]))
    assert with_decoy.tolist() == pytest.approx([0.625, 0.625, 0.625, 0.625, 1])


def test_the_best_decoys_tell_how_many_better_ones_are_expected():
    quantiles = (np.arange(1000) + 0.5) / 1000
    decoys = 2 * quantiles**-0.5  # 1000 (2 / x)^2 of them are above x
    targets = np.array([2000.0, 1000, 200, 2])
    expected = DECOY_WEIGHT * 1000 * (2 / targets) ** 2 / [1, 2, 3, 4]
    q = q_values(targets, decoys)
    assert (q[:3] > expected[:3]).all() and (q[:2] < 5 * expected[:2]).all() and q[2] < 0.15
    assert q[3] == 1
    few = np.append(decoys[:20], np.zeros(5))
    assert q_values(targets, few)[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("copies", [COPIES, np.array([1.0, 1, 1, 1, 1, 1])])
def test_intervals_of_many_samples_hold_the_truth(copies):
    truth, inside, present = copies / copies.sum(), [], copies > 0
    for seed in range(40):
        model, observed = sample(OWN, copies, reads=3000, seed=seed)
        amounts = estimate(model, observed)
        variances = uncertainty(model, observed, amounts).variances
        low, high = intervals(amounts.copies / amounts.copies.sum(), variances)
        inside.append(((low <= truth) & (truth <= high))[present])
    assert 0.91 < np.mean(inside) < 0.99


def test_information_is_the_sum_of_outer_products_of_derivatives():
    random = np.random.default_rng(2)
    values = random.random((5, READS)) * (random.random((5, READS)) < 0.4)
    starts = np.concatenate([[0], np.cumsum((values > 0).sum(1))])
    residual = random.random((5, 3)).astype(np.float32)
    reads = np.nonzero(values)[1].astype(np.int32)
    values = values.astype(np.float32)
    found = ReadProbabilities(starts, reads, values[values > 0], np.ones(5), residual)
    model = Model(csr_array(random.integers(0, 3, (4, 5)).astype(float)), found, 1)
    labels, first = random.integers(0, 3, (2, READS))
    background, alike, means = random.random((3, READS)) + 0.1
    observed = Observations(random.integers(0, 9, READS), labels, first, background, alike)
    copies, shares = np.array([2.0, 0, 1, 3]), np.array([0.5, 0.2, 0.3])
    amounts = Amounts(copies, copies, np.array([4.0, 0, 2]), shares, means, 1, True)
    nothing = replace(amounts, copies=np.zeros(4), background=np.zeros(3))
    assert information(model, observed, nothing).shape == (0, 0)
    each = model.weights @ values + model.improbable[:, first] * shares[labels] * alike
    none = np.where(labels == np.array([[0], [2]]), background * [[4], [2]], 0)
    derivatives = np.concatenate([(copies[:, None] * each)[copies > 0], none])
    expected = derivatives * (observed.counts / means**2) @ derivatives.T
    assert information(model, observed, amounts) == pytest.approx(expected, rel=1e-6)


def test_intervals_are_poisson_s_for_few_reads():
    low, high = intervals(np.array([0.05, 0.0]), np.array([1 / 4, np.inf]))
    assert [low[0] * 80, high[0] * 80] == pytest.approx([1.0899, 10.2416], abs=1e-3)
    assert low[1] == 0 and np.isnan(high[1])


def test_a_protein_like_another_is_less_independent():
    alike = OWN.copy()
    alike[1, :2] = 1
    alike[1, 3:5] = 0
    model, observed = sample(alike, COPIES)
    independence = uncertainty(model, observed, estimate(model, observed)).independence
    assert independence[1] < 0.75 < independence[4]


def test_inference_with_decoys_reports_what_is_there():
    weights = np.zeros((12, 36))
    weights[:6, :18] = weights[6:, 18:] = OWN
    _, observed = sample(weights, np.append(COPIES, np.zeros(6)))

    def follow(patterns, cutoffs):
        return followed(patterns, probabilities(36))

    result = infer(csr_array(weights), 6, observed, follow, threads=1)
    assert result.q_values[:5].max() < 0.21 and result.q_values[5] > 0.5
    assert result.expected_reads.sum() == pytest.approx(100_000, rel=0.02)
    fractions = result.copies / result.copies.sum()
    assert fractions == pytest.approx(COPIES / COPIES.sum(), rel=0.05, abs=2e-4)


def test_abundant_patterns_are_followed_deeper():
    asked = []

    def follow(patterns, cutoffs):
        asked.append(dict(zip(patterns.tolist(), cutoffs.tolist(), strict=True)))
        return followed(patterns, probabilities(18))

    copies = np.array([1.0, 1, 1, 1, 1000, 0])
    _, observed = sample(OWN, copies)
    estimate_in_rounds(csr_array(OWN), observed, follow, 1, DepthSettings())
    assert len(asked[0]) == 18 and set(asked[1]) == {12, 13, 14}
    assert max(asked[1].values()) < min(asked[0].values()) / 3
