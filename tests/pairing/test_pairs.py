"""From frequencies to pairs, and the files that pairs are written to."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pepseq.pairing.families import (
    SURPLUS_PARALOG,
    FamilyCounts,
    GroupedFamilies,
    UnpairedProtein,
)
from pepseq.pairing.method_interface import Families, MethodResult, Species
from pepseq.pairing.pairs import (
    best_pairs,
    format_pairs,
    format_unpaired,
    unpaired_proteins,
    with_protein_ids,
)


def one_species(size_a, size_b, known=(), codes_a=None, codes_b=None):
    a = np.zeros((size_a, 3), np.uint8) if codes_a is None else codes_a
    b = np.zeros((size_b, 2), np.uint8) if codes_b is None else codes_b
    pairs = np.array(known, np.int64).reshape(-1, 2)
    return Families(a, b, (Species("x", np.arange(size_a), np.arange(size_b), pairs),))


def grouped(families):
    names = [
        tuple(f"{f}{n}" for n in range(len(c)))
        for f, c in zip("ab", (families.codes_a, families.codes_b), strict=True)
    ]
    return GroupedFamilies(families, *names, (), FamilyCounts(*[0] * 9))


@st.composite
def problems(draw):
    sizes = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    known = draw(st.integers(0, min(sizes)))
    order = [draw(st.permutations(range(n))) for n in sizes]
    pairs = list(zip(order[0][:known], order[1][:known], strict=True))
    grid = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    return one_species(*sizes, pairs), draw(hnp.arrays(float, sizes, elements=grid)), pairs


@given(problems(), st.integers(0, 5))
def test_the_best_pairs_are_one_to_one_and_have_the_known_pairs(problem, seed):
    families, frequencies, known = problem
    pairs = best_pairs(families, MethodResult((frequencies,), np.zeros((1, 0))), seed)
    made = {(p.row_a, p.row_b) for p in pairs}
    assert len(made) == len({a for a, _ in made}) == len({b for _, b in made})
    assert len(made) == min(frequencies.shape) and made >= set(known)
    assert {(p.row_a, p.row_b) for p in pairs if p.known} == set(known)
    assert [p.confidence for p in pairs] == sorted((p.confidence for p in pairs), reverse=True)
    for p in pairs:
        assert p.confidence == (1 if p.known else frequencies[p.row_a, p.row_b])


@given(problems(), st.integers(0, 5))
def test_the_best_pairs_have_the_greatest_total_frequency(problem, seed):
    families, frequencies, known = problem
    pairs = best_pairs(families, MethodResult((frequencies,), np.zeros((1, 0))), seed)
    free_a = sorted(set(range(frequencies.shape[0])) - {a for a, _ in known})
    free_b = sorted(set(range(frequencies.shape[1])) - {b for _, b in known})
    size = min(len(free_a), len(free_b))
    best = max(
        sum(frequencies[a, b] for a, b in zip(chosen_a, chosen_b, strict=True))
        for chosen_a in itertools.combinations(free_a, size)
        for chosen_b in itertools.permutations(free_b, size)
    )
    made = {(p.row_a, p.row_b) for p in pairs}
    assert sum(frequencies[a, b] for a, b in made - set(known)) == pytest.approx(best)


def test_ties_depend_on_the_seed_and_not_on_the_order():
    families = one_species(4, 4)
    flat = MethodResult((np.full((4, 4), 0.25),), np.zeros((1, 0)))
    made = {
        tuple(sorted((p.row_a, p.row_b) for p in best_pairs(families, flat, s))) for s in range(200)
    }
    assert len(made) == 24


def small():
    a = np.array([[0, 20, 1], [2, 21, 3]], np.uint8)
    b = np.array([[4, 5], [20, 7], [8, 9]], np.uint8)
    families = one_species(2, 3, [(1, 2)], a, b)
    frequencies = np.array([[0.75, 0.25, 0], [0, 0, 1]])
    result = MethodResult((frequencies,), np.zeros((1, 0)))
    them = grouped(families)
    return them, with_protein_ids(best_pairs(families, result, 1), them)


def test_the_table_of_pairs():
    _, pairs = small()
    assert format_pairs(pairs).decode() == (
        "species\tprotein_a\tprotein_b\tconfidence\trank\tknown\n"
        "x\ta1\tb2\t1.0000\t1\tyes\nx\ta0\tb0\t0.7500\t2\tno\n"
    )


def test_the_table_of_unpaired_proteins():
    unpaired = unpaired_proteins(*small())
    assert unpaired == [UnpairedProtein("B", "x", "b1", SURPLUS_PARALOG)]
    assert format_unpaired(unpaired).decode() == (
        f"family\tspecies\tprotein\treason\nB\tx\tb1\t{SURPLUS_PARALOG}\n"
    )
