"""From frequencies to pairs, and the files that pairs are written to."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pepseq.pairing.families import LEFT_OVER, Grouped, Unpaired
from pepseq.pairing.figures import draw_pairing
from pepseq.pairing.method_interface import Chosen, Families, Species
from pepseq.pairing.pairs import (
    final_pairs,
    format_pairs,
    format_unpaired,
    left_over,
    paired_a3m,
    paired_fasta,
)
from pepseq.pairing.random_pairing import pair_by_chance


def one_species(size_a, size_b, known=(), codes_a=None, codes_b=None):
    a = np.zeros((size_a, 3), np.uint8) if codes_a is None else codes_a
    b = np.zeros((size_b, 2), np.uint8) if codes_b is None else codes_b
    pairs = np.array(known, np.int64).reshape(-1, 2)
    return Families(a, b, (Species("x", np.arange(size_a), np.arange(size_b), pairs),))


def grouped(families):
    names = [
        tuple(f"{f}{n}" for n in range(len(c)))
        for f, c in zip("ab", (families.a, families.b), strict=True)
    ]
    return Grouped(families, *names, (), {})


@st.composite
def problems(draw):
    sizes = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    known = draw(st.integers(0, min(sizes)))
    order = [draw(st.permutations(range(n))) for n in sizes]
    pairs = list(zip(order[0][:known], order[1][:known], strict=True))
    grid = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    return one_species(*sizes, pairs), draw(hnp.arrays(float, sizes, elements=grid)), pairs


@given(problems(), st.integers(0, 5))
def test_the_final_pairing_is_the_best_one_to_one_pairing_with_the_known_pairs(problem, seed):
    families, frequencies, known = problem
    pairs = final_pairs(families, Chosen((frequencies,), np.zeros((1, 0))), seed)
    made = {(p.a, p.b) for p in pairs}
    size_a, size_b = frequencies.shape
    assert len(made) == len({a for a, _ in made}) == len({b for _, b in made})
    assert len(made) == min(size_a, size_b) and made >= set(known)
    assert {(p.a, p.b) for p in pairs if p.known} == set(known)
    assert [p.confidence for p in pairs] == sorted((p.confidence for p in pairs), reverse=True)
    for p in pairs:
        assert p.confidence == (1 if p.known else frequencies[p.a, p.b])
    free_a = sorted(set(range(size_a)) - {a for a, _ in known})
    free_b = sorted(set(range(size_b)) - {b for _, b in known})
    n = min(len(free_a), len(free_b))
    best = max(
        sum(frequencies[a, b] for a, b in zip(some_a, some_b, strict=True))
        for some_a in itertools.combinations(free_a, n)
        for some_b in itertools.permutations(free_b, n)
    )
    assert sum(frequencies[a, b] for a, b in made - set(known)) == pytest.approx(best)


def test_ties_depend_on_the_seed_and_not_on_the_order():
    families = one_species(4, 4)
    flat = Chosen((np.full((4, 4), 0.25),), np.zeros((1, 0)))
    made = {tuple(sorted((p.a, p.b) for p in final_pairs(families, flat, s))) for s in range(200)}
    assert len(made) == 24


def test_chance_chooses_all_pairings_alike_and_keeps_known_pairs():
    (frequencies,) = pair_by_chance(one_species(3, 4, [(1, 2)]), 4000, 1).frequencies
    assert frequencies[1, 2] == 1 and frequencies[1].sum() == 1 and frequencies[:, 2].sum() == 1
    free = frequencies[np.ix_([0, 2], [0, 1, 3])]
    assert free.sum(1) == pytest.approx([1, 1]) and np.abs(free - 1 / 3).max() < 0.04
    again = pair_by_chance(one_species(3, 4, [(1, 2)]), 4000, 1)
    assert (again.frequencies[0] == frequencies).all() and again.losses.shape == (4000, 0)
    other = pair_by_chance(one_species(3, 4, [(1, 2)]), 4000, 2)
    assert (other.frequencies[0] != frequencies).any()


def small():
    a = np.array([[0, 20, 1], [2, 21, 3]], np.uint8)
    b = np.array([[4, 5], [20, 7], [8, 9]], np.uint8)
    families = one_species(2, 3, [(1, 2)], a, b)
    frequencies = np.array([[0.75, 0.25, 0], [0, 0, 1]])
    return grouped(families), final_pairs(families, Chosen((frequencies,), np.zeros((1, 0))), 1)


def test_tables():
    them, pairs = small()
    assert format_pairs(them, pairs).decode() == (
        "species\tprotein_a\tprotein_b\tconfidence\trank\tknown\n"
        "x\ta1\tb2\t1.0000\t1\tyes\nx\ta0\tb0\t0.7500\t2\tno\n"
    )
    left = left_over(them, pairs)
    assert left == [Unpaired("B", "x", "b1", LEFT_OVER)]
    assert format_unpaired(left).decode() == (
        f"family\tspecies\tprotein\treason\nB\tx\tb1\t{LEFT_OVER}\n"
    )


def test_paired_alignments():
    them, pairs = small()
    assert b"".join(paired_fasta(them, pairs)).decode() == (
        ">a1+b2 species=x confidence=1.0000\nDXEKL\n>a0+b0 species=x confidence=0.7500\nA-CFG\n"
    )
    # the query is the pair of a0, which has a gap in the second column
    assert b"".join(paired_a3m(them, pairs, pairs[1])).decode() == (
        "#2,2\t1,1\n>101\t102\nACFG\n>a1\tb2\nDEKL\n>101\nAC--\n>102\n--FG\n"
    )
    assert b"".join(paired_a3m(them, pairs, pairs[0])).startswith(b"#3,2\t1,1\n>101\t102\nDXEKL\n")


@pytest.mark.parametrize(
    ("form", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_the_figure_is_of_its_format_and_the_same_each_time(form, start, steps):
    _, pairs = small()
    rounds = (2,) if steps > 2 else ()
    chosen = Chosen((), np.random.default_rng(1).random((3, steps)), rounds)
    picture = draw_pairing(chosen, pairs, form)
    assert picture.startswith(start) and picture == draw_pairing(chosen, pairs, form)
    if form == "svg":
        assert (b"Step" in picture) == (steps > 0)
        assert (b"Next round" in picture) == bool(rounds)


def test_the_figure_shows_every_run_and_not_the_mean_alone():
    import matplotlib.image

    _, pairs = small()
    runs = np.ones((3, 5)), np.array([np.ones(5), np.arange(5.0) - 1, 3 - np.arange(5.0)])
    flat, crossed = (
        matplotlib.image.imread(io.BytesIO(draw_pairing(Chosen((), losses), pairs, "png")))
        for losses in runs
    )
    assert flat.shape != crossed.shape or (flat != crossed).any()
