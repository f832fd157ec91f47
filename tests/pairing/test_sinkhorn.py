"""Soft and hard pairings keep their sums, and the hard one is the best one."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.pairing.sinkhorn import hard_pairing, soft_pairing, straight_through, with_noise


def logits(larger, smaller, seed=0, species=3, scale=2.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(species, larger, smaller, generator=generator) * scale


def naive_sinkhorn(matrix, rounds):
    larger, smaller = matrix.shape
    square = np.exp(np.pad(matrix.double().numpy(), ((0, 0), (0, larger - smaller))))
    for _ in range(rounds):
        square /= square.sum(axis=1, keepdims=True)
        square /= square.sum(axis=0, keepdims=True)
    return square[:, :smaller]


@settings(max_examples=30)
@given(st.integers(1, 7), st.integers(0, 4), st.integers(0, 99))
def test_a_soft_pairing_is_doubly_stochastic(smaller, surplus, seed):
    soft = soft_pairing(logits(smaller + surplus, smaller, seed, scale=1.0), rounds=200)
    assert (soft >= 0).all()
    torch.testing.assert_close(soft.sum(-2), torch.ones(3, smaller), atol=1e-4, rtol=0)
    rows = soft.sum(-1)
    assert (rows < 1 + 1e-4).all()
    if not surplus:
        torch.testing.assert_close(rows, torch.ones(3, smaller), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("larger", "smaller"), [(4, 4), (5, 3), (3, 1)])
def test_a_soft_pairing_is_the_definition(larger, smaller):
    values = logits(larger, smaller)
    for number, soft in enumerate(soft_pairing(values, rounds=10, temperature=0.5)):
        expected = naive_sinkhorn(values[number] / 0.5, 10)
        np.testing.assert_allclose(soft.numpy(), expected, atol=1e-5)


def test_large_logits_neither_overflow_nor_vanish():
    values = logits(5, 3, scale=500.0).requires_grad_()
    soft = soft_pairing(values)
    soft.square().sum().backward()
    assert soft.isfinite().all() and values.grad.isfinite().all()


@pytest.mark.parametrize(("larger", "smaller"), [(4, 4), (5, 3), (3, 1)])
def test_a_hard_pairing_is_the_best_of_all(larger, smaller):
    values = logits(larger, smaller)
    hard = hard_pairing(values, np.random.default_rng(0))
    assert (hard.sum(-2) == 1).all() and (hard.sum(-1) <= 1).all()
    assert ((hard == 0) | (hard == 1)).all()
    for matrix, pairing in zip(values, hard, strict=True):
        best = max(
            sum(matrix[row, column].item() for column, row in enumerate(rows))
            for rows in permutations(range(larger), smaller)
        )
        assert (matrix * pairing).sum().item() == pytest.approx(best, abs=1e-5)


def test_ties_are_broken_at_random():
    hard = hard_pairing(torch.zeros(4000, 3, 2), np.random.default_rng(0))
    assert (hard.mean(0) - 1 / 3).abs().max() < 0.03


def test_straight_through_has_the_hard_value_and_the_soft_gradient():
    values = logits(4, 3).requires_grad_()
    weight = torch.randn(3, 4, 3, generator=torch.Generator().manual_seed(1))
    soft = soft_pairing(values)
    hard = hard_pairing(values, np.random.default_rng(0))
    through = straight_through(hard, soft)
    assert torch.equal(through, hard)
    (through * weight).sum().backward()
    own, values.grad = values.grad, None
    (soft_pairing(values) * weight).sum().backward()
    torch.testing.assert_close(own, values.grad)


def test_noise_is_scaled_by_each_species_spread():
    random = np.random.default_rng(0)
    assert torch.equal(with_noise(torch.zeros(2, 3, 3), 0.1, random), torch.zeros(2, 3, 3))
    values = torch.stack([logits(60, 60, species=1)[0], 10 * logits(60, 60, 1, species=1)[0]])
    added = with_noise(values, 0.1, random) - values
    spread = values.std(dim=(-2, -1))
    gumbel_sd = np.pi / 6**0.5
    for noise, sd in zip(added, spread, strict=True):
        assert noise.std().item() == pytest.approx(0.1 * sd.item() * gumbel_sd, rel=0.1)
        assert noise.mean().item() == pytest.approx(0.1 * sd.item() * np.euler_gamma, rel=0.2)
