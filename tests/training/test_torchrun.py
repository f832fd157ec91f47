"""Several processes of one batch each learn what one process learns from as many batches."""

import os
import re
import subprocess
import sys

import pandas as pd
import pytest
import torch
from places import ROOT
from safetensors.torch import load_file
from training_runs import weights_of

from pepseq.errors import SettingsError
from pepseq.models.checkpoints import check_manifest
from pepseq.training.process_group import check_gpu_of_process

ONE_FAILS = """
import os
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
STOPPED = """
import os, signal
from pepseq.cli.main import main
from pepseq.training.callbacks import SealedCheckpoints
seal = SealedCheckpoints.on_save
def seal_and_stop(self, args, state, control, **settings):
    seal(self, args, state, control, **settings)
    if os.environ["RANK"] == "0" and state.global_step == 10:
        os.kill(os.getppid(), signal.SIGTERM)
SealedCheckpoints.on_save = seal_and_stop
main()
"""
"""The first process sends the launcher a SIGTERM after its first checkpoint."""


@pytest.fixture(scope="module")
def command(proteins, tmp_path_factory):
    """Arguments that train a toy for six epochs of ten steps, the last of one batch."""
    folder = tmp_path_factory.mktemp("data")
    train, validation = folder / "train.fasta", folder / "validation.fasta"
    train.write_text("".join(f">{i}\n{s[:150]}\n" for i, s in proteins[:60]))
    validation.write_text("".join(f">{i}\n{s[:150]}\n" for i, s in proteins[60:70]))
    text = "--readout K1 --from-scratch tiny --batch-residues 600 --device cpu --threads 1"
    text += " --max-steps 60 --evaluate-every 10 --learning-rate 1e-3 -o"
    return ["finetune", "--train", train, "--validation", validation, *text.split()]


@pytest.fixture(scope="module")
def two_processes(command, tmp_path_factory):
    """The network that two processes trained, and their messages."""
    output = tmp_path_factory.mktemp("two") / "net"
    done = torchrun("-m", "pepseq", *command, output)
    words = done.communicate()[1]
    assert done.returncode == 0, words
    return output, words


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
def test_the_first_process_alone_writes_messages(two_processes):
    output, words = two_processes
    assert words.count("training: 60 proteins") == 1 and "Warning" not in words
    assert int(re.search(r"(\d+) batches", words)[1]) % 2 == 1
    check_manifest(output)


@pytest.mark.slow
def test_two_processes_have_the_curve_of_one_with_two_batches(
    run, command, two_processes, tmp_path
):
    folders = tmp_path / "one", two_processes[0]
    assert run(*command, folders[0], "--accumulate", "2").code == 0
    one, two = (pd.read_csv(folder / "metrics.tsv", sep="\t") for folder in folders)
    assert one.step.tolist() == two.step.tolist() == list(range(61)) and one.epoch.max() > 5
    for column in ("train_loss", "validation_loss", "validation_accuracy", "learning_rate"):
        assert (one[column] - two[column]).abs().max() < 1e-5, column
        assert (one[column].isna() == two[column].isna()).all()
    one, two = (load_file(folder / "model.safetensors") for folder in folders)
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)


@pytest.mark.slow
def test_stopped_processes_resume_to_the_same_weights(command, two_processes, tmp_path):
    script, output = tmp_path / "script.py", tmp_path / "net"
    script.write_text(STOPPED)
    words = torchrun(script, *command, output).communicate(timeout=200)[1]
    assert words.count("to resume, run the same command with --resume") == 1, words
    assert not output.exists()
    resumed = torchrun("-m", "pepseq", *command, output, "--resume")
    words = resumed.communicate(timeout=200)[1]
    assert resumed.returncode == 0 and words.count("resuming at checkpoint-") == 1, words
    assert weights_of(output) == weights_of(two_processes[0])


@pytest.mark.slow
def test_an_error_of_one_process_is_reported_once(command, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ONE_FAILS)
    failed = torchrun(script, *command, tmp_path / "net")
    words = failed.communicate(timeout=200)[1]
    assert failed.returncode == 1 and "exitcode  : 65" in words
    assert words.count("Error: ") == 1 + words.count("ChildFailedError: "), words
    assert "Error: only this process fails" in words and "a bug in pepseq" not in words
    assert not (tmp_path / "net").exists()


@pytest.mark.slow
def test_an_error_of_all_processes_is_reported_once(command, tmp_path):
    (tmp_path / "net").mkdir()
    failed = torchrun("-m", "pepseq", *command, tmp_path / "net")
    words = failed.communicate(timeout=200)[1]
    assert words.count("already exists") == 1 and "exitcode  : 74" in words


def test_each_process_needs_its_own_gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    for process in ("0", "1"):
        monkeypatch.setenv("LOCAL_RANK", process)
        check_gpu_of_process(torch.device("cuda"))
    monkeypatch.setenv("LOCAL_RANK", "2")
    check_gpu_of_process(torch.device("cpu"))
    with pytest.raises(SettingsError, match="process 3 on this machine: .* found 2"):
        check_gpu_of_process(torch.device("cuda"))
