"""The network that comes with pepseq: any readout and length."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from known import masked
from prediction_files import table_of

from pepseq import PredictConfig, predict
from pepseq.errors import InputError
from pepseq.models.checkpoints import BUNDLED, find_checkpoint, write_manifest
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta

MODEL = PredictConfig(mode="model", device="cpu", threads=1)


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
    of_ma, of_mw = (table_of(tmp_path / f"{text}.tsv") for text in ("MA", "MW"))
    assert "A" not in set(of_ma.residue)
    assert of_ma.confidence.sum() != of_mw.confidence.sum()


@pytest.mark.slow
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
        tables.append(table_of(tmp_path / f"t{number}"))
    assert (tables[0].residue == tables[1].residue).mean() > 0.999
    assert np.allclose(tables[0].confidence, tables[1].confidence, atol=1e-4)


def test_missed_labels_are_candidates_without_templates_too(fasta, tmp_path):
    source = fasta("r", [("p", "AXXXKXXXXXXLXXXXXXXXXXG")])
    seen = []
    for missed in (0.0, 0.9):
        config = PredictConfig(mode="model", device="cpu", missed_label=missed)
        table = tmp_path / f"{missed}"
        predict(source, tmp_path / f"o{missed}", table=table, readout="KLAG", config=config)
        rows = table_of(table)
        seen.append(set(rows[rows.source == "predicted"].residue) | set(rows.second))
    assert not set("KLAG") & seen[0] and set("LA") & seen[1]


def test_nothing_is_written_into_the_home_of_the_user(fasta, proteins, tmp_path, monkeypatch):
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
