"""`finetune` of the bundled readout network."""

import json

import numpy as np
import pandas as pd
import pytest
from prediction_files import table_of

from pepseq import FinetuneConfig, PredictConfig, finetune, predict
from pepseq.errors import InputError, SettingsError
from pepseq.models.checkpoints import BUNDLED, find_checkpoint
from pepseq.training.trainer import MaskedTrainer

MODEL = PredictConfig(mode="model", device="cpu", threads=1)


QUICK = dict(max_steps=4, evaluate_every=2, batch_residues=3000, learning_rate=1e-3, device="cpu")


@pytest.fixture
def files(fasta, proteins):
    train = fasta("train.fasta", [(i, s[:200]) for i, s in proteins[:40]])
    return train, fasta("validation.fasta", [(i, s[:200]) for i, s in proteins[40:60]])


@pytest.mark.slow
def test_the_adapted_network_completes_any_readout_still(files, fasta, tmp_path):
    train, _ = files
    changes = {"max_steps": 20, "evaluate_every": 10, "learning_rate": 1e-3}
    config = FinetuneConfig(**QUICK | changes)
    done = finetune(train, train, tmp_path / "net", ["K1", "C[DE]"], config=config)
    rows = pd.read_csv(tmp_path / "net" / "metrics.tsv", sep="\t").dropna(subset="validation_loss")
    assert rows.validation_loss.iloc[-1] < rows.validation_loss.iloc[0] - 0.001
    assert done["settings"]["base"]["model"] == BUNDLED.name
    checkpoint = find_checkpoint(tmp_path / "net")
    assert checkpoint.any_readout and str(checkpoint.readouts[1]) == "C[DE]"
    source = fasta("r", [("p", "MXXKXXX")])
    answers = []
    for model in (None, tmp_path / "net"):
        out = tmp_path / f"o{len(answers)}"
        predict(source, out, model=model, readout="KM", table=f"{out}.tsv", config=MODEL)
        answers.append(table_of(f"{out}.tsv").confidence.sum())
    assert answers[0] != answers[1]


@pytest.mark.slow
def test_a_run_shorter_than_its_interval_has_a_training_loss(files, tmp_path):
    changes = {"max_steps": 3, "evaluate_every": 500, "window": 60}
    finetune(*files, tmp_path / "net", "K1", config=FinetuneConfig(**QUICK | changes))
    rows = pd.read_csv(tmp_path / "net" / "metrics.tsv", sep="\t")
    assert rows.step.tolist() == [0, 3] and 2 < rows.train_loss.iloc[1] < 4
    assert rows.validation_loss.notna().all()  # the first one is the bundled network's own


def test_gradient_checkpointing_of_a_readout_network_is_refused(files, tmp_path):
    config = FinetuneConfig(**QUICK, gradient_checkpointing=True)
    with pytest.raises(SettingsError, match="--gradient-checkpointing: this network"):
        finetune(*files, tmp_path / "net", "K1", config=config)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"learning_rate": float("nan")}, "learning_rate: expected above 0, found nan"),
        ({"max_steps": -1}, "max_steps: expected 0 or more, found -1"),
        ({"patience": 0}, "patience: expected 1 or more, found 0"),
        ({"window": 0}, "window: expected 1 or more, found 0"),
        ({"window": 9, "overlap": 9}, "overlap: expected fewer residues than the window's 9"),
    ],
)
def test_faulty_settings_say_what_was_found(setting, words):
    with pytest.raises(SettingsError, match=words):
        FinetuneConfig(**setting)
    assert FinetuneConfig(window=100).overlap == 50 and FinetuneConfig(window=999).overlap == 128


@pytest.mark.slow
def test_an_adaptation_that_is_resumed_gives_the_same_weights(files, tmp_path, monkeypatch):
    train, validation = files
    config = FinetuneConfig(**QUICK)
    finetune(train, validation, tmp_path / "whole", "K1", config=config)
    evaluate, calls = MaskedTrainer.evaluate, []

    def breaks(self, *arguments, **keywords):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(self, *arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(MaskedTrainer, "evaluate", breaks)
        with pytest.raises(KeyboardInterrupt):
            finetune(train, validation, tmp_path / "net", "K1", config=config)
    finetune(train, validation, tmp_path / "net", "K1", config=config, resume=True)
    whole, resumed = (
        json.loads((tmp_path / name / "manifest.json").read_text())["sha256"]["model.safetensors"]
        for name in ("whole", "net")
    )
    assert whole == resumed


@pytest.mark.slow
def test_a_readout_network_learns_from_a_teacher(files, protbert, tmp_path):
    train, validation = files
    config = FinetuneConfig(**QUICK | {"teacher_weight": 1.0, "max_steps": 2, "evaluate_every": 1})
    done = finetune(train, validation, tmp_path / "net", "K[DE]", teacher=protbert, config=config)
    assert np.isfinite(done["validation"]["loss"]) and done["settings"]["teacher"]


def test_a_readout_network_is_no_teacher(files, tmp_path):
    with pytest.raises(InputError, match="--teacher .*found a readout network"):
        finetune(*files, tmp_path / "net", "KCYM", teacher=BUNDLED, config=FinetuneConfig(**QUICK))
