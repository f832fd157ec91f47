"""Annealing: each step against its definition, then the pairings that it finds."""

from itertools import permutations

import numpy as np
import pytest

from pepseq.pairing.annealing import (
    Moves,
    PairingState,
    Similarities,
    SpeciesRows,
    _field_offsets,
    _gain_of_swaps,
    anneal,
    fields,
    find_orthologs,
)
from pepseq.pairing.mean_field import _balanced, mean_field

SPECIES = SpeciesRows.of_sizes(np.array([3, 4, 2]))
ROWS = 11  # two of them settled


def similarities(seed, rows=ROWS, features=5):
    random = np.random.default_rng(seed)
    return Similarities(
        *(
            (x @ x.T).astype(np.float32)
            for x in (random.normal(size=(rows, features)) for _ in "ab")
        )
    )


def gain_of(both, partner):
    return (both.a * both.b[partner][:, partner]).sum(dtype=float)


def shuffled(seed, species=SPECIES, rows=ROWS):
    random = np.random.default_rng(seed)
    partner = np.arange(rows)
    for block in species.slices:
        partner[block] = block.start + random.permutation(block.stop - block.start)
    return partner


def orthologs(seed):
    shared = np.random.default_rng(seed).random((2, 9, 9)).astype(np.float32)
    return [find_orthologs(matrix + matrix.T, SPECIES) for matrix in shared]


def annealed(both, partner, ortholog_share=0.5, temperature=0.5, number=2000, seed=1, stop=False):
    """Anneal `partner` in place, check its fields, and return the growth of the gain."""
    state = PairingState(partner, fields(both, SPECIES, partner))
    moves = Moves(number, temperature, ortholog_share, seed)
    growth = anneal(both, SPECIES, *orthologs(3), state, moves, np.array([stop]))
    expected = fields(both, SPECIES, partner)
    np.testing.assert_allclose(state.field, expected, rtol=1e-3, atol=1e-3)
    return growth


def test_orthologs_are_the_most_alike_of_each_species():
    shared = np.array([[9, 1, 5, 7], [1, 9, 6, 2], [5, 6, 9, 3], [7, 2, 3, 9]], np.float32)
    found = find_orthologs(shared, SpeciesRows.of_sizes(np.array([2, 2])))
    np.testing.assert_array_equal(found.row, [[0, 3], [1, 2], [1, 2], [0, 3]])
    np.testing.assert_array_equal(found.shared, [[9, 7], [9, 6], [6, 9], [7, 9]])


def test_fields_are_sums_over_all_pairs():
    both = similarities(1)
    partner = shuffled(2)
    field = fields(both, SPECIES, partner)
    assert len(field) == 9 + 16 + 4
    expected = sum(both.a[4, k] * both.b[6, partner[k]] for k in range(ROWS))
    np.testing.assert_allclose(field[_field_offsets(SPECIES)[4] + 6], expected, rtol=1e-3)


@pytest.mark.parametrize("swaps", [[(0, 2)], [(3, 6)], [(0, 1), (5, 4)], [(2, 1), (6, 3), (7, 8)]])
def test_the_gain_of_swaps_is_the_difference_of_two_gains(swaps):
    both = similarities(1)
    partner = shuffled(2)
    swapped = partner.copy()
    for n, m in swaps:
        swapped[[n, m]] = swapped[[m, n]]
    expected = gain_of(both, swapped) - gain_of(both, partner)
    rows = np.array([(n, m, partner[n], partner[m]) for n, m in swaps])
    state = PairingState(partner, fields(both, SPECIES, partner))
    spare = np.empty(ROWS, np.float32)
    gain = _gain_of_swaps(both, state, _field_offsets(SPECIES), spare, rows)
    np.testing.assert_allclose(gain, expected, rtol=1e-3, atol=1e-3)


