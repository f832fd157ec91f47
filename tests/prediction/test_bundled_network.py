"""The network that comes with pepseq: any readout and length, with templates and without."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from known import masked

from pepseq import FinetuneConfig, PredictConfig, finetune, predict
from pepseq.errors import InputError, SettingsError
from pepseq.models.checkpoints import BUNDLED, find_checkpoint, write_manifest
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta

MODEL = PredictConfig(mode="model", device="cpu", threads=1)
QUICK = dict(max_steps=4, evaluate_every=2, batch_residues=3000, learning_rate=1e-3, device="cpu")


def rows_of(table):
    return pd.read_csv(table, sep="\t", keep_default_na=False, low_memory=False)


@pytest.mark.parametrize("text", ["C", "KC", "[DE]C[KR]Y", "ACDEFGHIKLMNPQRSTV"])
def test_any_readout_is_completed_from_its_candidates(fasta, proteins, tmp_path, text):
    readout = Readout(text)
    given = [(i, masked(s[:90], readout)) for i, s in proteins[:6]]
    source = tmp_path / "r"
    groups = readout.group_symbols
    source.write_text(
        "".join(
            f">{i}\n{''.join(f'[{groups[a]}]' if a in groups else a for a in s)}\n"
            for i, s in given
        )
    )
    predict(source, tmp_path / "o", readout=text, config=MODEL)
    for (_, before), after in zip(given, read_fasta(tmp_path / "o"), strict=True):
        assert len(before) == len(after.sequence)
        for a, b in zip(before, after.sequence, strict=True):
            assert b in (readout.hidden if a == "X" else groups.get(a, a))


def test_absent_labels_are_evidence(fasta, tmp_path):
    """The same X means other things in other readouts: the network is told which one it is."""
    source = fasta("r", [("p", "M" + "X" * 60)])
    for text in ("MA", "MW"):
        predict(source, tmp_path / text, readout=text, table=tmp_path / f"{text}.tsv", config=MODEL)
    one, other = (rows_of(tmp_path / f"{text}.tsv") for text in ("MA", "MW"))
    assert "A" not in set(one.residue) and one.confidence.sum() != other.confidence.sum()


def test_a_protein_as_long_as_titin_and_one_residue(fasta, proteins, tmp_path):
    titin = "".join(masked(s) for _, s in proteins)[:35_000]
    source = fasta("r", [("titin", titin), ("one", "X"), ("label", "K")])
    predict(source, tmp_path / "o", readout="K1", config=MODEL)
    done = [record.sequence for record in read_fasta(tmp_path / "o")]
    assert len(done[0]) == 35_000 and len(done[1]) == 1 and done[2] == "K"


def test_no_residue_depends_on_the_batch(fasta, proteins, tmp_path):
    source = fasta("r", [(i, masked(s)) for i, s in proteins[:20]])
    tables = []
    for number in (100, 4096):
        config = PredictConfig(mode="model", device="cpu", batch_residues=number)
        predict(source, tmp_path / f"o{number}", table=tmp_path / f"t{number}", config=config)
        tables.append(rows_of(tmp_path / f"t{number}"))
    assert (tables[0].residue == tables[1].residue).mean() > 0.999
    assert np.allclose(tables[0].confidence, tables[1].confidence, atol=1e-4)


def test_missed_labels_are_candidates_without_templates_too(fasta, tmp_path):
    source = fasta("r", [("p", "AXXXKXXXXXXLXXXXXXXXXXG")])
    seen = []
    for missed in (0.0, 0.9):
        config = PredictConfig(mode="model", device="cpu", missed_label=missed)
        table = tmp_path / f"{missed}"
        predict(source, tmp_path / f"o{missed}", table=table, readout="KLAG", config=config)
        rows = rows_of(table)
        seen.append(set(rows[rows.source == "predicted"].residue) | set(rows.second))
    assert not set("KLAG") & seen[0] and set("LA") & seen[1]


def test_nothing_is_written_or_said_about_the_user(fasta, proteins, tmp_path, monkeypatch):
    source = fasta("r", [(i, masked(s)) for i, s in proteins[:3]])
    home = tmp_path / "home"
    home.mkdir()
    call = [sys.executable, "-m", "pepseq", "-q", "predict", source, "--mode", "model", "-o"]
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    done = subprocess.run([*call, tmp_path / "o"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_torch_and_transformers_are_not_imported(fasta, proteins, tmp_path):
    source = fasta("r", [(i, masked(s)) for i, s in proteins[:3]])
    code = (
        "import sys; from pepseq import predict, PredictConfig; "
        f"predict({str(source)!r}, {str(tmp_path / 'o')!r}, config=PredictConfig(device='cpu')); "
        "assert 'onnxruntime' in sys.modules; "
        "sys.exit(' '.join({'torch', 'transformers'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("option", ["--window", "--precision"])
def test_settings_of_other_networks_are_refused(run, fasta, tmp_path, option):
    source = fasta("r", [("p", "MXXK")])
    value = {"--window": 2, "--precision": "int8"}[option]
    result = run("predict", source, "-o", tmp_path / "o", option, value)
    assert result.code == 2 and option in result.err and not (tmp_path / "o").exists()


@pytest.fixture
def files(fasta, proteins):
    train = fasta("train.fasta", [(i, s[:200]) for i, s in proteins[:40]])
    return train, fasta("validation.fasta", [(i, s[:200]) for i, s in proteins[40:60]])


def test_it_is_adapted_and_then_completes_any_readout_still(files, fasta, tmp_path):
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
        answers.append(rows_of(f"{out}.tsv").confidence.sum())
    assert answers[0] != answers[1]


def test_a_run_shorter_than_its_interval_has_a_training_loss(files, tmp_path):
    changes = {"max_steps": 3, "evaluate_every": 500, "window": 60}
    finetune(*files, tmp_path / "net", "K1", config=FinetuneConfig(**QUICK | changes))
    rows = pd.read_csv(tmp_path / "net" / "metrics.tsv", sep="\t")
    assert rows.step.tolist() == [0, 3] and 2 < rows.train_loss.iloc[1] < 4
    assert rows.validation_loss.notna().all()  # the first one is the bundled network's own


def test_gradient_checkpointing_is_not_for_it(files, tmp_path):
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


def test_an_adaptation_that_was_stopped_goes_on_to_the_same_weights(files, tmp_path, monkeypatch):
    train, validation = files
    config = FinetuneConfig(**QUICK)
    finetune(train, validation, tmp_path / "whole", "K1", config=config)
    from pepseq.training.trainer import MaskedTrainer

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
    one, other = (
        json.loads((tmp_path / name / "manifest.json").read_text())["sha256"]["model.safetensors"]
        for name in ("whole", "net")
    )
    assert one == other


def test_it_learns_from_a_teacher(files, protbert, tmp_path):
    train, validation = files
    config = FinetuneConfig(**QUICK | {"teacher_weight": 1.0, "max_steps": 2, "evaluate_every": 1})
    done = finetune(train, validation, tmp_path / "net", "K[DE]", teacher=protbert, config=config)
    assert np.isfinite(done["validation"]["loss"]) and done["settings"]["teacher"]


def test_a_readout_network_is_no_teacher(files, tmp_path):
    with pytest.raises(InputError, match="--teacher .*found a readout network"):
        finetune(*files, tmp_path / "net", "KCYM", teacher=BUNDLED, config=FinetuneConfig(**QUICK))


@pytest.mark.parametrize("readouts", ["KCYM", [1], ["ZZ"], None])
def test_a_description_with_faulty_readouts_is_refused(tmp_path, readouts):
    shutil.copytree(BUNDLED, tmp_path / "net")
    path = tmp_path / "net" / "pepseq.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"readouts": readouts}))
    write_manifest(tmp_path / "net")
    with pytest.raises(InputError, match=r"pepseq\.json"):
        find_checkpoint(tmp_path / "net")


def test_a_damaged_network_is_refused(tmp_path, fasta):
    shutil.copytree(BUNDLED, tmp_path / "net")
    graph = tmp_path / "net" / "graph.onnx"
    graph.write_bytes(graph.read_bytes()[:-9])
    source = fasta("r", [("p", "MXXK")])
    with pytest.raises(InputError, match=r"graph\.onnx"):
        predict(source, tmp_path / "o", model=tmp_path / "net", readout="K1", config=MODEL)
