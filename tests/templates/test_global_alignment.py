"""End-to-end alignment of many proteins at once against the same sums written out."""

import numpy as np
import pytest
from hypothesis import example, given, settings
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


def start_cost(before, protein_before):
    """The cost of residues of the read and of the protein before the first pair."""
    if before and protein_before:
        return jutting(protein_before) + gap(before)
    return jutting(before + protein_before)


def end_cost(after, protein_after):
    """The cost of residues of the read and of the protein after the last pair."""
    if after and protein_after:
        return min(jutting(after) + gap(protein_after), jutting(protein_after) + gap(after))
    return jutting(after + protein_after)


def best_score(symbols, protein):
    """The best chain of aligned pairs, every pair of neighbours looked at."""
    size, best = (len(symbols), len(protein)), -np.inf
    score = np.empty(size)
    for i in range(size[0]):
        for j in range(size[1]):
            before = [
                score[a, b] - gap(i - a - 1) - gap(j - b - 1) for a in range(i) for b in range(j)
            ]
            before.append(-start_cost(i, j))
            score[i, j] = TABLE[symbols[i], protein[j]] + max(before)
            best = max(best, score[i, j] - end_cost(size[0] - 1 - i, size[1] - 1 - j))
    return best


def score_of(symbols, protein, path):
    """The score of a path, which must run from end to end."""
    on = np.flatnonzero(path >= 0)
    to = path[on]
    assert (np.diff(to) > 0).all() and to[-1] < len(protein)
    total = TABLE[np.asarray(symbols)[on], np.asarray(protein)[to]].sum()
    total -= start_cost(on[0], to[0])
    total -= end_cost(len(path) - 1 - on[-1], len(protein) - 1 - to[-1])
    for steps in (np.diff(on), np.diff(to)):
        total -= sum(gap(step - 1) for step in steps)
    return total


PROTEIN = st.lists(st.integers(0, 20), min_size=1, max_size=14)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, SYMBOLS - 1), min_size=1, max_size=14),
    st.lists(PROTEIN, min_size=1, max_size=6),
)
@example([1, 0, 0, 0, 0, 0], [[1, 3, 6, 10]])  # ends with a gap of the protein and of the read
@example([1, 1, 1], [[0, 0, 0, 0]])  # any pair is worse than none
def test_scores_and_paths_are_the_best_from_end_to_end(symbols, proteins):
    numbers, scores, paths = run(symbols, proteins)
    assert sorted(numbers) == list(range(len(proteins))) and (np.diff(scores) <= 0).all()
    for number, score, path in zip(numbers, scores, paths, strict=True):
        without_pairs = -jutting(len(proteins[number])) - gap(len(symbols))
        best = max(best_score(symbols, proteins[number]), without_pairs)
        assert score == pytest.approx(best, abs=1e-3)
        if (path < 0).all():
            assert score == pytest.approx(without_pairs, abs=1e-3)
            continue
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
