"""The readout that `predict` chooses, and reads that fit none."""

import pytest
from prediction_files import sequences, trained_for

from pepseq import PredictConfig, predict
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

CPU = PredictConfig(device="cpu")


@pytest.fixture
def reads(fasta, small_proteins):
    """FASTA of the small proteins' KCYM readouts."""
    return fasta(
        "r.fasta", [(i, mask_sequence(s, Readout("K1")).residues) for i, s in small_proteins]
    )


@pytest.fixture
def trained(protbert, tmp_path):
    """A model folder that says it completes KCYM and K2."""
    return trained_for(["KCYM", "KCYMRHWST"], protbert, tmp_path / "trained")


def test_the_readout_that_fits_the_file_is_taken(trained, fasta, tmp_path):
    for number, (residues, expected) in enumerate(
        [("MXXKC", "KCYM"), ("MXXKR", "KCYMRHWST"), ("XXXXX", "KCYM")]
    ):
        done = predict(
            fasta("r", [("a", residues)]), tmp_path / f"{number}", model=trained, config=CPU
        )
        assert str(done.readout) == expected


def test_one_stray_residue_does_not_change_the_readout(trained, run, fasta, tmp_path):
    source = fasta("r", [(f"p{i}", "MXXK" if i != 70 else "MXRK") for i in range(200)])
    result = run("predict", source, "-o", tmp_path / "o", "--model", trained)
    assert result.code == 65 and "found 'R' at residue 3" in result.err
    assert len(sequences(tmp_path / "o")) == 199
    assert (tmp_path / "o.failed.tsv").read_text().splitlines()[1].split("\t")[2] == "p70"


@pytest.mark.parametrize("more", [[], ["--readout", "KCYMD"]])
def test_a_readout_that_does_not_fit_the_model_is_refused_with_the_fix(
    trained, run, fasta, tmp_path, more
):
    source = fasta("r", [("a", "MXXKD")])
    result = run("predict", source, "-o", tmp_path / "o", "--model", trained, *more)
    assert result.code == 65 and not (tmp_path / "o").exists()
    assert "pepseq mask --readout KCYMRHWST" in result.err and "finetune" in result.err


def test_a_base_model_needs_the_readout(protbert, run, reads, tmp_path):
    result = run("predict", reads, "-o", tmp_path / "o", "--model", protbert)
    assert result.code == 2 and "--readout KCYM" in result.err


def test_a_readout_without_candidates_cannot_have_hidden_residues(protbert, run, fasta, tmp_path):
    source = fasta("r", [("a", "MAK"), ("b", "MXK")])
    result = run(
        "predict", source, "-o", tmp_path / "o", "--model", protbert, "--readout", AMINO_ACIDS
    )
    assert result.code == 65 and "'b'" in result.err and sequences(tmp_path / "o") == {"a": "MAK"}


@pytest.mark.parametrize("more", [[], ["--readout", "KCYM"], ["--model", "protbert"]])
def test_complete_proteins_are_named_with_the_next_command(
    run, fasta, small_proteins, tmp_path, more, protbert
):
    path = fasta("p.fasta", small_proteins)
    more = [protbert if word == "protbert" else word for word in more]
    done = run("predict", path, "-o", tmp_path / "o", *more)
    assert done.code == 65 and not (tmp_path / "o").exists()
    assert "these look like complete proteins, not reads (no hidden residues)" in done.err
    assert f"pepseq mask {path} --readout KCYM -o reads.fasta" in done.err


def test_lookup_names_complete_proteins_too(run, fasta, small_proteins, tmp_path):
    path, known = fasta("p.fasta", small_proteins), fasta("known.fasta", small_proteins)
    done = run("lookup", path, "--reference", known, "--readout", "CY[DE]", "-o", tmp_path / "o")
    assert done.code == 65 and f"pepseq mask {path} --readout 'CY[DE]'" in done.err
    assert not (tmp_path / "o").exists()


def test_a_readout_that_cannot_be_determined_is_named(run, fasta, tmp_path):
    path = fasta("r.fasta", [("a", "XAXXDXX"), ("b", "XXDXX")])
    done = run("predict", path, "-o", tmp_path / "o")
    assert done.code == 2 and "observed residues AD fit neither KCYM nor KCYMRHWST" in done.err
    assert f"pepseq predict {path} --readout AD -o completed.fasta" in done.err
