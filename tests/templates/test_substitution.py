import numpy as np
import pytest
from Bio.Align import substitution_matrices
from hypothesis import given
from hypothesis import strategies as st

from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import UNKNOWN_CODE, count_codes, encode, exchanges, frequencies


def test_codes_are_in_the_order_of_the_amino_acids():
    assert encode(AMINO_ACIDS).tolist() == list(range(20))
    assert set(encode("XUZOBJ").tolist()) == {UNKNOWN_CODE}


def test_frequencies_are_those_of_known_residues():
    counted = frequencies(count_codes(encode("A" * 30_000 + "C" * 10_000 + "X" * 99_999)))
    assert counted.sum() == pytest.approx(1) and (counted > 0).all()
    assert counted[0] == pytest.approx(0.75, abs=0.05)


@given(st.lists(st.floats(0.01, 1), min_size=20, max_size=20), st.floats(0, 1))
def test_so_large_a_share_differs_and_the_rest_stays(weights, share):
    background = np.array(weights) / sum(weights)
    rows = exchanges(background, share)
    assert rows.shape == (21, 20) and (rows >= 0).all()
    assert np.allclose(rows.sum(1), 1)
    assert np.allclose(np.diag(rows), 1 - share)
    assert np.array_equal(rows[UNKNOWN_CODE], background)


def test_exchanges_have_the_odds_of_blosum62():
    blosum = substitution_matrices.load("BLOSUM62")
    rows = exchanges(np.full(20, 0.05), 0.4)
    for a, b, c in ("ILD", "KRW", "DEC"):
        odds = rows[AMINO_ACIDS.index(a), [AMINO_ACIDS.index(b), AMINO_ACIDS.index(c)]]
        assert odds[0] / odds[1] == pytest.approx(2 ** ((blosum[a][b] - blosum[a][c]) / 2))
