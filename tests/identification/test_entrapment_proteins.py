"""Entrapment proteins are digested like the proteins of which they are shuffled copies."""

import re
from itertools import pairwise

import numpy as np
import pytest

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.digestion.proteases import Protease
from pepseq.errors import InputError
from pepseq.identification.entrapment_proteins import add_entrapment, shuffle_each
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.reference_files import open_reference


def random_proteins(number=20, length=150):
    random = np.random.default_rng(5)
    letters = list(AMINO_ACIDS + "KRPDEX")
    return {f"p{n}": "M" + "".join(random.choice(letters, length)) for n in range(number)}


def reference_of(fasta, proteins):
    return open_reference([fasta("known.fa", proteins.items())])


def texts(reference):
    letters = np.array([*AMINO_ACIDS, "X"])
    return {
        reference.name(n): "".join(letters[reference.protein(n)]) for n in range(len(reference))
    }


@pytest.mark.parametrize("rule", ["trypsin", "trypsin/p", "glu-c", "asp-n", "[KR]|{P},[X]|[D]"])
@pytest.mark.parametrize("missed", [0, 2])
def test_pairs_are_digested_at_the_same_places(fasta, rule, missed):
    protease = Protease.parse(rule)
    both = add_entrapment(reference_of(fasta, random_proteins()), protease)
    half = len(both) // 2
    found = digest(both.residues, both.offsets, DigestConfig(protease, missed_cleavages=missed))
    begins = np.stack([found.begin, found.end, found.missed]).T
    own = found.protein < half
    shifted = begins[~own] - [both.offsets[half], both.offsets[half], 0]
    assert own.sum() > 200 and (begins[own] == shifted).all()


def test_peptides_are_shuffled_and_new(fasta):
    proteins = random_proteins()
    found = texts(add_entrapment(reference_of(fasta, proteins), Protease.parse("trypsin")))
    assert list(found) == [*proteins, *(f"{name}_p_target" for name in proteins)]
    own, trapped = set(), set()
    for name, protein in proteins.items():
        other = found[f"{name}_p_target"]
        assert sorted(other) == sorted(protein) and other[0] == "M"
        assert [a for a in protein if a in "KRP"] == [a for a in other if a in "KRP"]
        ends = [0, *(m.end() for m in re.finditer("[KR](?!P)", protein)), len(protein)]
        for first, last in pairwise(ends):
            if last - first > 9:
                own.add(protein[first:last])
                trapped.add(other[first:last])
                assert sorted(protein[first:last]) == sorted(other[first:last])
    assert len(own) == len(trapped) > 60 and not own & trapped


def test_equal_peptides_have_one_partner(fasta):
    peptides = {"a": "MACDEFGHIKLLSTVWNQK", "b": "GGSLLTNKMACDEFGHIK"}
    found = texts(add_entrapment(reference_of(fasta, peptides), Protease.parse("trypsin")))
    assert found["a_p_target"][:10] == found["b_p_target"][8:] != "MACDEFGHIK"


def test_a_peptide_without_another_order_stays():
    codes = {text: bytes(AMINO_ACIDS.index(a) for a in text) for text in ("AAAK", "AGK", "GAK")}
    fixed = frozenset([AMINO_ACIDS.index("K")])
    assert shuffle_each(codes.values(), fixed) == {code: code for code in codes.values()}


def test_without_a_protease_whole_proteins_are_shuffled(fasta):
    proteins = {"p": "MK" + "A" * 50 + "CCCCYYYYWWWW"}
    found = texts(add_entrapment(reference_of(fasta, proteins), None))
    other = found["p_p_target"]
    assert other[0] == "M" and sorted(other) == sorted(proteins["p"])
    assert other[2:52] != "A" * 50 and "K" in other[1:]


def test_entrapment_proteins_are_refused_in_the_reference(fasta):
    known = reference_of(fasta, {"a_p_target": "MACDEFGHIK"})
    with pytest.raises(InputError, match="'a_p_target' is an entrapment protein"):
        add_entrapment(known, None)