def test_balancing_makes_rows_and_columns_sum_to_one():
    logits = np.random.default_rng(3).normal(size=(5, 5))
    balanced = _balanced(logits.copy(), 50)
    np.testing.assert_allclose(balanced.sum(0), 1, atol=1e-6)
    np.testing.assert_allclose(balanced.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(  # odds ratios stay
        balanced[0, 0] * balanced[1, 1] / balanced[0, 1] / balanced[1, 0],
        np.exp(logits[0, 0] + logits[1, 1] - logits[0, 1] - logits[1, 0]),
        rtol=1e-6,
    )


@pytest.mark.parametrize("ortholog_share", [0.0, 1.0])
def test_annealing_keeps_species_and_counts_the_growth_of_the_gain(ortholog_share):
    both = similarities(4)
    partner = shuffled(5)
    before = gain_of(both, partner)
    first = partner.copy()
    growth = annealed(both, partner, ortholog_share, temperature=20.0, number=500)
    assert (partner != first).any()
    np.testing.assert_allclose(growth, gain_of(both, partner) - before, rtol=1e-3, atol=1e-3)
    for block in SPECIES.slices:
        assert set(partner[block]) == set(range(block.start, block.stop))
    np.testing.assert_array_equal(partner[9:], [9, 10])


@pytest.mark.parametrize("seed", range(6))
def test_annealing_finds_the_best_pairing(seed):
    both = similarities(seed, features=3)
    best = max(
        gain_of(both, np.concatenate([*partners, [9, 10]]))
        for first in permutations(range(3))
        for second in permutations(range(3, 7))
        for partners in ((first, second, third) for third in permutations(range(7, 9)))
    )
    partner = mean_field(both, SPECIES, np.geomspace(30, 0.5, 40))
    for temperature in np.geomspace(20, 0.1, 20):
        annealed(both, partner, temperature=temperature, number=500)
    np.testing.assert_allclose(gain_of(both, partner), best, rtol=1e-5)


def test_a_large_species_has_no_fields_and_is_annealed_all_the_same():
    """Swaps in a large and in a small species, those of orthologs among them."""
    species = SpeciesRows.of_sizes(np.array([210, 20]))
    both = similarities(4, rows=235)
    partner = shuffled(5, species, 235)
    state = PairingState(partner, fields(both, species, partner))
    assert len(state.field) == 400
    shared = np.random.default_rng(6).random((230, 230)).astype(np.float32)
    own = find_orthologs(shared + shared.T, species)
    before = gain_of(both, partner)
    moves = Moves(5000, 20.0, 0.5, 1)
    growth = anneal(both, species, own, own, state, moves, np.zeros(1, bool))
    assert growth > 100
    np.testing.assert_allclose(growth, gain_of(both, partner) - before, rtol=1e-3)
    np.testing.assert_allclose(state.field, fields(both, species, partner), rtol=1e-3, atol=1e-2)
    np.testing.assert_array_equal(np.sort(partner[:210]), np.arange(210))


def test_annealing_ends_when_stop_is_set():
    both = similarities(8)
    partner = shuffled(9)
    assert annealed(both, partner, temperature=20.0, number=10**12, stop=True) == 0
    np.testing.assert_array_equal(partner, shuffled(9))


def test_a_mean_field_pairs_a_family_with_itself():
    species = SpeciesRows.of_sizes(np.full(10, 6))
    x = np.random.default_rng(8).normal(size=(60, 8)).astype(np.float32)
    order = shuffled(9, species, 60)
    both = Similarities(x @ x.T, (x @ x.T)[order][:, order])
    partner = mean_field(both, species, np.geomspace(300, 3, 60))
    assert (order[partner] == np.arange(60)).mean() > 0.9


def test_annealing_depends_on_its_seed_alone():
    both = similarities(10)
    first, same, other = shuffled(11), shuffled(11), shuffled(11)
    annealed(both, first, temperature=30.0, seed=1)
    annealed(both, same, temperature=30.0, seed=1)
    annealed(both, other, temperature=30.0, seed=2)
    assert (first == same).all() and (first != other).any()
