"""Interrupted runs: what is left of them, and how they are resumed."""

import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from training_runs import interrupt, quick_config, train_tiny, weights_of, write_proteins

from pepseq.errors import InputError, OutputError, StoppedError
from pepseq.models.checkpoints import check_manifest, write_manifest
from pepseq.training.callbacks import SealedCheckpoints
from pepseq.training.resume import newest_whole_checkpoint
from pepseq.training.trainer import MaskedTrainer

KILLED = """
import os, signal
from pepseq.cli.main import main
from pepseq.training.callbacks import SealedCheckpoints
seal = SealedCheckpoints.on_save
def seal_and_kill(self, args, state, control, **settings):
    seal(self, args, state, control, **settings)
    if state.global_step == 20:
        os.kill(os.getpid(), signal.SIGKILL)
SealedCheckpoints.on_save = seal_and_kill
main()
"""


@pytest.fixture(scope="module")
def interrupted_run(proteins, tmp_path_factory):
    """Folder with the data of a run that was interrupted after its last checkpoint."""
    folder = tmp_path_factory.mktemp("interrupted")
    train, validation = write_proteins(folder, proteins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pepseq.training.finetune.write_network_folder", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_tiny(train, validation, folder / "net")
    return folder


@pytest.fixture(scope="module")
def whole_run(interrupted_run, tmp_path_factory):
    """The trained network of the same run without an interruption."""
    output = tmp_path_factory.mktemp("whole") / "net"
    train_tiny(interrupted_run / "train.fasta", interrupted_run / "validation.fasta", output)
    return output


@pytest.fixture
def unfinished(interrupted_run, tmp_path):
    """A copy of the interrupted run in another folder; `resume()` resumes it."""
    folder = shutil.copytree(interrupted_run, tmp_path / "run")
    train, validation, out = (folder / n for n in ("train.fasta", "validation.fasta", "net"))

    def resume(readout="K1", **changes):
        config = quick_config(**changes)
        return train_tiny(train, validation, out, readout=readout, config=config, resume=True)

    checkpoints = folder / ".net.training" / "checkpoints"
    return SimpleNamespace(
        resume=resume, train=train, validation=validation, out=out, checkpoints=checkpoints
    )


def test_a_run_interrupted_after_its_last_step_only_writes_its_result(unfinished, monkeypatch):
    """Also if the run was moved to another folder, as here."""
    monkeypatch.setattr(MaskedTrainer, "train", lambda *a, **k: pytest.fail("trained again"))
    unfinished.resume()
    check_manifest(unfinished.out)


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "optimizer.pt",
        "rng_state.pth",
        "scheduler.pt",
        "trainer_state.json",
        "manifest.json",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_a_damaged_checkpoint_is_skipped(unfinished, name, damage, caplog):
    path = unfinished.checkpoints / "checkpoint-12" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[:-7])
    else:
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    caplog.set_level("INFO", "pepseq")
    assert newest_whole_checkpoint(unfinished.checkpoints.parent).name == "checkpoint-8"
    assert "skipping checkpoint-12" in caplog.text


