import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import DATA, SHARED

from pepseq import Readout, mask
from pepseq.errors import SettingsError
from pepseq.readout.masking import MaskedSequence, mask_sequence
from pepseq.sequences.fasta import read_fasta
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


def test_readouts_are_sets_with_names():
    assert Readout("K1") == Readout("mykc") == Readout("KCYM")
    assert str(Readout("k2")) == "KCYMRHWST" and Readout("K2").hidden == "ADEFGILNPQV"
    assert Readout(AMINO_ACIDS).hidden == ""


@pytest.mark.parametrize("wrong", ["KCB", "", "K1K2", "X", "K C", "é"])
def test_a_readout_of_anything_else_is_refused(wrong, run, fasta):
    with pytest.raises(SettingsError):
        Readout(wrong)
    result = run("mask", fasta("p", [("a", "MK")]), "-o", "-", "--readout", wrong)
    assert result.code == 2 and "amino acids" in result.err


def test_masked_sequences_hold_amino_acids_and_X_only():
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


def test_masking_a_readout_hides_more_of_it():
    once = mask_sequence("MEDICKS", Readout("CK[DE][ST]")).residues
    assert once == "XddXCKs" and mask_sequence(once, Readout("C[DE]")).residues == "XddXCXX"


@pytest.mark.parametrize("symbol", list("X?._x"))
def test_every_hidden_symbol_is_read_back(symbol, run, fasta, tmp_path):
    source = fasta("p", [("a/../b c", "MAGICKLLUC")])
    assert (
        run("mask", source, "-o", tmp_path / "r", "--readout", "K1", "--hidden-symbol", symbol).code
        == 0
    )
    assert (tmp_path / "r").read_text().splitlines()[1].count(symbol) == 6
    again = [(r.header, r.sequence) for r in read_fasta(tmp_path / "r", readouts=True)]
    assert again == [("a/../b c", "MXXXCKXXXC")]


def test_files_gzip_stdin_stdout_and_record(run, fasta, tmp_path, monkeypatch):
    first, second = fasta("1", [("a", "MAK")]), fasta("2", [("b", "CWW")])
    out = tmp_path / "out.fasta.gz"
    assert run("mask", first, second, "-o", out, "--readout", "KCYM").code == 0
    assert gzip.decompress(out.read_bytes()) == b">a\nMXK\n>b\nCXX\n"
    record = json.loads((tmp_path / "out.fasta.gz.run.json").read_text())
    assert record["settings"]["readout"] == "KCYM" and len(record["inputs"]) == 2
    assert len(record["inputs"][0]["sha256"]) == 64
    assert run("mask", first, "-o", "-", "--readout", "KCYM").out == ">a\nMXK\n"


def test_one_bad_record_does_not_stop_the_others(run, fasta, tmp_path):
    pairs = [(f"p{i}", "MAGICK") for i in range(1000)]
    pairs[500] = ("p500", "MA!K")
    source, out = fasta("p", pairs), tmp_path / "o"
    result = run("mask", source, "-o", out, "--readout", "KCYM")
    assert result.code == 65 and "1 of 1000 records" in result.err and ":1001:" in result.err
    assert out.read_text().count(">") == 999
    failed = (tmp_path / "o.failed.tsv").read_text().splitlines()
    assert len(failed) == 2 and failed[1].split("\t")[1:3] == ["1001", "p500"]
    assert run("mask", source, "-o", out, "--readout", "K1", "--force", "--keep-going").code == 0
    good = fasta("good", pairs[:500])
    assert run("mask", good, "-o", out, "--readout", "K1", "--force").code == 0
    assert not (tmp_path / "o.failed.tsv").exists()


@pytest.mark.parametrize("readout", ["KCYM", AMINO_ACIDS])
def test_nothing_hidden_and_everything_hidden_are_defined(readout, run, fasta):
    source = fasta("p", [("none", "KCYM"), ("all", "AAAA")])
    out = run("mask", source, "-o", "-", "--readout", readout).out.split()
    assert out == [">none", "KCYM", ">all", "XXXX" if readout == "KCYM" else "AAAA"]


def test_ids_are_never_file_names(fasta, tmp_path):
    source = fasta("p", [("../../etc/passwd", "MAGICK")])
    before = {p.name for p in tmp_path.iterdir()}
    mask(source, tmp_path / "o", "KCYM")
    assert {p.name for p in tmp_path.iterdir()} - before == {"o", "o.run.json"}


def test_a_whole_proteome(tmp_path):
    source = SHARED / "escherichia" / "train_ecoli_K12.faa.gz"
    if not source.exists():
        source = DATA / "ecoli_536.fasta"
    mask(source, tmp_path / "r.gz", "K1")
    for protein, readout in zip(
        read_fasta(source), read_fasta(tmp_path / "r.gz", readouts=True), strict=True
    ):
        assert protein.header == readout.header
        assert mask_sequence(protein.sequence, Readout("K1")).residues == readout.sequence
