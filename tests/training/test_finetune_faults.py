"""Calls, data and disks with which no network can be trained."""

import pytest
from training_runs import quick_config, train_tiny

from pepseq import finetune
from pepseq.errors import InputError, OutputError, SettingsError


@pytest.fixture
def command(train, validation, tmp_path):
    """Arguments of the command without --train and the network."""
    common = ["finetune", "--validation", validation, "--readout", "K1", "--device", "cpu"]
    return [*common, "--max-steps", "2", "--evaluate-every", "2"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--model", "protbert", "--from-scratch", "tiny"], 2),
        (["--from-scratch", "huge"], 65),
        (["--from-scratch", "tiny", "--window", "9999"], 2),
        (["--from-scratch", "tiny", "--readout", "KZ"], 2),
        (["--from-scratch", "tiny", "--precision", "int8"], 2),
    ],
)
def test_wrong_settings_are_refused(run, command, train, tmp_path, arguments, code):
    assert run(*command, "--train", train, "-o", tmp_path / "n", *arguments).code == code
    assert not (tmp_path / "n").exists() and not (tmp_path / ".n.training").exists()


def test_a_bad_record_is_named(run, command, fasta, tmp_path):
    bad = fasta("bad", [("a", "MA!K")])
    done = run(*command, "--train", bad, "-o", tmp_path / "n", "--from-scratch", "tiny")
    assert done.code == 65 and "bad:1: 'a': expected amino acids" in done.err


def test_a_model_and_random_weights_are_a_settings_error(train, validation, tmp_path, protbert):
    with pytest.raises(SettingsError, match="give --model or --from-scratch, not both"):
        finetune(train, validation, tmp_path / "n", "K1", model=protbert, from_scratch="tiny")


def test_an_existing_output_is_kept(train, validation, tmp_path):
    (tmp_path / "n").mkdir()
    with pytest.raises(OutputError, match="already exists"):
        train_tiny(train, validation, tmp_path / "n")


def test_force_keeps_a_folder_with_other_files(run, command, train, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("dear")
    options = ["-o", folder, "--from-scratch", "tiny", "--force"]
    done = run(*command, "--train", train, *options)
    assert done.code == 74 and "notes.txt" in done.err
    inside = folder / "train.fasta"
    inside.write_text(train.read_text())
    assert run(*command, "--train", inside, *options).code == 2
    assert (folder / "notes.txt").read_text() == "dear" and inside.exists()


def test_a_loss_that_is_not_finite_stops_before_the_step_and_names_the_batch(
    train, validation, tmp_path
):
    config = quick_config(learning_rate=1e30, warmup=0.0)
    with pytest.raises(InputError, match=r"loss is nan at batch \d+ \(ecoli_536\|"):
        train_tiny(train, validation, tmp_path / "net", config=config)
    assert not (tmp_path / "net").exists()


def test_a_validation_loss_that_is_not_finite_is_refused(train, validation, tmp_path):
    config = quick_config(learning_rate=1e30, warmup=0.0, max_steps=1, evaluate_every=1)
    with pytest.raises(InputError, match="validation loss is nan"):
        train_tiny(train, validation, tmp_path / "net", config=config)


def test_a_full_disk_while_saving_is_an_output_error(train, validation, tmp_path, monkeypatch):
    from transformers import Trainer

    def save_to_full_disk(self, *arguments):
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")

    monkeypatch.setattr(Trainer, "_save_checkpoint", save_to_full_disk)
    with pytest.raises(OutputError, match="cannot be written"):
        train_tiny(train, validation, tmp_path / "net")
