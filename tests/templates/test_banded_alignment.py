"""Banded alignment against Biopython's Smith-Waterman."""

import string

import numpy as np
import pytest
from Bio.Align import PairwiseAligner, substitution_matrices
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.kernels import read_only
from pepseq.templates.alignment_paths import Scoring
from pepseq.templates.banded_alignment import align_in_band

OPENING, EXTENSION = np.float32(3), np.float32(0.5)
SYMBOLS = 5
RNG = np.random.default_rng(4)
TABLE = RNG.uniform(-4, 1, (SYMBOLS, 21)).round(1).astype(np.float32)
for code in range(21):
    TABLE[code % SYMBOLS, code] = 2 + code % 3


def symbols_of(protein):
    """The symbol that fits each residue code best."""
    return (np.asarray(protein, np.int64) % SYMBOLS).astype(np.uint8)


def run(symbols, protein, diagonal=0, band=120):
    path = np.full(len(symbols), 77, np.int32)
    protein = read_only(np.asarray(protein, np.uint8))
    scratch = np.full((2, len(symbols) + 1, 2 * band + 2), np.nan, np.float32)
    scoring = Scoring(TABLE, OPENING, EXTENSION)
    score = align_in_band(symbols, protein, diagonal, band, scoring, scratch, path)
    return float(score), path


@pytest.fixture(scope="module")
def published():
    """Score of Biopython's local alignment with the same table and gaps."""
    letters = string.ascii_letters[: SYMBOLS + 21]
    table = np.full((len(letters), len(letters)), -99.0)
    table[:SYMBOLS, SYMBOLS:] = TABLE
    matrix = substitution_matrices.Array(letters, dims=2, data=table)
    aligner = PairwiseAligner(mode="local", substitution_matrix=matrix)
    aligner.open_gap_score, aligner.extend_gap_score = -float(OPENING), -float(EXTENSION)

    def score(symbols, protein):
        return aligner.score(
            "".join(letters[s] for s in symbols), "".join(letters[SYMBOLS + c] for c in protein)
        )

    return score


def score_of(symbols, protein, path):
    """The best score of a stretch of a path, its gaps counted."""
    best = here = 0.0
    before = None
    for i, j in enumerate(path):
        if j < 0:
            continue
        if before is not None:
            for gap in (i - before[0] - 1, j - before[1] - 1):
                here -= (OPENING + EXTENSION * (gap - 1)) if gap else 0
            here = max(here, 0.0)
        here = max(here + TABLE[symbols[i], protein[j]], 0.0)
        best = max(best, here)
        before = i, j
    return best


@st.composite
def pairs(draw):
    """A protein and the symbols of a copy with changes, insertions and deletions."""
    protein = draw(st.lists(st.integers(0, 20), min_size=1, max_size=60))
    copy = list(protein)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(copy)))
        if draw(st.booleans()):
            copy[at:at] = draw(st.lists(st.integers(0, 20), max_size=8))
        else:
            del copy[at : at + draw(st.integers(0, 8))]
    return protein, symbols_of(copy or [0])


@settings(max_examples=80)
@given(pairs())
def test_a_wide_band_gives_the_score_of_smith_waterman(published, pair):
    protein, symbols = pair
    score, path = run(symbols, protein)
    assert score == pytest.approx(published(symbols, protein), abs=1e-3)
    on = path[path >= 0]
    assert (path >= -1).all() and (on < len(protein)).all() and (np.diff(on) > 0).all()
    assert score_of(symbols, protein, path) == pytest.approx(score, abs=1e-3)


@settings(max_examples=40)
@given(pairs(), st.integers(-20, 20), st.integers(0, 12))
def test_a_narrow_band_never_scores_more_and_stays_inside(published, pair, diagonal, band):
    protein, symbols = pair
    score, path = run(symbols, protein, diagonal, band)
    assert score <= published(symbols, protein) + 1e-3
    assert score_of(symbols, protein, path) >= score - 1e-3
    off = (path - np.arange(len(path)) - diagonal)[path >= 0]
    assert (np.abs(off) <= band).all()


def test_a_path_leads_over_an_insertion_and_a_deletion():
    protein = RNG.integers(0, 20, 90)
    copy = np.concatenate([protein[:30], RNG.integers(0, 20, 4), protein[30:60], protein[63:]])
    path = run(symbols_of(copy), protein, band=10)[1]
    assert path[:28].tolist() == list(range(28))
    assert path[38:60].tolist() == list(range(34, 56))
    assert path[-24:].tolist() == list(range(66, 90))
    assert np.count_nonzero(path[26:38] < 0) == 4


def test_a_path_is_extended_without_gaps_beyond_the_aligned_stretch():
    protein = RNG.integers(0, 20, 60)
    worst = TABLE.argmin(0).astype(np.uint8)
    symbols = symbols_of(protein)
    symbols[:5], symbols[-5:] = worst[protein[:5]], worst[protein[-5:]]
    assert run(symbols, protein)[1].tolist() == list(range(60))
    assert run(symbols, protein[8:])[1].tolist() == [-1] * 8 + list(range(52))


def test_an_unrelated_protein_has_no_path():
    score, path = run(np.zeros(5, np.uint8), [code for code in range(21) if TABLE[0, code] < 0][:6])
    assert score == 0 and (path == -1).all()
    score, path = run(symbols_of([1, 2, 3]), [1, 2, 3], diagonal=500, band=4)
    assert score == 0 and (path == -1).all()
