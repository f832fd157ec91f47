"""Reads in which some residues are known only to be one of a group."""

import pytest
from prediction_files import table_of, trained_for

from pepseq import PredictConfig, Readout, evaluate, mask, predict
from pepseq.sequences.fasta import read_fasta

CPU = PredictConfig(device="cpu")
READOUT = Readout("CY[DE]")


@pytest.fixture
def trained(protbert, tmp_path):
    """A model folder that says it completes CY, CY[DE] and CYM[ST]."""
    return trained_for(["CY", "CY[DE]", "CYM[ST]"], protbert, tmp_path / "trained")


@pytest.fixture
def filled(trained, small_proteins, fasta, tmp_path):
    """Reads of CY[DE] that were filled; returns the true proteins and the result."""
    truth = fasta("p", small_proteins)
    mask(truth, tmp_path / "r", READOUT)
    done = predict(tmp_path / "r", tmp_path / "o", model=trained, table=tmp_path / "t", config=CPU)
    assert done.readout == READOUT and not done.bad
    return truth, done


def test_groups_are_filled_by_their_members(filled, small_proteins, tmp_path):
    readout, (_, done) = READOUT, filled
    table = table_of(tmp_path / "t")
    hidden = 0
    for (name, protein), record in zip(small_proteins, read_fasta(tmp_path / "o"), strict=True):
        rows = table[table["id"] == name]
        assert record.id == name and "".join(rows["residue"]) == record.sequence
        for true, got, source in zip(protein, record.sequence, rows["source"], strict=True):
            seen = true in readout.observed
            assert got == true if seen else got in ("DE" if true in "DE" else readout.hidden)
            assert source == ("observed" if seen else "predicted")
            hidden += not seen
    assert done.hidden == hidden


def test_residues_of_groups_are_scored_as_hidden(filled, tmp_path):
    truth, done = filled
    summary = evaluate(truth, tmp_path / "o", tmp_path / "e", READOUT, table=tmp_path / "t")
    assert summary["residues"]["hidden"] == summary["calibration"]["residues"] == done.hidden
    assert "D\t" in (tmp_path / "e" / "amino_acids.tsv").read_text()


@pytest.mark.parametrize(
    ("residues", "expected"),
    [("CXXY", "CY"), ("CXXY[DE]", "CY[DE]"), ("[ST]CX", "CYM[ST]"), ("MXX", "CYM[ST]")],
)
def test_the_readout_that_has_the_groups_of_the_file_is_taken(
    trained, fasta, tmp_path, residues, expected
):
    done = predict(fasta("r", [("a", residues)]), tmp_path / "o", model=trained, config=CPU)
    assert str(done.readout) == expected


@pytest.mark.parametrize("residues", ["CX[DEN]", "CX[KR]", "M[DE]"])
def test_groups_that_no_readout_has_are_refused(trained, run, fasta, tmp_path, residues):
    result = run("predict", fasta("r", [("a", residues)]), "-o", tmp_path / "o", "--model", trained)
    assert result.code == 65 and not (tmp_path / "o").exists() and "[" in result.err


def test_one_odd_group_does_not_stop_the_others(trained, run, fasta, tmp_path):
    pairs = [(f"p{i}", "CX[DE]") for i in range(200)]
    pairs[0], pairs[9] = ("p0", "CX[DEN]"), ("p9", "CX[KR]")
    result = run("predict", fasta("r", pairs), "-o", tmp_path / "o", "--model", trained)
    assert result.code == 65 and "2 of 200 records" in result.err
    failed = (tmp_path / "o.failed.tsv").read_text()
    assert "expected the group [DE] of this readout, found '[DEN]' at residue 3" in failed
    assert "expected residues of the readout CY[DE] or hidden ones, found '[KR]'" in failed


def test_a_group_that_the_model_lacks_can_be_hidden_first(trained, run, fasta, tmp_path):
    source = fasta("r", [("a", "CX[KR]Y")])
    assert run("mask", source, "-o", tmp_path / "m", "--readout", "CY").code == 0
    assert (tmp_path / "m").read_text() == ">a\nCXXY\n"
    assert run("predict", tmp_path / "m", "-o", tmp_path / "o", "--model", trained).code == 0


def test_where_nothing_else_is_hidden_groups_are_still_predicted(protbert, fasta, tmp_path):
    readout = "ACFGHIKLMNPQRSTVWY[DE]"
    source = fasta("r", [("a", "MA[DE]K"), ("b", "MXK")])
    done = predict(
        source, tmp_path / "o", model=protbert, readout=readout, config=CPU, keep_going=True
    )
    assert [b.id for b in done.bad] == ["b"] and done.hidden == 1
    (record,) = read_fasta(tmp_path / "o")
    assert record.sequence in ("MADK", "MAEK")
