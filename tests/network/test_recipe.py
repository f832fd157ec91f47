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
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((output / "pepseq.json").read_text())


@pytest.mark.workflow
def test_a_network_is_made_trained_on_for_one_readout_and_predicts(inputs, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    made = run(inputs, first, "--steps", "2", "--every", "1")
    assert made["settings"]["steps"] == 2 and made["residues_seen"] >= 2 * 3072
    resumed = run(inputs, first, "--steps", "3", "--every", "1")
    rows = (tmp_path / "first.training" / "curve.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [1, 2, 3]
    assert resumed["residues_seen"] > made["residues_seen"]
    run(inputs, second, "--start", first, "--readout", "CY[DE]", "--steps", "1")
    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, second)]
    assert weights[0] != weights[1]
    (tmp_path / "read.fa").write_text(">p\nXXCXXY[DE]XXX\n".replace("[DE]", "D"))
    config = pepseq.PredictConfig(mode="model")
    pepseq.predict(
        tmp_path / "read.fa", tmp_path / "o.fa", model=second, readout="CYD", config=config
    )
    (record,) = read_fasta(tmp_path / "o.fa")
    assert record.sequence[2] == "C" and len(record.sequence) == 10
