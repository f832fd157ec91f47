"""Pairing without weights: planted pairs, and changes that must not matter."""

from dataclasses import replace

import numpy as np
import pytest
from planted import planted

from pepseq.pairing import information
from pepseq.pairing.config import PairConfig
from pepseq.pairing.information import SEARCH, pair_by_information, pair_by_mirrortree
from pepseq.pairing.pairs import best_pairs

CONFIG = PairConfig(method="information", runs=4)


@pytest.fixture(scope="module")
def made():
    return planted(3, lost=0)


def accuracy(families, true, chosen):
    found = {(pair.row_a, pair.row_b) for pair in best_pairs(families, chosen, 1)}
    pairs = [
        (species.rows_a[a], species.rows_b[b])
        for species, some in zip(families.species, true, strict=True)
        for a, b in some
    ]
    return np.mean([pair in found for pair in pairs])


@pytest.mark.parametrize("method", [pair_by_information, pair_by_mirrortree])
def test_planted_pairs_are_found(made, method):
    chosen = method(made.families, CONFIG)
    assert max(frequency.max() for frequency in chosen.frequencies) == 1
    chance = len(made.families.species) / len(made.families.codes_a)
    assert accuracy(made.families, made.true, chosen) > 0.7 > 2 * chance
    assert chosen.losses.shape == (4, SEARCH.anneal_steps + 1)
    assert (chosen.losses < 0).all()
    assert (chosen.losses[:, -1] < chosen.losses.max(axis=1)).all()


def test_pairs_that_do_not_coevolve_are_not_found():
    made = planted(4, fidelity=0, within=2.0, between=1.0, lost=0)
    assert accuracy(made.families, made.true, pair_by_information(made.families, CONFIG)) < 0.5


def test_surplus_proteins_stay_alone():
    made = planted(5, lost=0.5)
    sizes = {(len(s.rows_a), len(s.rows_b)) for s in made.families.species}
    assert any(a > b for a, b in sizes) and any(a < b for a, b in sizes)
    chosen = pair_by_information(made.families, CONFIG)
    assert accuracy(made.families, made.true, chosen) > 0.5
    for species, frequency in zip(made.families.species, chosen.frequencies, strict=True):
        assert frequency.shape == (len(species.rows_a), len(species.rows_b))
        np.testing.assert_allclose(frequency.sum(), min(frequency.shape))
        assert frequency.sum(0).max() < 1 + 1e-9 and frequency.sum(1).max() < 1 + 1e-9


def test_order_names_and_threads_change_nothing(made):
    families = made.families
    first = pair_by_information(families, replace(CONFIG, threads=1))
    random = np.random.default_rng(1)
    order = random.permutation(len(families.codes_b))
    places = np.argsort(order)
    moved = replace(
        families,
        codes_b=families.codes_b[order],
        species=tuple(
            replace(species, name=f"new {number}", rows_b=places[species.rows_b])
            for number, species in reversed(list(enumerate(families.species)))
        ),
    )
    again = pair_by_information(moved, replace(CONFIG, threads=2))
    np.testing.assert_array_equal(first.losses, again.losses)
    for frequency, same in zip(first.frequencies, reversed(again.frequencies), strict=True):
        np.testing.assert_allclose(frequency, same, atol=1e-12)


def test_runs_and_seeds_differ(made):
    first, other = (pair_by_information(made.families, replace(CONFIG, seed=s)) for s in (1, 2))
    assert len({*first.losses[:, -1], *other.losses[:, -1]}) == 8


@pytest.mark.slow
def test_known_pairs_help_the_others():
    blind, helped = [], []
    for seed in (3, 4, 5):
        made = planted(seed, coupled=8, lost=0)
        species = tuple(
            replace(own, known=true) if number % 2 else own
            for number, (own, true) in enumerate(zip(made.families.species, made.true, strict=True))
        )
        rest = [true if number % 2 == 0 else true[:0] for number, true in enumerate(made.true)]
        known = replace(made.families, species=species)
        first, second = (pair_by_information(f, CONFIG) for f in (made.families, known))
        for own, frequency in zip(species[1::2], second.frequencies[1::2], strict=True):
            assert (frequency[own.known[:, 0], own.known[:, 1]] == 1).all()
        blind.append(accuracy(made.families, rest, first))
        helped.append(accuracy(made.families, rest, second))
    assert np.mean(helped) > np.mean(blind)


def test_deep_families_are_paired_in_parts(made, monkeypatch):
    seen = []
    whole = information.mean_field

    def noted(similarities, *rest):
        seen.append(len(similarities.a))
        return whole(similarities, *rest)

    monkeypatch.setattr(information, "mean_field", noted)
    chosen = pair_by_information(made.families, replace(CONFIG, max_depth=40))
    assert max(seen) <= 40 and len(seen) > 4
    assert accuracy(made.families, made.true, chosen) > 0.5


def test_species_with_one_pair_have_no_losses():
    made = planted(6, species=3, sizes=(1, 1), lost=0)
    chosen = pair_by_information(made.families, CONFIG)
    assert all((frequency == 1).all() for frequency in chosen.frequencies)
    assert chosen.losses.shape == (4, 0)


def test_equal_proteins_share_their_frequency(made):
    species = made.families.species[0]
    a = made.families.codes_a.copy()
    a[species.rows_a[:2]] = a[species.rows_a[0]]
    chosen = pair_by_information(replace(made.families, codes_a=a), CONFIG)
    np.testing.assert_allclose(chosen.frequencies[0][0], chosen.frequencies[0][1])


def test_families_without_any_difference_are_paired_all_the_same(made):
    same = replace(made.families, codes_a=np.zeros_like(made.families.codes_a))
    chosen = pair_by_information(same, CONFIG)
    for frequency in chosen.frequencies:
        np.testing.assert_allclose(frequency.sum(), min(frequency.shape))
