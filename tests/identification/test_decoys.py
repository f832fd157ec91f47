import numpy as np
import pytest

from pepseq.identification.decoys import q_values
from pepseq.templates.decoys import decoys_of
from pepseq.templates.reference_files import open_reference


@pytest.fixture
def reversed_proteins(fasta):
    def proteins(kind, **records):
        letters = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWYX", np.uint8)
        decoys = decoys_of(open_reference([fasta("p.fa", records.items())]), kind)
        return [letters[decoys.protein(p)].tobytes().decode() for p in range(len(decoys))]

    return proteins


def test_decoys_are_the_proteins_reversed(reversed_proteins):
    assert reversed_proteins("fragment", a="MAKCDE", b="GGW") == ["EDCKAM", "WGG"]


@pytest.mark.parametrize("kind", ["protein", "prefix"])
def test_decoys_begin_as_proteins_do(reversed_proteins, kind):
    assert reversed_proteins(kind, a="MAKCDE", b="GGW", c="A") == ["MEDCKA", "GWG", "A"]


def test_tryptic_decoys_keep_the_ends_of_peptides(reversed_proteins):
    assert reversed_proteins("tryptic", a="MAKCDERGHI", b="KR") == ["AMKEDCRIHG", "KR"]


def test_q_values_are_the_share_of_decoys_among_what_is_accepted():
    leads, decoys = [9.0, 8, 7, 1, 3, 0], [1.0, 1, 1, 5, 1, 0]
    # accepted down to 7: three targets, no decoy; at 5 a decoy wins; down to 3: four targets
    assert q_values(leads, decoys).tolist() == [1 / 3, 1 / 3, 1 / 3, 1, 2 / 4, 1]


def test_random_leads_are_not_accepted():
    leads, decoys = np.random.default_rng(1).normal(size=(2, 500))
    assert (q_values(leads, decoys) <= 0.05).sum() <= 25


def test_equal_leads_have_equal_q_values_in_any_order():
    leads, decoys = [9.0, 5.0, 5.0, 0.0, 5.0 + 1e-12], [0.0, 0.0, 0.0, 5.0, 0.0]
    values = q_values(leads, decoys)
    assert values.tolist() == [0.5, 0.5, 0.5, 1, 0.5]
    turned = q_values(leads[::-1], decoys[::-1])
    assert turned[::-1].tolist() == values.tolist()
