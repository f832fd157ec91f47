"""Complexes of several families from the scores of their pairs."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepseq.pairing.complexes import best_complexes


def random_scores(sizes, seed):
    draw = np.random.default_rng(seed)
    return {
        (i, j): draw.random((sizes[i], sizes[j])) for i, j in combinations(range(len(sizes)), 2)
    }


def total(rows, scores):
    return sum(
        scores[i, j][row[i], row[j]]
        for row in rows
        for i, j in combinations(range(len(row)), 2)
        if row[i] >= 0 and row[j] >= 0
    )


def greatest(sizes, scores):
    """Return the greatest sum over all ways to deal the proteins into complexes."""
    size = max(sizes)
    places = [[*range(n), *[-1] * (size - n)] for n in sizes]
    dealt = product(permutations(places[0]), *(permutations(p) for p in places[1:-1]))
    return max(total(zip(*chosen, places[-1], strict=True), scores) for chosen in dealt)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 3), min_size=3, max_size=4), st.integers(0, 1000))
def test_small_species_have_the_greatest_sum(sizes, seed):
    scores = random_scores(sizes, seed)
    rows = best_complexes(sizes, scores)
    assert len(rows) == max(sizes)
    for place, size in enumerate(sizes):
        assert sorted(rows[rows[:, place] >= 0, place].tolist()) == list(range(size))
    assert total(rows, scores) == pytest.approx(greatest(sizes, scores))


def test_two_good_pairings_correct_a_bad_one():
    """Of ten proteins in three families, one pairing is random, and two are right."""
    size, draw = 10, np.random.default_rng(5)
    order_b, order_c = draw.permutation(size), draw.permutation(size)
    right_ab, right_ac, right_bc = (np.zeros((size, size)) for _ in range(3))
    right_ab[np.arange(size), order_b] = right_ac[np.arange(size), order_c] = 0.6
    right_bc[order_b, order_c] = 0.6
    for wrong in range(3):
        scores = [right_ab.copy(), right_ac.copy(), right_bc.copy()]
        scores[wrong] = draw.random((size, size)) / 2
        rows = best_complexes([size] * 3, dict(zip([(0, 1), (0, 2), (1, 2)], scores, strict=True)))
        assert rows.tolist() == np.array([np.arange(size), order_b, order_c]).T.tolist()


def test_the_search_is_no_worse_than_a_star_from_any_family():
    from scipy.optimize import linear_sum_assignment

    for seed in range(5):
        scores = random_scores([8, 8, 8], seed)
        found = total(best_complexes([8, 8, 8], scores), scores)
        for center in range(3):
            columns = [None] * 3
            columns[center] = np.arange(8)
            for other in {0, 1, 2} - {center}:
                own = scores.get((center, other))
                own = scores[other, center].T if own is None else own
                columns[other] = linear_sum_assignment(own, maximize=True)[1]
            assert found >= total(np.array(columns).T, scores) - 1e-9
