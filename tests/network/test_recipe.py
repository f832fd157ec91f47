"""The recipe of the bundled network, on a few proteins, from FASTA files to what predicts."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pepseq
from pepseq.sequences.fasta import read_fasta

RECIPE = Path(__file__).parents[2] / "workflows" / "train_bundled.py"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A corpus, and the proteomes that are held out and not."""
    folder, rng = tmp_path_factory.mktemp("recipe"), np.random.default_rng(3)
    proteins = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 40)) for _ in range(90)]
    parts = {
        "corpus": [f">{'sp_' if n % 2 else 'ent_'}{n}\n{p}\n" for n, p in enumerate(proteins[:60])],
        "train_ecoli_EC590": [f">a{n}\n{p}\n" for n, p in enumerate(proteins[60:70])],
        "train_ecoli_K12": [f">b{n}\n{p}\n" for n, p in enumerate(proteins[70:80])],
        "train_albertii_KF1": [f">c{n}\n{p}\n" for n, p in enumerate(proteins[80:])],
    }
    for name, lines in parts.items():
        ending = "fasta.gz" if name == "corpus" else "faa.gz"
        with gzip.open(folder / f"{name}.{ending}", "wt") as stream:
            stream.writelines(lines)
    return folder


def run(inputs, output, *options):
    command = [sys.executable, RECIPE, "--corpus", inputs / "corpus.fasta.gz"]
    command += ["--proteomes", inputs, "-o", output, "--examples", "0", "--processes", "1"]
    return subprocess.run([*command, *options], capture_output=True, text=True)


def made_by(inputs, output, *options):
    done = run(inputs, output, *options)
    assert done.returncode == 0, done.stderr
    return json.loads((output / "pepseq.json").read_text())


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", "0"], "--steps: expected 1 or more, found 0"),
        (["--processes", "-1"], "--processes: expected 1 or more, found -1"),
        (["--share", "nan"], "--share: expected 0 to 1, found nan"),
        (["--readout", "K9Z"], "--readout: "),
        (["--start", "nowhere"], "expected the file nowhere/model.safetensors, found none"),
        (["--corpus", "none.fasta"], "expected the file none.fasta, found none"),
        (["--proteomes", "."], "expected the file train_ecoli_EC590.faa.gz, found none"),
    ],
)
def test_faulty_arguments(inputs, tmp_path, options, words):
    done = run(inputs, tmp_path / "out", *options)
    assert done.returncode == 2 and words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == []


@pytest.mark.workflow
def test_nothing_of_somebody_else_is_overwritten(inputs, tmp_path):
    (tmp_path / "precious.txt").write_text("!")
    done = run(inputs, tmp_path, "--steps", "1")
    assert done.returncode == 2 and "expected nothing there" in done.stderr
    with gzip.open(inputs / "corpus.fasta.gz", "rt") as stream:
        (tmp_path / "c.fasta").write_text(stream.read().replace(">sp_", ">tr_"))
    done = run(inputs, tmp_path / "out", "--corpus", tmp_path / "c.fasta")
    assert done.returncode == 2 and "ids begin with sp_, found none" in done.stderr


@pytest.mark.workflow
def test_a_network_is_made_trained_on_for_one_readout_and_predicts(inputs, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    made = made_by(inputs, first, "--steps", "2", "--every", "1")
    assert made["settings"]["steps"] == 2 and made["residues_seen"] >= 2 * 3072
    resumed = made_by(inputs, first, "--steps", "3", "--every", "1")
    rows = (tmp_path / "first.training" / "curve.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [1, 2, 3]
    assert resumed["residues_seen"] > made["residues_seen"]
    done = run(inputs, first, "--readout", "K1", "--steps", "4")
    assert done.returncode == 2 and "expected a run of these files" in done.stderr
    made_by(inputs, second, "--start", first, "--readout", "CY[DE]", "--steps", "1")
    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, second)]
    assert weights[0] != weights[1]
    (tmp_path / "read.fa").write_text(">p\nXXCXXY[DE]XXX\n".replace("[DE]", "D"))
    config = pepseq.PredictConfig(mode="model")
    pepseq.predict(
        tmp_path / "read.fa", tmp_path / "o.fa", model=second, readout="CYD", config=config
    )
    (record,) = read_fasta(tmp_path / "o.fa")
    assert record.sequence[2] == "C" and len(record.sequence) == 10
