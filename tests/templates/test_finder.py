from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from known import K1, K2, changed, masked, reference_of, shuffled

from pepseq.readout.readout import Readout
from pepseq.templates.copying_model import NOT_ALIGNED
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.search_settings import (
    GLOBAL_ALIGNMENT,
    MAX_READ_LENGTH,
    RANKING,
    UNGAPPED_SCAN,
)
from pepseq.templates.substitution import encode


def finder(pairs, readout=K1, kind="protein", **errors):
    return TemplateFinder(reference_of(pairs), read_symbols(readout, **errors), kind)


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("proteins", "aligned", "scores", "bonuses", "spans")
    )


@pytest.fixture(scope="module")
def known(proteins):
    """Forty proteins with labels enough to be told apart."""
    return [p for p in proteins if sum(a in "KCYM" for a in p[1]) >= 12][:40]


@pytest.fixture(scope="module")
def find(known):
    return finder(known).find


def test_each_protein_is_its_own_first_template(find, known):
    for number, (_, protein) in enumerate(known):
        found = find(masked(protein))
        assert found.proteins[0] == number and found.spans[0].tolist() == [0, len(protein) - 1]
        assert np.array_equal(found.aligned[0], encode(protein))


def test_templates_are_few_ranked_and_aligned_in_order(find, known):
    reference = reference_of(known)
    for _, protein in known[:10]:
        found = find(masked(protein + protein[::-1]))
        assert (
            0 < len(found.proteins) <= RANKING.max_templates and (np.diff(found.scores) <= 0).all()
        )
        assert found.aligned.shape == (len(found.proteins), 2 * len(protein))
        for row, number, (first, last) in zip(
            found.aligned, found.proteins, found.spans, strict=True
        ):
            copied = row[row != NOT_ALIGNED].tobytes()
            template = reference.protein(number)[first : last + 1].tobytes()
            assert copied[:5] == template[:5] and copied[-5:] == template[-5:]
            assert len(copied) <= len(template)


@pytest.mark.parametrize("gap", [1, 7, 30])
def test_relatives_with_insertions_and_deletions_are_aligned(find, known, gap):
    for number, (_, protein) in enumerate(known[:7]):
        cut = len(protein) // 2
        for relative, shift in (
            (protein[:cut] + shuffled(protein)[:gap] + protein[cut:], gap),
            (protein[:cut] + protein[cut + gap :], -gap),
        ):
            found = find(masked(changed(relative, 0.02)))
            assert found.proteins[0] == number
            start, end = encode(protein[:20]), encode(protein[-20:])
            assert np.array_equal(found.aligned[0][:20], start), shift
            assert np.array_equal(found.aligned[0][-20:], end), shift


