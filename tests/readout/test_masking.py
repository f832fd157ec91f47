import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepseq import Readout
from pepseq.errors import SettingsError
from pepseq.readout.masking import MaskedSequence, mask_sequence
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN


@st.composite
def readouts(draw):
    """A readout of single amino acids, of a group, or of both."""
    letters = draw(st.lists(st.sampled_from(AMINO_ACIDS), min_size=1, unique=True))
    cut = draw(st.integers(0, len(letters)))
    group = f"[{''.join(letters[cut:])}]" if letters[cut:] else ""
    return Readout("".join(letters[:cut]) + group)


@given(st.text(AMINO_ACIDS + UNKNOWN, min_size=1), readouts())
def test_unmasking_what_was_hidden_gives_the_protein_back(protein, readout):
    masked = mask_sequence(protein, readout)
    assert len(masked.residues) == len(protein)
    assert masked.fill("".join(protein[i] for i in masked.hidden_positions)) == protein
    for before, after in zip(protein, masked.residues, strict=True):
        group = next((g for g in readout.groups if before in g), None)
        single = before if before in readout.observed else "X"
        assert after == (group[0].lower() if group else single)


@given(st.text(AMINO_ACIDS + UNKNOWN, min_size=1), readouts())
def test_masking_twice_is_masking_once(protein, readout):
    once = mask_sequence(protein, readout)
    assert mask_sequence(once.residues, readout) == once


def test_readouts_are_sets_of_amino_acids():
    assert Readout("K1") == Readout("mykc") == Readout("KCYM")
    assert str(Readout("k2")) == "KCYMRHWST" and Readout("K2").hidden == "ADEFGILNPQV"
    assert Readout(AMINO_ACIDS).hidden == ""


@pytest.mark.parametrize("wrong", ["KCB", "", "K1K2", "X", "K C", "é"])
def test_a_readout_of_anything_else_is_refused(wrong, run, fasta):
    with pytest.raises(SettingsError):
        Readout(wrong)
    result = run("mask", fasta("p", [("a", "MK")]), "-o", "-", "--readout", wrong)
    assert result.code == 2 and "use one-letter codes" in result.err


def test_masked_sequences_contain_amino_acids_and_X_only():
    with pytest.raises(ValueError, match="expected amino acids"):
        MaskedSequence("MU")
    with pytest.raises(ValueError, match="expected amino acids"):
        MaskedSequence("Mx")
    with pytest.raises(ValueError, match="expected 2 residues"):
        MaskedSequence("MXd").fill("A")


def test_a_group_is_hidden_until_it_is_filled():
    masked = mask_sequence("MEDIC", Readout("C[DE]"))
    assert masked.residues == "XddXC" and masked.hidden_positions == [0, 1, 2, 3]
    assert masked.fill("MEDI") == "MEDIC"


def test_masking_a_read_hides_more_of_it():
    once = mask_sequence("MEDICKS", Readout("CK[DE][ST]")).residues
    assert once == "XddXCKs" and mask_sequence(once, Readout("C[DE]")).residues == "XddXCXX"
