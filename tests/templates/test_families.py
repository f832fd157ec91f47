"""Which templates count as relatives, and what they say of changed residues."""

import numpy as np

from pepseq.templates.copying_model import NOT_ALIGNED
from pepseq.templates.families import FAMILIES, changed_residues, relative_weights
from pepseq.templates.substitution import exchanges

RNG = np.random.default_rng(3)
ANCESTOR = RNG.integers(0, 20, 400).astype(np.uint8)
OTHER = exchanges(np.full(20, 0.05), 1.0)


def relative(share):
    """A row in which so large a share of residues is drawn again."""
    is_drawn = RNG.random(len(ANCESTOR)) < share
    return np.where(is_drawn, RNG.integers(0, 20, len(ANCESTOR)), ANCESTOR).astype(np.uint8)


def test_relatives_are_told_from_chance_fits_and_near_copies_share_a_vote():
    first, distant, chance = relative(0), relative(0.5), relative(1)
    copies = [relative(0.05) for _ in range(3)]
    weights = relative_weights(np.arange(6), np.stack([first, distant, chance, *copies]))
    assert weights[1, 0] == 1 / 4 and weights[0, 1] == 1
    assert not weights[2].any() and not weights[:, 2].any()
    assert np.isclose(weights[1].sum(), 1)


def test_few_shared_residues_and_another_alignment_of_a_protein_do_not_count():
    rows = np.stack([ANCESTOR, ANCESTOR, ANCESTOR])
    rows[2, FAMILIES.min_residues - 1 :] = NOT_ALIGNED
    assert not relative_weights(np.array([4, 4, 5]), rows).any()
    rows[2, FAMILIES.min_residues - 1] = ANCESTOR[FAMILIES.min_residues - 1]
    assert (relative_weights(np.array([4, 4, 5]), rows)[:2, 2] > 0).all()


def test_changed_residues_are_exchanges_without_relatives_and_the_family_s_with_them():
    rows = np.array([[0, 0, 20, NOT_ALIGNED], [0, 3, 3, 3], [0, 3, 3, NOT_ALIGNED]], np.uint8)
    alone = changed_residues(rows, np.zeros((3, 3)), OTHER)
    assert np.allclose(alone[0], OTHER[[0, 0, 20, 20]])
    weights = np.array([[0, 1, 1], [0, 0, 0], [0, 0, 0]], float)
    of_first = changed_residues(rows, weights, OTHER)[0]
    assert np.allclose(of_first.sum(1), 1)
    pseudo = FAMILIES.pseudocount
    assert np.isclose(of_first[0, 0], 2 / (2 + pseudo))
    assert np.isclose(of_first[1, 3], (2 + pseudo * OTHER[0, 3]) / (2 + pseudo))
    assert np.isclose(of_first[3, 3], (1 + pseudo * OTHER[20, 3]) / (1 + pseudo))
