"""Outputs of `predict` that must not be written."""

import json
import os

import pytest
from prediction_files import trained_for

from pepseq import PredictConfig, predict
from pepseq.errors import OutputError
from pepseq.models.masked_lm import ResidueModel
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout

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


def test_outputs_are_not_overwritten_and_differ_from_inputs(protbert, run, reads, tmp_path):
    out = tmp_path / "o"
    out.write_text("old")
    common = ["--model", protbert, "--readout", "K1"]
    assert run("predict", reads, "-o", out, *common).code == 74
    assert run("predict", reads, "-o", reads, "--force", *common).code == 2
    assert run("predict", reads, "-o", "-", "--table", "-", *common).code == 2
    assert out.read_text() == "old"
    assert run("predict", reads, "-o", out, "--force", *common).code == 0
    record = json.loads((tmp_path / "o.run.json").read_text())
    assert record["settings"]["readout"] == "KCYM" and record["settings"]["precision"] == "fp32"


def test_outputs_that_would_destroy_something_are_refused(protbert, run, reads, tmp_path):
    common = ["predict", reads, "--model", protbert, "--readout", "K1", "--force"]
    os.mkfifo(tmp_path / "pipe")
    assert run(*common, "-o", tmp_path / "pipe").code == 74 and (tmp_path / "pipe").is_fifo()
    assert run(*common, "-o", protbert / "model.safetensors").code == 2
    assert run(*common, "-o", tmp_path / "o", "--table", tmp_path / "o.failed.tsv").code == 2
    assert run(*common, "-o", tmp_path).code == 74 and run(*common, "-o", "").code == 2
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert run(*common, "-o", tmp_path / "loop" / "x").code == 74


def test_an_output_that_appears_during_the_run_is_kept(trained, reads, tmp_path, monkeypatch):
    forward = ResidueModel._forward

    def slow(self, texts):
        (tmp_path / "o").write_text("precious")
        return forward(self, texts)

    monkeypatch.setattr(ResidueModel, "_forward", slow)
    with pytest.raises(OutputError, match="already exists"):
        predict(reads, tmp_path / "o", model=trained, readout="K1", config=CPU)
    assert (tmp_path / "o").read_text() == "precious"


def test_a_changed_model_is_refused_before_the_first_record(trained, run, reads, tmp_path):
    with open(trained / "model.safetensors", "r+b") as weights:
        weights.seek(-3, 2)
        weights.write(b"!")
    result = run("predict", reads, "-o", tmp_path / "o", "--model", trained)
    assert result.code == 65 and "model.safetensors: damaged or changed" in result.err
