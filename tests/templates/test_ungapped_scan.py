"""The best of all ungapped fits against a plain comparison with every place."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.kernels import read_only
from pepseq.templates.ungapped_scan import scan, scan_all

SYMBOLS = 5
RNG = np.random.default_rng(4)
TABLE = RNG.uniform(-4, 1, (SYMBOLS, 21)).round(1).astype(np.float32)
for code in range(21):
    TABLE[code % SYMBOLS, code] = 2 + code % 3


def score_of(symbols, residues, place):
    return TABLE[symbols, residues[place : place + len(symbols)]].sum(dtype=np.float32)


def is_best(symbols, residues, begins, most, places, scores):
    """Whether these are the `most` best of all that begin at `begins`, best first."""
    brute = np.sort([score_of(symbols, residues, b) for b in begins])[::-1][:most]
    assert len(set(places.tolist())) == len(places) == min(most, len(begins))
    assert set(places.tolist()) <= set(begins.tolist())
    assert np.allclose(scores, brute, atol=1e-4) and (np.diff(scores) <= 0).all()
    for place, score in zip(places, scores, strict=True):
        assert score_of(symbols, residues, place) == pytest.approx(score, abs=1e-4)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 20))
def test_scan_finds_the_best_of_the_places(seed, length, most):
    rng = np.random.default_rng(seed)
    residues = read_only(rng.integers(0, 4, 200).astype(np.uint8))
    symbols = rng.integers(0, SYMBOLS, length).astype(np.uint8)
    begins = np.flatnonzero(rng.random(200 - length + 1) < 0.7)
    is_best(symbols, residues, begins, most, *scan(symbols, residues, begins, TABLE, most))


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 20), st.integers(0, 12))
def test_scan_all_finds_the_best_within_proteins(seed, length, most, proteins):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 40, proteins))]).astype(np.int64)
    residues = read_only(rng.integers(0, 21, offsets[-1]).astype(np.uint8))
    symbols = rng.integers(0, SYMBOLS, length).astype(np.uint8)
    inside = [np.arange(a, b - length + 1) for a, b in pairwise(offsets)]
    begins = np.concatenate([np.empty(0, np.int64), *inside])
    found = scan_all(symbols, residues, read_only(offsets), TABLE, most)
    is_best(symbols, residues, begins, most, *found)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_equal_fits_come_in_the_order_of_their_places(most):
    symbols = np.array([0, 1], np.uint8)
    residues = read_only(np.array([0, 9, 0, 1, 5, *[0, 1] * 40], np.uint8))
    expected = [2, 5, 7][:most]
    begins = np.array([0, 2, *range(5, 84, 2)])
    for places, scores in (
        scan(symbols, residues, begins, TABLE, most),
        scan_all(symbols, residues, read_only(np.array([0, len(residues)])), TABLE, most),
    ):
        assert places.tolist() == expected and len(set(scores.tolist())) == 1
