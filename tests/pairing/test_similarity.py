"""Similarities against their definitions."""

import numpy as np
import pytest

from pepseq.pairing.msa import UNKNOWN_CODE
from pepseq.pairing.similarity import (
    _residue_vectors,
    center,
    correlation,
    correlation_of_relatives,
    count_shared_residues,
    covariance,
)
from pepseq.sequences.residues import AMINO_ACIDS


def family(seed, depth=30, length=4, states=21):
    return np.random.default_rng(seed).integers(0, states, (depth, length)).astype(np.uint8)


def centred_vectors(codes):
    """Return centred vectors of residues, (depth, length x 21)."""
    flat = _residue_vectors()[codes].reshape(len(codes), -1).astype(float)
    return flat - flat.mean(0)


def test_shared_residues_are_counted():
    codes = np.array([[0, 1, 20], [0, 2, 20], [3, UNKNOWN_CODE, 4]], np.uint8)
    np.testing.assert_array_equal(count_shared_residues(codes), [[3, 2, 0], [2, 3, 0], [0, 0, 2]])


def test_like_residues_are_near_each_other():
    alike = _residue_vectors() @ _residue_vectors().T
    at = {symbol: code for code, symbol in enumerate(AMINO_ACIDS)}
    np.testing.assert_allclose(alike.diagonal(), 1, atol=1e-5)
    assert alike[at["I"], at["V"]] > 0.5 > alike[at["I"], at["D"]] > 0
    np.testing.assert_allclose(alike[20, :20], 0, atol=1e-6)


def test_products_are_squared_covariances_between_columns():
    a, b = family(1), family(2, length=3)
    expected = (centred_vectors(a).T @ centred_vectors(b)) ** 2
    np.testing.assert_allclose((covariance(a) * covariance(b)).sum(), expected.sum(), rtol=1e-4)


@pytest.mark.parametrize("depth", [12, 200])
def test_products_are_squared_correlations_of_whitened_columns(depth):
    a, b = family(3, depth), family(4, depth, 3)
    whitened = []
    for codes in (a, b):
        x = centred_vectors(codes)
        ridge = 3.0 * (x**2).sum() / min(depth - 1, codes.shape[1] * 20)
        values, vectors = np.linalg.eigh(x.T @ x + ridge * np.eye(x.shape[1]))
        whitened.append(x @ (vectors / np.sqrt(values)) @ vectors.T)
    expected = ((whitened[0].T @ whitened[1]) ** 2).sum()
    found = (correlation(a, 3.0) * correlation(b, 3.0)).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_an_unknown_residue_does_not_deviate():
    codes = family(5, states=20)
    codes[7] = UNKNOWN_CODE
    np.testing.assert_array_equal(covariance(codes)[7], 0)
    assert np.abs(np.delete(covariance(codes), 7, 0)).sum(1).min() > 0


def test_a_family_of_one_protein_is_like_nothing():
    codes = np.repeat(family(6, 1), 5, axis=0)
    np.testing.assert_allclose(correlation(codes, 3.0), 0, atol=1e-6)


def test_centred_products_are_of_deviations():
    rows = np.random.default_rng(7).normal(size=(6, 3))
    from_mean = rows - rows.mean(0)
    np.testing.assert_allclose(center(rows @ rows.T), from_mean @ from_mean.T, atol=1e-12)


def test_close_relatives_are_similar_and_strangers_are_not():
    codes = family(4, depth=12, length=40, states=20)
    codes[1] = codes[0]
    codes[1, :4] = (codes[0, :4] + 1) % 20
    similarity = correlation_of_relatives(codes, 0.15, 1.0)
    np.testing.assert_allclose(similarity, similarity.T, atol=1e-12)
    of_others = np.sort(similarity[~np.eye(12, dtype=bool)])
    assert similarity[0, 1] == of_others[-1] > 0 > of_others[-3]
    same = np.tile(codes[:1], (5, 1))
    np.testing.assert_array_equal(correlation_of_relatives(same, 0.15, 1.0), np.zeros((5, 5)))


def test_similarities_of_relatives_are_whitened():
    """With the Gram matrix K of the definition, they are K (K + ridge)^-1."""
    codes = family(5, states=20)
    flat = _residue_vectors()[codes].reshape(len(codes), -1).astype(float)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    gram = center(np.exp((flat @ flat.T - 1) / 0.2))
    ridge = 2.0 * np.trace(gram) / (len(codes) - 1)
    expected = gram @ np.linalg.inv(gram + ridge * np.eye(len(codes)))
    np.testing.assert_allclose(correlation_of_relatives(codes, 0.2, 2.0), expected, atol=1e-5)
