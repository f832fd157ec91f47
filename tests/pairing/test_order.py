import pytest

from pepseq.errors import SettingsError
from pepseq.pairing.config import PairConfig
from pepseq.pairing.pair_alignments import pair_alignments

A = {"a1 [x]": "MKTAY", "a2 [x]": "MKTWW", "a3 [x]": "MWWWW", "q [y]": "MKTAY", "r [y]": "-----"}
B = {"b1 [x]": "LVWWW", "b2 [x]": "LVRCE", "p [y]": "LVRCE", "s [y]": "LLLLL"}
CONFIG = PairConfig(method="order", species="bracket")


@pytest.mark.parametrize("turned", [False, True])
def test_paralogs_are_paired_by_their_rank_of_identity_to_the_known_pair(turned):
    a, b = ([*family.items()][:: -1 if turned else 1] for family in (A, B))
    pairing = pair_alignments(a, b, known=[("q", "p")], config=CONFIG)
    pairs = {(pair.protein_a, pair.protein_b) for pair in pairing.pairs}
    assert pairs == {("q", "p"), ("a1", "b2"), ("a2", "b1"), ("r", "s")}
    assert {pair.confidence for pair in pairing.pairs} == {1.0}
    assert [one.protein for one in pairing.unpaired] == ["a3"]


def test_without_a_known_pair_there_is_no_order():
    with pytest.raises(SettingsError, match="Give the pair of the query with --known"):
        pair_alignments(A, B, config=CONFIG)
