"""End-to-end alignment of many proteins at once against the same sums written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.kernels import read_only
from pepseq.templates.alignment_paths import Scoring
from pepseq.templates.global_alignment import LANES, align_globally

OPENING, EXTENSION = 4.0, 0.5
SYMBOLS = 4
TABLE = np.random.default_rng(7).uniform(-3, 1, (SYMBOLS, 21)).round(1).astype(np.float32)
for code in range(21):
    TABLE[code % SYMBOLS, code] = 2 + code % 2


def run(symbols, proteins, band=80, most=1000):
    residues = read_only(np.concatenate([np.asarray(p, np.uint8) for p in proteins]))
    offsets = read_only(np.cumsum([0, *map(len, proteins)]))
    order = np.argsort([len(p) for p in proteins], kind="stable")
    scoring = Scoring(TABLE, np.float32(OPENING), np.float32(EXTENSION))
    symbols = np.asarray(symbols, np.uint8)
    return align_globally(symbols, residues, offsets, order, scoring, band, most)


def jutting(residues):
    return 3 + np.log2(residues) if residues else 0.0


def gap(residues):
    return OPENING + EXTENSION * (residues - 1) if residues else 0.0


def best_score(symbols, protein):
    """The best chain of aligned pairs, every pair of neighbours looked at."""
    size, best = (len(symbols), len(protein)), -np.inf
    score = np.empty(size)
    for i in range(size[0]):
        for j in range(size[1]):
            before = [
                score[a, b] - gap(i - a - 1) - gap(j - b - 1) for a in range(i) for b in range(j)
            ]
            if i == 0 or j == 0:
                before.append(-jutting(i + j))
            score[i, j] = TABLE[symbols[i], protein[j]] + max(before)
            if i == size[0] - 1 or j == size[1] - 1:
                best = max(best, score[i, j] - jutting(size[0] - 1 - i + size[1] - 1 - j))
    return best


def score_of(symbols, protein, path):
    """The score of a path, which must run from end to end."""
    on = np.flatnonzero(path >= 0)
    to = path[on]
    assert (np.diff(to) > 0).all() and to[-1] < len(protein)
    assert min(on[0], to[0]) == 0 and min(len(path) - 1 - on[-1], len(protein) - 1 - to[-1]) == 0
    total = TABLE[np.asarray(symbols)[on], np.asarray(protein)[to]].sum()
    total -= jutting(on[0] + to[0])
    total -= jutting(len(path) - 1 - on[-1] + len(protein) - 1 - to[-1])
    for steps in (np.diff(on), np.diff(to)):
        total -= sum(gap(step - 1) for step in steps)
    return total


PROTEIN = st.lists(st.integers(0, 20), min_size=1, max_size=14)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, SYMBOLS - 1), min_size=1, max_size=14),
    st.lists(PROTEIN, min_size=1, max_size=6),
)
def test_scores_and_paths_are_the_best_from_end_to_end(symbols, proteins):
    numbers, scores, paths = run(symbols, proteins)
    assert sorted(numbers) == list(range(len(proteins))) and (np.diff(scores) <= 0).all()
    for number, score, path in zip(numbers, scores, paths, strict=True):
        assert score == pytest.approx(best_score(symbols, proteins[number]), abs=1e-3)
        assert score == pytest.approx(score_of(symbols, proteins[number], path), abs=1e-3)


def test_more_proteins_than_lanes_and_only_the_best_are_returned():
    rng = np.random.default_rng(1)
    proteins = [rng.integers(0, 20, rng.integers(30, 60)) for _ in range(2 * LANES + 5)]
    symbols = proteins[70] % SYMBOLS
    numbers, scores, paths = run(symbols, proteins, band=15, most=3)
    assert len(numbers) == 3 and numbers[0] == 70 and scores[0] > scores[1] + 20
    assert paths[0].tolist() == list(range(len(proteins[70])))
    alone = {n: run(symbols, [proteins[n]], band=80)[1][0] for n in numbers}
    assert all(score <= alone[n] + 1e-3 for n, score in zip(numbers, scores, strict=True))


def test_without_proteins_there_is_no_alignment():
    found = align_globally(
        np.zeros(4, np.uint8),
        read_only(np.zeros(5, np.uint8)),
        read_only(np.array([0, 5])),
        np.empty(0, np.int64),
        Scoring(TABLE, np.float32(4), np.float32(1)),
        15,
        24,
    )
    assert [len(part) for part in found] == [0, 0, 0]