def test_both_halves_of_a_chimera_have_their_template(find, known):
    for one, other in ((2, 5), (9, 30), (14, 15)):
        first, second = known[one][1], known[other][1]
        found = find(masked(first[: len(first) // 2] + second[len(second) // 2 :]))
        assert {one, other} <= set(found.proteins.tolist())


@pytest.mark.parametrize(
    ("kind", "begin", "end"), [("prefix", 0, 30), ("fragment", 21, 61), ("fragment", 40, 200)]
)
def test_parts_of_proteins_are_found_where_they_lie(known, kind, begin, end):
    look = finder(known, K2, kind)
    for number, (_, protein) in enumerate(known):
        part = protein[begin:end]
        if len(part) < end - begin:
            continue
        found = look.find(masked(part, K2))
        assert (number, begin) in zip(found.proteins, found.spans[:, 0], strict=True)
        assert found.scores[0] >= found.scores[1:].max(initial=0)


def test_a_prefix_lies_nowhere_else(known):
    look = finder(known, kind="prefix")
    for _, protein in known[:10]:
        assert (look.find(masked(protein[13:43])).spans[:, 0] == 0).all()


def peptides(protein):
    """Every tryptic peptide, with up to all cleavages missed, as (begin, end)."""
    cuts = [0, len(protein)]
    cuts += [i for i in range(1, len(protein)) if protein[i - 1] in "KR" and protein[i] != "P"]
    return {(a, b) for a in cuts for b in cuts if a < b}


def test_tryptic_peptides_lie_between_cleavages(known):
    pairs = [*known[:5], ("kp", "MAAKPAARAAKKPR")]
    look = finder(pairs, kind="tryptic")
    offsets = look.reference.offsets
    for length in (1, 2, 9, 14, 25):
        expected = {
            int(offsets[p]) + a
            for p, (_, protein) in enumerate(pairs)
            for a, b in peptides(protein)
            if b - a == length
        }
        assert set(look.place_search.starts.of_length(length).tolist()) == expected
    for number, (_, protein) in enumerate(pairs[:5]):
        begin, end = next(p for p in sorted(peptides(protein)) if 25 <= p[1] - p[0] <= 60)
        found = look.find(masked(protein[begin:end]))
        assert (number, begin) in zip(found.proteins, found.spans[:, 0], strict=True)


@pytest.mark.parametrize("kind", ["protein", "prefix", "tryptic", "fragment"])
@pytest.mark.parametrize("length", [1, 2, 9, 10, 11, 12, 13, 60, 300])
def test_readouts_longer_than_every_reference_have_no_places(kind, length):
    found = finder([("a", "MKCYMKCYMK")], kind=kind).find(masked(("MKCYMKCYMK" * 30)[:length]))
    assert found.aligned.shape == (len(found.proteins), length)


def test_readouts_beyond_the_longest_have_no_templates(find, known):
    protein = known[0][1]
    assert len(find("X" * (MAX_READ_LENGTH + 1 - len(protein)) + masked(protein)).proteins) == 0
    assert find("X" * (MAX_READ_LENGTH - len(protein)) + masked(protein)).proteins[0] == 0


@pytest.mark.parametrize("readout", ["X", "K", "XXXXXX", "X" * 400, "KCYM"])
def test_next_to_nothing_observed(find, readout):
    found = find(readout)
    assert found.aligned.shape == (len(found.proteins), len(readout))


@pytest.mark.parametrize("labels", ["CY[DE]", "[DE][KR]", "[AILMV]CK"])
def test_groups_find_templates_too(known, labels):
    readout = Readout(labels)
    look = finder(known, readout)
    for number in (0, 11, 31):
        assert look.find(masked(known[number][1], readout)).proteins[0] == number


def test_unknown_residues_of_templates_align_with_anything(known):
    name, protein = known[3]
    half = protein[:40] + "X" * 20 + protein[60:]
    found = finder([*known[:3], (name, half)]).find(masked(protein))
    assert found.proteins[0] == 3 and (found.aligned[0][40:60] == 20).all()


def test_a_reference_of_unknown_residues_alone():
    assert len(finder([("a", "X" * 500)]).find("MXXK" * 50).proteins) == 0


def test_missed_and_misread_labels_still_find_the_template(known):
    look = finder(known, K2, missed_label=0.2, misread=0.1)
    draw = np.random.default_rng(3)
    for number, (_, protein) in enumerate(known[:15]):
        residues = [
            a if a == "X" or draw.random() > 0.3 else draw.choice([*"XXKCYMRHWST"])
            for a in masked(protein, K2)
        ]
        assert look.find("".join(residues)).proteins[0] == number


def test_several_threads_give_the_same(known):
    readouts = [masked(p[:length]) for _, p in known[:5] for length in range(20, 100)]
    look = finder(known)
    expected = [look.find(r) for r in readouts]
    fresh = finder(known)
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(pool.map(fresh.find, readouts), expected, strict=True):
            assert same(one, other)


def test_another_order_of_known_proteins_finds_the_same(find, known):
    turned = finder(known[::-1]).find
    for _, protein in known[:10]:
        one, other = find(masked(protein)), turned(masked(protein))
        assert one.proteins[0] == len(known) - 1 - other.proteins[0]
        assert one.scores[0] == other.scores[0]
        assert np.array_equal(one.aligned[0], other.aligned[0])


def far_relative(protein, seed, share=0.5):
    """A protein with so many residues changed and a residue gained or lost at every fortieth."""
    rng = np.random.default_rng(seed)
    letters = [
        "ACDEFGHIKLMNPQRSTVWY"[rng.integers(20)] if rng.random() < share else a for a in protein
    ]
    for at in range(len(letters) - 20, 20, -40):
        letters[at : at + 1] = [] if rng.random() < 0.5 else [letters[at], "A"]
    return "".join(letters)


def test_a_thorough_search_finds_relatives_that_share_no_seeds(proteins):
    known = [p for p in proteins if 250 <= len(p[1]) <= 450][:24]
    look = finder(known, K2)
    first = {False: 0, True: 0}
    for number, (_, protein) in enumerate(known):
        readout = masked(far_relative(protein, number), K2)
        for thorough in first:
            found = look.find(readout, thorough)
            assert (np.diff(found.scores) <= 0).all() and len(
                found.proteins
            ) <= 2 * RANKING.max_templates
            spans = found.spans[found.proteins == number]
            whole = (spans[:, 0] == 0) & (spans[:, 1] == len(protein) - 1)
            first[thorough] += bool(whole.any())
    assert first[True] >= 0.85 * len(known) and first[True] >= first[False] + len(known) // 4


def test_a_thorough_search_after_the_usual_one_finds_the_same_as_alone(known, monkeypatch):
    reads = [masked(protein[:90]) for _, protein in known[:4]]
    look, alone = finder(known), finder(known)
    for read, other in zip(reads, reads[::-1], strict=True):
        look.find(read)
        with monkeypatch.context() as patch:
            patch.setattr(look, "_find_usual", None)
            found = look.find(read, thorough=True)
        assert same(found, alone.find(read, thorough=True))
        assert same(look.find(other, thorough=True), alone.find(other, thorough=True))


def test_of_too_many_proteins_those_around_it_in_length_are_aligned(known, monkeypatch):
    few = replace(GLOBAL_ALIGNMENT, max_proteins=3)
    monkeypatch.setattr("pepseq.templates.searches.GLOBAL_ALIGNMENT", few)
    look = finder(known)
    rank = np.argsort(np.argsort([len(protein) for _, protein in known], kind="stable"))
    for number, (_, protein) in enumerate(known):
        found = look.whole_search.align(look.score(masked(protein))).proteins
        assert number in found and len(found) <= 3
        assert (np.abs(rank[found] - rank[number]) <= 3).all()


@pytest.mark.parametrize("kind", ["protein", "prefix", "tryptic"])
def test_places_compared_in_parts_give_the_same_fits(known, kind, monkeypatch):
    look = finder([*known, *known[:9]], kind=kind)
    for _, protein in known[:8]:
        read = look.score(masked(protein[:25] if kind == "prefix" else protein[:9]))
        expected = look.place_search.align(read)
        for parts in (1, 7):
            with monkeypatch.context() as patch:
                patch.setattr("pepseq.templates.searches._STARTS_AT_ONCE", parts)
                patch.setattr("pepseq.templates.searches._STARTS_PER_FIT", 0)
                found = look.place_search.align(read)
        assert all(map(np.array_equal, found, expected)) and len(found.scores) > 20


def test_of_too_many_proteins_short_ones_are_compared_with_those_nearest_in_length(
    known, monkeypatch
):
    few = replace(UNGAPPED_SCAN, max_proteins=2)
    monkeypatch.setattr("pepseq.templates.read_starts.UNGAPPED_SCAN", few)
    look = finder(known)
    lengths = np.diff(look.reference.offsets)
    for number, (_, protein) in enumerate(known):
        found = look.place_search.align(look.score(masked(protein))).proteins
        assert number in found and (lengths[found] >= len(protein)).all()
        assert len(set(found.tolist())) <= 2
    assert look.count_places(50) == len(look.reference.residues)


def test_ends_that_nearly_coincide_are_worth_something(find, known):
    _, protein = known[3]
    worth = [
        find("X" * jutting + masked(protein)).bonuses[0] - find(masked(protein)).bonuses[0]
        for jutting in (0, 1, 4, 100)
    ]
    assert worth == [0.0, -3.0, -5.0, -8.0]
