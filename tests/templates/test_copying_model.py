"""The forward and backward sums against a sum over every path through the states."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.templates.copying_model import NOT_ALIGNED, copy_probabilities, mix_amino_acids


def run(symbols, aligned, emission, prior, none, switch):
    length, templates = len(symbols), len(aligned)
    mixture = np.full((length, len(emission), 21), 7.0)
    weights = np.full((length, templates), 7.0)
    evidence = copy_probabilities(symbols, aligned, emission, prior, none, switch, mixture, weights)
    return evidence, mixture, weights


def by_enumeration(symbols, aligned, emission, prior, none, switch):
    templates, length = aligned.shape
    distances = len(emission)
    states = [(t, d) for t in range(templates) for d in range(distances)] + [None]
    start = [*prior.ravel(), none]
    mixture = np.zeros((length, distances, 21))
    weights = np.zeros((length, templates))
    total = 0.0
    for path in itertools.product(range(len(states)), repeat=length):
        p = start[path[0]]
        for before, here in itertools.pairwise(path):
            p *= (1 - switch) * (before == here) + switch * start[here]
        copied = []
        for i, k in enumerate(path):
            if states[k] and aligned[states[k][0], i] != NOT_ALIGNED:
                t, d = states[k]
                p *= emission[d, symbols[i], aligned[t, i]]
                copied.append((i, t, d))
        total += p
        for i, t, d in copied:
            mixture[i, d, aligned[t, i]] += p
            weights[i, t] += p
    return np.log2(total), mixture / total, weights / total


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 2), st.integers(1, 2), st.integers(1, 5))
def test_equals_a_sum_over_all_paths(seed, templates, distances, length):
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, 3, length).astype(np.uint8)
    aligned = rng.choice([0, 5, 20, NOT_ALIGNED], (templates, length)).astype(np.uint8)
    emission = rng.uniform(0.1, 9, (distances, 3, 21))
    prior = rng.dirichlet(np.ones(templates * distances + 1))
    none, prior = prior[-1], prior[:-1].reshape(templates, distances)
    case = (symbols, aligned, emission, prior, none, 0.2)
    for found, expected in zip(run(*case), by_enumeration(*case), strict=True):
        assert np.allclose(found, expected, atol=1e-12)


def test_amino_acids_are_mixed_by_the_symbol_read():
    rng = np.random.default_rng(3)
    mixture = rng.random((7, 2, 21)) * (rng.random((7, 2, 21)) < 0.3)
    tables = rng.random((2, 3, 21, 20))
    symbols = rng.integers(0, 3, 7).astype(np.uint8)
    expected = np.einsum("lda,dlab->lb", mixture, tables[:, symbols])
    assert np.allclose(mix_amino_acids(symbols, mixture, tables), expected, rtol=1e-13, atol=0)


def test_long_proteins_do_not_underflow():
    length = 40_000
    symbols = np.tile(np.array([0, 1, 1, 1], np.uint8), length // 4)
    aligned = np.where(symbols == 0, 3, 7).astype(np.uint8)[None]
    emission = np.full((1, 2, 21), 1e-3)
    emission[0, 0, 3] = emission[0, 1, 7] = 1.5
    evidence, mixture, weights = run(symbols, aligned, emission, np.array([[1e-6]]), 1 - 1e-6, 1e-3)
    assert np.isfinite(evidence) and evidence > 1000
    assert np.isfinite(mixture).all() and weights.min() > 0.99
    assert mixture.sum((1, 2)) == pytest.approx(weights.sum(1))


def test_a_template_that_never_fits_is_not_copied():
    symbols, aligned = np.zeros(50, np.uint8), np.full((1, 50), 4, np.uint8)
    weights = run(symbols, aligned, np.full((1, 1, 21), 0.5), np.array([[0.5]]), 0.5, 1e-3)[2]
    assert weights.max() < 0.3 and weights[25] < 0.01
