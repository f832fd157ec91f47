"""Pairing at random: all pairings are equally likely."""

import numpy as np
import pytest

from pepseq import PairConfig
from pepseq.pairing.method_choice import pair_at_random
from pepseq.pairing.method_interface import Families, Species

ROWS_A, ROWS_B = np.arange(3), np.arange(4)
FAMILIES = Families(
    np.zeros((3, 3), np.uint8),
    np.zeros((4, 2), np.uint8),
    (Species("x", ROWS_A, ROWS_B, np.array([[1, 2]])),),
)


def paired(seed):
    return pair_at_random(FAMILIES, PairConfig(method="random", runs=4000, seed=seed))


def test_all_pairings_are_equally_likely_and_known_pairs_are_kept():
    (frequencies,) = paired(1).frequencies
    assert frequencies[1, 2] == 1 and frequencies[1].sum() == 1 and frequencies[:, 2].sum() == 1
    free = frequencies[np.ix_([0, 2], [0, 1, 3])]
    assert free.sum(1) == pytest.approx([1, 1]) and np.abs(free - 1 / 3).max() < 0.04


def test_random_pairing_depends_on_its_seed_alone_and_has_no_losses():
    first, same, other = paired(1), paired(1), paired(2)
    assert (first.frequencies[0] == same.frequencies[0]).all()
    assert (first.frequencies[0] != other.frequencies[0]).any()
    assert first.losses.shape == (4000, 0)
