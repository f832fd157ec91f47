import itertools
import re

import numpy as np
import pytest

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.errors import SettingsError
from pepseq.sequences.residues import AMINO_ACIDS

LETTERS = AMINO_ACIDS + "X"


def encode(*proteins):
    codes = np.array([LETTERS.index(a) for a in "".join(proteins)], np.uint8)
    return codes, np.cumsum([0, *map(len, proteins)])


def texts(peptides, residues):
    return ["".join(LETTERS[c] for c in residues[b:e]) for b, e in spans(peptides)]


def spans(peptides):
    return list(zip(peptides.begin.tolist(), peptides.end.tolist(), strict=True))


def weights_by_brute_force(protein, max_missed, rate):
    """Sum over which sites are missed."""
    sites = [m.end() for m in re.finditer("[KR](?=[^P])", protein)]
    weights = {}
    for cut in itertools.product([True, False], repeat=len(sites)):
        p = np.prod([1 - rate if c else rate for c in cut])
        ends = [0, *(s for s, c in zip(sites, cut, strict=True) if c), len(protein)]
        for begin, end in itertools.pairwise(ends):
            if sum(begin < s < end for s in sites) <= max_missed:
                weights[begin, end] = weights.get((begin, end), 0) + p
    return weights


def test_peptides_of_trypsin():
    residues, offsets = encode("MAGKPCKLLR", "KR", "A", "XXKX")
    peptides = digest(residues, offsets)
    assert texts(peptides, residues) == ["MAGKPCK", "LLR", "K", "R", "A", "XXK", "X"]
    assert peptides.protein.tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert peptides.weight.tolist() == [1.0] * 7 and not peptides.missed.any()


def test_peptides_are_those_of_a_regular_expression():
    generator = np.random.default_rng(1)
    proteins = ["".join(generator.choice(list(LETTERS), n)) for n in generator.integers(1, 300, 50)]
    residues, offsets = encode(*proteins)
    expected = [p for s in proteins for p in re.split(r"(?<=[KR])(?!P|$)", s)]
    assert texts(digest(residues, offsets), residues) == expected


def test_unknown_residues_are_cleaved_as_the_rule_says():
    residues, offsets = encode("XKXDXX")
    for rule, peptides in (("[K]|{P}", "XK XDXX"), ("[X]|[D]", "XKX DXX"), ("[XA]|{X}", "XKXDXX")):
        found = texts(digest(residues, offsets, DigestConfig(protease=rule)), residues)
        assert found == peptides.split(), rule


@pytest.mark.parametrize("max_missed", [1, 2, 5])
def test_weights_are_expected_numbers_of_peptides(max_missed):
    protein = "MAKCKPLRLRAKK"
    residues, offsets = encode("AKA", protein)
    config = DigestConfig(missed_cleavages=max_missed, missed_cleavage_rate=0.3)
    peptides = digest(residues, offsets, config)
    own = peptides.protein == 1
    begins, ends = peptides.begin[own] - 3, peptides.end[own] - 3
    own_spans = zip(begins.tolist(), ends.tolist(), strict=True)
    weights = dict(zip(own_spans, peptides.weight[own].tolist(), strict=True))
    assert weights == pytest.approx(weights_by_brute_force(protein, max_missed, 0.3))
    sites = [2, 4, 9, 11]
    assert peptides.missed.max() == min(max_missed, len(sites))


def test_lengths_outside_the_limits_are_lost():
    residues, offsets = encode("AAKCCCKDR")
    assert texts(digest(residues, offsets, DigestConfig(min_length=3)), residues) == ["AAK", "CCCK"]
    assert texts(digest(residues, offsets, DigestConfig(max_length=3)), residues) == ["AAK", "DR"]
    config = DigestConfig(min_length=5, max_length=7, missed_cleavages=1)
    assert texts(digest(residues, offsets, config), residues) == ["AAKCCCK", "CCCKDR"]


def test_a_rate_of_0_misses_nothing():
    residues, offsets = encode("AAKCCCKDR")
    config = DigestConfig(missed_cleavages=2, missed_cleavage_rate=0.0)
    assert len(digest(residues, offsets, config)) == 3


def test_no_proteins_give_no_peptides():
    assert len(digest(np.zeros(0, np.uint8), np.zeros(1, np.int64))) == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"protease": "tripsin"}, "protease: expected trypsin"),
        ({"missed_cleavages": -1}, "missed_cleavages: expected 0 or more"),
        ({"missed_cleavage_rate": 1}, "missed_cleavage_rate: expected 0 or more and below 1"),
        ({"min_length": 0}, "min_length: expected 1 or more"),
        ({"min_length": 5, "max_length": 4}, "max_length: expected min_length"),
        ({"max_length": 2.5}, "max_length: expected a whole number"),
    ],
)
def test_faulty_settings_are_named(settings, words):
    with pytest.raises(SettingsError, match=f"^{words}"):
        DigestConfig(**settings)
