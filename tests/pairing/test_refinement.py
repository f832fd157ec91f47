"""The second step of method information against its definition, and what it corrects."""

import numpy as np
import pytest
from planted import planted
from scipy.optimize import linear_sum_assignment

from pepseq.pairing import information
from pepseq.pairing.canonical_order import Task
from pepseq.pairing.config import PairConfig
from pepseq.pairing.refinement import REACH, SHRINKAGE, pair_by_relatives
from pepseq.pairing.similarity import center, correlation_of_relatives


def random_tasks(sizes, draw, length_a=6, length_b=5):
    tasks = []
    for a, b in sizes:
        codes = (draw.integers(0, 20, (n, m)) for n, m in ((a, length_a), (b, length_b)))
        tasks.append(Task(np.arange(a), np.arange(b), *(c.astype(np.uint8) for c in codes)))
    return tasks


@pytest.mark.parametrize("settled", [0, 3])
def test_scores_are_sums_over_pairs_of_all_other_proteins(settled):
    draw = np.random.default_rng(settled)
    sizes = [(4, 3), (2, 5), (3, 3)]
    tasks = random_tasks(sizes, draw)
    settled_a = draw.integers(0, 20, (settled, 6)).astype(np.uint8)
    settled_b = draw.integers(0, 20, (settled, 5)).astype(np.uint8)
    shares = [draw.random(size) for size in sizes]
    columns = np.arange(5), np.arange(4)
    made = pair_by_relatives(tasks, shares, (settled_a, settled_b), columns)

    families = ([t.codes_a for t in tasks], settled_a), ([t.codes_b for t in tasks], settled_b)
    similarities = []
    for (of_tasks, own), kept in zip(families, columns, strict=True):
        rows = np.vstack([*of_tasks, own])[:, kept]
        similarities.append(center(correlation_of_relatives(rows, REACH, SHRINKAGE)))
    a, b = similarities
    share = np.zeros((len(a), len(b)))
    starts = np.cumsum([(0, 0), *sizes], axis=0)
    for (n, m), (i, j), own in zip(starts, sizes, shares, strict=False):
        share[n : n + i, m : m + j] = own
    for row in range(settled):
        share[starts[-1][0] + row, starts[-1][1] + row] = 1
    for (n0, m0), (i, j), (rows, partners) in zip(starts, sizes, made, strict=False):
        scores = np.zeros((i, j))
        for n in range(n0, n0 + i):
            for m in range(m0, m0 + j):
                terms = a[n][:, None] * np.sqrt(share) * b[m][None]
                terms[n], terms[:, m] = 0, 0
                scores[n - n0, m - m0] = terms.sum()
        expected = linear_sum_assignment(scores, maximize=True)
        assert len(rows) == min(i, j)
        assert scores[rows, partners].sum() == pytest.approx(scores[expected].sum())


def test_the_relatives_correct_wrong_votes():
    """If the votes are right in most species, the wrong ones of a species are outvoted."""
    draw = np.random.default_rng(1)
    length, clans = 30, 4
    centers_a, centers_b = (draw.integers(0, 20, (clans, length)) for _ in range(2))
    tasks, shares = [], []
    for _ in range(12):
        codes = []
        for centers in (centers_a, centers_b):
            changed = draw.random((clans, length)) < 0.2
            codes.append(np.where(changed, draw.integers(0, 20, (clans, length)), centers))
        tasks.append(Task(np.arange(4), np.arange(4), *(c.astype(np.uint8) for c in codes)))
        shares.append(np.eye(4))
    shares[0] = np.eye(4)[::-1]
    shares[1] = np.full((4, 4), 0.25)
    none = np.zeros((0, length), np.uint8)
    columns = np.arange(length), np.arange(length)
    for rows, partners in pair_by_relatives(tasks, shares, (none, none), columns):
        assert rows.tolist() == partners.tolist() == [0, 1, 2, 3]


def test_half_of_the_votes_are_of_the_second_step(monkeypatch):
    made = planted(3, lost=0)
    first_choice = lambda tasks, *_: [(np.array([0]), np.array([0])) for _ in tasks]  # noqa: E731
    monkeypatch.setattr(information, "pair_by_relatives", first_choice)
    config = PairConfig(method="information", runs=2)
    for frequency in information.pair_by_information(made.families, config).frequencies:
        if frequency.size > 1:
            assert (frequency * 4 == np.round(frequency * 4)).all()
            assert frequency.sum() == pytest.approx((len(frequency) + 1) / 2)
    alone = information.pair_by_mirrortree(made.families, config)
    assert all((f * 2 == np.round(f * 2)).all() for f in alone.frequencies)