class Code:
    """Makes a file if it is unpickled and run."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize(
    "name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "trainer_state.json"]
)
def test_code_in_a_checkpoint_is_refused_and_never_run(unfinished, tmp_path, name):
    """Also if the manifest was written for it; the wrong file is named."""
    checkpoint = unfinished.checkpoints / "checkpoint-8"
    shutil.rmtree(unfinished.checkpoints / "checkpoint-12")
    if name.endswith(".json"):
        (checkpoint / name).write_text('{"global_step": "8"}')
    else:
        torch.save({"state": Code(tmp_path / "was-run")}, checkpoint / name)
    write_manifest(checkpoint)
    with pytest.raises(InputError, match=f"checkpoint-8: cannot load .*{name}.*--force"):
        unfinished.resume()
    assert not (tmp_path / "was-run").exists() and not unfinished.out.exists()


def test_other_files_in_a_checkpoint_are_ignored(unfinished):
    for name in ("notes.txt", "pytorch_model.bin", ".nfs1"):
        (unfinished.checkpoints / "checkpoint-12" / name).write_bytes(b"x")
    unfinished.resume()
    check_manifest(unfinished.out)


@pytest.mark.slow
def test_resuming_from_an_older_checkpoint_gives_the_same_weights(unfinished, whole_run):
    (unfinished.checkpoints / "checkpoint-12" / "optimizer.pt").write_bytes(b"")
    unfinished.resume()
    assert weights_of(unfinished.out) == weights_of(whole_run)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 5}, "seed differs: was 1, is 5"),
        ({"readout": "K2"}, "readouts differs"),
        ({"learning_rate": 0.1}, "learning_rate differs"),
    ],
)
def test_changed_settings_are_refused_on_resuming(unfinished, changes, words):
    with pytest.raises(InputError, match=words):
        unfinished.resume(**changes)


def test_changed_data_are_refused_on_resuming(unfinished):
    unfinished.train.write_text(unfinished.train.read_text().replace("A", "G", 1))
    with pytest.raises(InputError, match="train differs"):
        unfinished.resume()


def test_the_order_of_training_files_is_part_of_the_settings(fasta, proteins, validation, tmp_path):
    a, b = fasta("a", proteins[:20]), fasta("b", proteins[20:40])
    config = quick_config(max_steps=1)
    train_tiny([a, b], validation, tmp_path / "net", config=config)
    with pytest.raises(InputError, match="train differs"):
        train_tiny([b, a], validation, tmp_path / "net", config=config, resume=True)


def test_a_finished_run_of_other_settings_is_replaced_only_by_force(unfinished):
    unfinished.resume()
    first = weights_of(unfinished.out)
    call = unfinished.train, unfinished.validation, unfinished.out
    config = quick_config(seed=2, max_steps=4)
    with pytest.raises(InputError, match="differs"):
        train_tiny(*call, config=config, resume=True)
    with pytest.raises(OutputError, match="already exists"):
        train_tiny(*call, config=config)
    train_tiny(*call, config=config, force=True)
    assert weights_of(unfinished.out) != first


def test_a_run_stopped_by_sigterm_resumes_to_the_same_weights(
    train, validation, whole_run, tmp_path, monkeypatch
):
    on_step_end = SealedCheckpoints.on_step_end

    def stop_after_step_5(self, args, state, control, **settings):
        if state.global_step == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return on_step_end(self, args, state, control, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(SealedCheckpoints, "on_step_end", stop_after_step_5)
        with pytest.raises(StoppedError, match="stopped at step 5; .* --resume"):
            train_tiny(train, validation, tmp_path / "net")
    assert not (tmp_path / "net").exists()
    train_tiny(train, validation, tmp_path / "net", resume=True)
    assert weights_of(tmp_path / "net") == weights_of(whole_run)


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(run, train, validation, tmp_path):
    line = f"finetune --train {train} --validation {validation} --readout K1 --from-scratch tiny"
    line += " --max-steps 60 --evaluate-every 10 --batch-residues 600 --learning-rate 1e-3"
    line += " --device cpu --threads 1"
    whole, killed = ([*line.split(), "-o", str(tmp_path / name)] for name in ("whole", "net"))
    assert run(*whole).code == 0
    assert subprocess.run([sys.executable, "-c", KILLED, *killed]).returncode == -signal.SIGKILL
    assert not (tmp_path / "net").exists()
    refused = run(*killed)
    assert refused.code == 74 and "--resume" in refused.err
    resumed = run(*killed, "--resume")
    assert resumed.code == 0 and "resuming at checkpoint-20" in resumed.err
    assert weights_of(tmp_path / "net") == weights_of(tmp_path / "whole")
    validations = [
        pd.read_csv(tmp_path / n / "metrics.tsv", sep="\t").dropna(subset="validation_loss")
        for n in ("net", "whole")
    ]
    assert validations[0].validation_loss.tolist() == validations[1].validation_loss.tolist()
    again = run(*killed, "--resume")
    assert again.code == 0 and "finished already" in again.err
