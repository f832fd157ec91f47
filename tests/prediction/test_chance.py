"""The probability of a whole read by chance, from what precedes each of its residues."""

from itertools import product

import numpy as np
import pytest
from known import masked, shuffled

from pepseq.prediction.chance import chance_odds
from pepseq.readout.readout import Readout
from pepseq.templates.read_symbols import read_symbols

BACKGROUND = np.array([0.06, 0.02, 0.03, 0.03, 0.86])


def bits(labels, background=BACKGROUND):
    return np.log2(chance_odds(np.eye(len(background))[labels], background)).sum()


def test_probabilities_of_all_reads_sum_to_one():
    background = np.array([0.2, 0.3, 0.5])
    total = 0.0
    for labels in product(range(3), repeat=7):
        odds = chance_odds(np.eye(3)[list(labels)], background)
        total += (background[list(labels)] * odds).prod()
    assert total == pytest.approx(1)


def test_usual_proteins_are_no_likelier_by_it(proteins):
    symbols = read_symbols(Readout("KCYM"))
    found = [bits(symbols.encode(masked(shuffled(p)))) for _, p in proteins[:60]]
    assert np.median(found) < 5


def test_few_labels_and_repeats_are_expected_after_some():
    rare = np.full(300, 4)
    rare[::60] = 0
    assert bits(rare) > 25
    repeats = np.tile([4, 4, 0, 4, 4, 4, 2], 20)
    assert bits(repeats) > bits(np.random.default_rng(1).permutation(repeats)) + 50


def test_a_repeat_is_found_anywhere_in_a_read():
    random = np.random.default_rng(2).choice(5, 400, p=BACKGROUND)
    with_repeat = random.copy()
    with_repeat[200:284] = np.tile([0, 4, 4, 4, 4, 4, 4], 12)
    odds = np.log2(chance_odds(np.eye(5)[with_repeat], BACKGROUND))
    assert odds[200 + 28 : 284].sum() > 15


def test_the_scale_of_a_residue_does_not_matter_and_what_says_nothing_is_even():
    rng = np.random.default_rng(3)
    likelihoods = rng.random((50, 5))
    likelihoods[20] = 1
    scaled = likelihoods * rng.uniform(0.1, 9, (50, 1))
    odds = chance_odds(likelihoods, BACKGROUND)
    assert chance_odds(scaled, BACKGROUND) == pytest.approx(odds)
    assert odds[20] == pytest.approx(1)
    likelihoods[30] = 0
    assert chance_odds(likelihoods, BACKGROUND)[30] == 1
