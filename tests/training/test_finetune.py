"""Training runs from start to end, and the folder of the trained network."""

import hashlib

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from training_runs import quick_config, train_tiny

from pepseq import mask, predict
from pepseq.errors import SettingsError
from pepseq.models.checkpoints import check_manifest, find_checkpoint
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta

FILES = ("model.safetensors", "config.json", "pepseq.json", "manifest.json", "metrics.tsv")


@pytest.fixture(scope="module")
def trained(proteins, tmp_path_factory):
    """Folder of a network trained on two readouts, its description and its training proteins."""
    from training_runs import write_proteins

    folder = tmp_path_factory.mktemp("trained")
    train, validation = write_proteins(folder, proteins)
    description = train_tiny(train, validation, folder / "net", readout=["K1", "K2"])
    return folder / "net", description, train


def test_the_folder_of_a_trained_network_is_whole(trained):
    folder, _, _ = trained
    check_manifest(folder)
    assert {path.name for path in folder.iterdir()} >= {*FILES, "loss.png"}
    assert str(folder.parent) not in (folder / "pepseq.json").read_text()
    assert folder.with_name("net.run.json").exists()
    assert not folder.with_name(".net.training").exists()


def test_the_description_names_readouts_and_data(trained):
    folder, description, train = trained
    assert description["readouts"] == ["KCYM", "KCYMRHWST"]
    assert find_checkpoint(folder).readouts == (Readout("K1"), Readout("K2"))
    assert description["settings"]["train"][0][1] == hashlib.sha256(train.read_bytes()).hexdigest()


def test_the_validation_loss_falls(trained):
    metrics = pd.read_csv(trained[0] / "metrics.tsv", sep="\t")
    losses = metrics.validation_loss.dropna()
    assert metrics.step.max() == 12 and len(losses) == 4 and losses.is_monotonic_decreasing


def test_predict_uses_a_trained_network(trained, tmp_path):
    folder, _, train = trained
    mask(train, tmp_path / "reads", "K2")
    assert predict(tmp_path / "reads", tmp_path / "o", model=folder).readout == Readout("K2")


@pytest.mark.slow
def test_learning_beats_the_commonest_amino_acid(fasta, proteins, tmp_path):
    """Fifteen proteins seen many times are partly learned by heart."""
    train = fasta("few.fasta", [(i, s[:150]) for i, s in proteins[:15]])
    config = quick_config(max_steps=100, evaluate_every=50, learning_rate=1e-2, batch_residues=1000)
    description = train_tiny(train, train, tmp_path / "net", config=config)
    hidden = [r for record in read_fasta(train) for r in record.sequence if r not in "KCYM"]
    commonest = max(hidden.count(a) for a in set(hidden)) / len(hidden)
    assert description["validation"]["hidden_residue_accuracy_micro"] > commonest + 0.1


@pytest.mark.parametrize("name", ["protbert", "esm2"])
@pytest.mark.parametrize("lora", [0, 2])
def test_published_architectures_train(name, lora, request, train, validation, tmp_path):
    folder = request.getfixturevalue(name)
    config = quick_config(lora=lora, max_steps=4)
    train_tiny(train, validation, tmp_path / "net", model=folder, config=config)
    before, after = (load_file(f / "model.safetensors") for f in (folder, tmp_path / "net"))
    changed = {k for k in before if k in after and not torch.equal(before[k], after[k])}
    assert changed and (
        not lora or all("query" in k or "key" in k or "value" in k for k in changed)
    )


def test_early_stopping_keeps_the_best(train, validation, tmp_path):
    config = quick_config(max_steps=400, patience=2, threshold=5.0)
    description = train_tiny(train, validation, tmp_path / "net", config=config)
    assert description["steps"] == 12
    metrics = pd.read_csv(tmp_path / "net" / "metrics.tsv", sep="\t")
    assert description["validation"]["loss"] == pytest.approx(metrics.validation_loss.min())


def test_keep_going_leaves_bad_records_out(fasta, proteins, validation, tmp_path):
    train = fasta("bad.fasta", [*proteins[:20], ("bad", "MA!K")])
    config = quick_config(max_steps=4)
    train_tiny(train, validation, tmp_path / "net", config=config, keep_going=True)
    assert "bad" in (tmp_path / "net.failed.tsv").read_text()


@pytest.mark.parametrize("as_teacher", [False, True])
def test_the_default_window_is_the_limit_of_a_small_network(
    train, validation, small_network, tmp_path, as_teacher
):
    network = {"teacher": small_network} if as_teacher else {"model": small_network}
    config = quick_config(max_steps=2, evaluate_every=1)
    description = train_tiny(train, validation, tmp_path / "net", config=config, **network)
    assert description["window"] == 62 and find_checkpoint(tmp_path / "net").window == 62
    words = r"^window: expected at most 62 residues for .*found 99"
    with pytest.raises(SettingsError, match=words):
        train_tiny(train, validation, tmp_path / "other", config=quick_config(window=99), **network)
    assert not (tmp_path / "other").exists()
