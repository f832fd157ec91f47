"""Several processes of one batch each learn what one process learns from as many batches."""

import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch
from places import ROOT
from safetensors.torch import load_file

from pepseq.errors import SettingsError
from pepseq.models.checkpoints import check_manifest
from pepseq.training.process_group import check_gpu_of_process

ONE_FAILS = """
import os, sys
from pepseq.cli.main import main
from pepseq.errors import InputError
from pepseq.training.trainer import MaskedTrainer
loss = MaskedTrainer.compute_loss
def fail(self, *arguments, **settings):
    if os.environ["RANK"] == "1" and self.state.global_step == 2:
        raise InputError("only this process fails")
    return loss(self, *arguments, **settings)
MaskedTrainer.compute_loss = fail
main()
"""


@pytest.fixture
def command(fasta, proteins):
    """Arguments that train a toy for six epochs of ten steps, the last of one batch."""
    train = fasta("train.fasta", [(i, s[:150]) for i, s in proteins[:60]])
    validation = fasta("validation.fasta", [(i, s[:150]) for i, s in proteins[60:70]])
    text = "--readout K1 --from-scratch tiny --batch-residues 600 --device cpu --threads 1"
    text += " --max-steps 60 --evaluate-every 10 --learning-rate 1e-3 -o"
    return ["finetune", "--train", train, "--validation", validation, *text.split()]


def torchrun(*arguments):
    """Start two processes as a user does."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", *arguments]
    return subprocess.Popen(
        [str(a) for a in launch],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
def test_two_processes_have_the_curve_of_one_with_two_batches(run, command, tmp_path):
    started = torchrun("-m", "pepseq", *command, tmp_path / "two")
    words = started.communicate()[1]
    assert started.returncode == 0, words
    assert words.count("training: 60 proteins") == 1 and "Warning" not in words
    assert run(*command, tmp_path / "one", "--accumulate", "2").code == 0
    one, two = (pd.read_csv(tmp_path / n / "metrics.tsv", sep="\t") for n in ("one", "two"))
    assert one.step.tolist() == two.step.tolist() == list(range(61))
    assert int(re.search(r"(\d+) batches", words)[1]) % 2 == 1 and one.epoch.max() > 5
    for column in ("train_loss", "validation_loss", "validation_accuracy", "learning_rate"):
        assert (one[column] - two[column]).abs().max() < 1e-5, column
        assert (one[column].isna() == two[column].isna()).all()
    check_manifest(tmp_path / "two")
    one, two = (load_file(tmp_path / n / "model.safetensors") for n in ("one", "two"))
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)

    stopped = torchrun("-m", "pepseq", *command, tmp_path / "again")
    sealed = tmp_path / ".again.training/checkpoints/checkpoint-10/manifest.json"
    until = time.monotonic() + 200
    while not sealed.exists() and time.monotonic() < until and stopped.poll() is None:
        time.sleep(0.02)
    stopped.send_signal(signal.SIGTERM)
    words = stopped.communicate(timeout=200)[1]
    assert words.count("to resume, run the same command with --resume") == 1, words
    assert not (tmp_path / "again").exists()
    resumed = torchrun("-m", "pepseq", *command, tmp_path / "again", "--resume")
    words = resumed.communicate()[1]
    assert resumed.returncode == 0 and words.count("resuming at checkpoint-") == 1, words
    weights = [(tmp_path / n / "model.safetensors").read_bytes() for n in ("two", "again")]
    assert weights[0] == weights[1]


def test_an_error_of_one_process_is_told_once(command, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ONE_FAILS)
    failed = torchrun(script, *command, tmp_path / "net")
    words = failed.communicate(timeout=200)[1]
    assert failed.returncode == 1 and "exitcode  : 65" in words
    assert words.count("Error: ") == 1 + words.count("ChildFailedError: "), words
    assert "Error: only this process fails" in words and "a bug in pepseq" not in words
    assert not (tmp_path / "net").exists()


@pytest.mark.slow
def test_an_error_of_all_processes_is_told_once(command, tmp_path):
    (tmp_path / "net").mkdir()
    failed = torchrun("-m", "pepseq", *command, tmp_path / "net")
    words = failed.communicate(timeout=200)[1]
    assert words.count("exists already") == 1 and "exitcode  : 74" in words


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    for process in ("0", "1"):
        monkeypatch.setenv("LOCAL_RANK", process)
        check_gpu_of_process(torch.device("cuda"))
    monkeypatch.setenv("LOCAL_RANK", "2")
    check_gpu_of_process(torch.device("cpu"))
    with pytest.raises(SettingsError, match="process 3 on this machine: .* found 2"):
        check_gpu_of_process(torch.device("cuda"))
