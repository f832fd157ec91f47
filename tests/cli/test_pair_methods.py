"""`pepseq pair`: which method is taken and why, DiffPALM end to end, rounds, and kills."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import DATA

from pepseq.models.conversion import convert_weights
from pepseq.pairing import method_choice
from pepseq.pairing.method_choice import DiffPalmLimits

A, B = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"
COLUMNS, SPECIES = 20, ("species_01]", "species_02]", "species_03]")
QUICK = ("--steps", 2, "--runs", 2, "--threads", 1)
RANDOM = ("--method", "random", "--runs", 2)


@pytest.fixture(scope="module")
def weights(msa_pickle, tmp_path_factory):
    """A tiny MSA Transformer that takes 63 columns."""
    return convert_weights(msa_pickle, tmp_path_factory.mktemp("weights") / "tiny.safetensors")


def first_columns(path, to):
    """Write three species of a family, a few columns of each."""
    records = [record.split("\n", 1) for record in path.read_text().split(">")[1:]]
    kept = [(h, s.replace("\n", "")[:COLUMNS]) for h, s in records if h.endswith(SPECIES)]
    to.write_text("".join(f">{header}\n{sequence}\n" for header, sequence in kept))
    return to


@pytest.fixture
def small(tmp_path, caches):
    """Two small families, in a folder of their own; no weights in the caches."""
    folder = tmp_path / "small"
    folder.mkdir()
    return first_columns(A, folder / "a"), first_columns(B, folder / "b")


def record(path):
    return json.loads(Path(f"{path}.run.json").read_text())


def method_line(result):
    (line,) = [line for line in result.err.splitlines() if line.startswith("method ")]
    return line


def test_diffpalm_end_to_end(run, small, weights, tmp_path):
    files = ("--plot", tmp_path / "p.svg", "--paired-msa", tmp_path / "p.fa")
    model = ("--method", "diffpalm", "--model", weights)
    result = run("pair", *small, "-o", tmp_path / "o", *files, *model, *QUICK)
    assert result.code == 0, result.err
    assert "by method diffpalm" in result.err and "method diffpalm:" not in result.err
    settings = record(tmp_path / "o")["settings"]
    assert (settings["method"], settings["why"]) == ("diffpalm", "chosen by the user")
    assert settings["model"] == str(weights) and settings["steps"] == 2
    inputs = {entry["path"]: entry["sha256"] for entry in record(tmp_path / "o")["inputs"]}
    assert len(inputs) == 3
    assert inputs[str(weights)] == hashlib.sha256(weights.read_bytes()).hexdigest()
    pairs = (tmp_path / "o").read_text().splitlines()[1:]
    assert len(pairs) == len((tmp_path / "p.fa").read_text().split(">")) - 1 > 8
    again = run("pair", *small, "-o", tmp_path / "again", *model, *QUICK)
    assert again.code == 0
    assert (tmp_path / "o").read_bytes() == (tmp_path / "again").read_bytes()


def test_the_plot_has_the_losses(run, small, weights, tmp_path):
    for name, options in (("random", ()), ("diffpalm", ("--model", weights, *QUICK[:2]))):
        common = ("--method", name, "--runs", 2, *options)
        files = ("-o", tmp_path / name, "--plot", tmp_path / f"{name}.svg")
        assert run("pair", *small, *files, *common).code == 0
    without, has = ((tmp_path / f"{name}.svg").read_text() for name in ("random", "diffpalm"))
    assert "Their mean" not in without and "Their mean" in has and "Cross-entropy" in has


def test_auto_logs_its_method_and_the_reason(run, small, weights, tmp_path, monkeypatch):
    arguments = ("-o", tmp_path / "o", "--force", *QUICK)
    result = run("pair", *small, *arguments)
    why = "the MSA Transformer is not on this machine (pepseq models download msa-transformer)"
    assert result.code == 0 and method_line(result) == f"method information: {why}"
    assert record(tmp_path / "o")["settings"]["method"] == "information"
    assert record(tmp_path / "o")["settings"]["why"] == why
    result = run("pair", *small, *arguments, "--model", weights)
    assert result.code == 0 and method_line(result).startswith("method diffpalm: ")
    assert "by method diffpalm" in result.err
    result = run("pair", A, B, *arguments, "--model", weights)
    expected = "the paired alignment has 136 columns, and the MSA Transformer takes at most 63"
    assert result.code == 0 and method_line(result) == f"method information: {expected}"
    assert str(weights) in [entry["path"] for entry in record(tmp_path / "o")["inputs"]]
    with monkeypatch.context() as patch:
        patch.setattr(method_choice, "DIFFPALM_LIMITS", DiffPalmLimits(max_work_on_cpu=100))
        result = run("pair", *small, *arguments, "--model", weights)
    assert "core hours without a GPU" in method_line(result)
    monkeypatch.setattr(method_choice, "DIFFPALM_LIMITS", DiffPalmLimits(max_pairs=5))
    result = run("pair", *small, *arguments, "--model", weights)
    assert result.code == 0 and "rows, and auto uses diffpalm for at most 5" in method_line(result)


def test_auto_takes_weights_in_the_cache(run, small, msa_pickle, tmp_path, caches):
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / msa_pickle.name).write_bytes(msa_pickle.read_bytes())
    result = run("pair", *small, "-o", tmp_path / "o", *QUICK)
    assert result.code == 0 and method_line(result).startswith("method diffpalm: ")
    used = str((folder / msa_pickle.name).with_suffix(".safetensors"))
    assert record(tmp_path / "o")["settings"]["model"] == used
    assert [len(entry["sha256"]) for entry in record(tmp_path / "o")["inputs"]] == [64, 64, 64]
    assert caches.asked == []


def test_weights_asked_for_by_name_are_downloaded_unless_offline(
    run, small, msa_pickle, tmp_path, caches
):
    caches.files[f"/models/{msa_pickle.name}"] = msa_pickle.read_bytes()
    arguments = (*small, "-o", tmp_path / "o", *QUICK)
    for asked in (("--method", "diffpalm"), ("--model", "msa-transformer")):
        result = run("pair", *arguments, *asked, "--offline")
        assert result.code == 65 and "pepseq models download msa-transformer" in result.err
        assert f"put {msa_pickle.name} from" in result.err and not (tmp_path / "o").exists()
    assert run("pair", *arguments).code == 0 and caches.asked == []
    result = run("pair", *arguments, "--method", "diffpalm", "--force")
    assert result.code == 0 and "by method diffpalm" in result.err
    assert len(caches.asked) > 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.safetensors", None, "expected a file of weights or msa-transformer, found none"),
        ("protbert", None, "expected a file of weights or msa-transformer, found none"),
        ("w.safetensors", b"<html>", "expected a safetensors file"),
        ("w.pt", b"<html>", "expected weights alone"),
        ("w.bin", b"", "must end in .pt or .safetensors"),
    ],
)
@pytest.mark.parametrize("method", ["auto", "diffpalm"])
def test_a_file_without_weights_is_an_input_error(
    run, small, tmp_path, name, content, words, method
):
    path = tmp_path / name if content is not None or "." in name else name
    if content is not None:
        path.write_bytes(content)
    result = run("pair", *small, "-o", tmp_path / "o", "--method", method, "--model", path)
    assert result.code == 65 and words in result.err and name in result.err
    assert "Error: " in result.err.splitlines()[-1] and not (tmp_path / "o").exists()


def test_weights_of_another_network_are_an_input_error(run, small, esm2, tmp_path):
    model = esm2 / "model.safetensors"
    for method in ("auto", "diffpalm"):
        result = run("pair", *small, "-o", tmp_path / "o", "--model", model, "--method", method)
        assert result.code == 65 and "expected the MSA Transformer's tensors" in result.err


def test_a_long_alignment_is_an_input_error_of_diffpalm(run, weights, tmp_path):
    arguments = ("--method", "diffpalm", "--model", weights)
    result = run("pair", A, B, "-o", tmp_path / "o", *arguments)
    assert result.code == 65 and "expected at most 63 columns" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--steps", 3),
        ("--model", "msa-transformer"),
        ("--device", "cpu"),
        ("--precision", "bf16"),
        ("--known-confidence", 0.9),
    ],
)
def test_options_that_contradict_the_method_are_a_settings_error(run, tmp_path, arguments):
    result = run("pair", A, B, "-o", tmp_path / "o", *RANDOM, *arguments)
    assert result.code == 2 and arguments[0].removeprefix("--").replace("-", "_") in result.err
    assert list(tmp_path.iterdir()) == []


def test_weights_are_not_overwritten(run, small, weights):
    before = weights.read_bytes()
    result = run("pair", *small, "-o", weights, "--force", "--model", weights)
    assert (
        result.code == 2 and "overwrite an input" in result.err and weights.read_bytes() == before
    )


def test_rounds_on_the_command_line(run, small, weights, tmp_path):
    model = ("--model", weights, *QUICK, "--runs", 3)
    for name, rounds in (("0", ()), ("1", ("--rounds", 1)), ("2", ("--rounds", 2, "--sure", 0.6))):
        result = run("pair", *small, "-o", tmp_path / name, *model, *rounds)
        assert result.code == 0, result.err
    named = (*model, "--rounds", 2, "--known-confidence", 0.6)
    assert run("pair", *small, "-o", tmp_path / "named", *named).code == 0
    assert (tmp_path / "named").read_bytes() == (tmp_path / "2").read_bytes()
    none, one, two = ((tmp_path / name).read_text() for name in "012")
    assert none == one != two
    assert "round 1 of 2: " in result.err and "yes" not in two
    assert (record(tmp_path / "2")["settings"]["rounds"]) == 2


AT_WORK = """
import pathlib, sys
from pepseq.cli.main import main
from pepseq.io.progress import Progress
add = Progress.add
def tell(self, amount):
    pathlib.Path(sys.argv[1]).touch()
    add(self, amount)
Progress.add = tell
main(sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL, -9, id="kill -9", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    ],
)
def test_a_run_killed_at_work_leaves_nothing_and_is_done_again(
    run, small, weights, tmp_path, number, code
):
    common = ("--method", "diffpalm", "--model", weights, "--threads", 1, "--runs", 1, "--steps")
    folder, at_work = tmp_path / "out", tmp_path / "at_work"
    folder.mkdir()
    arguments = ("pair", *small, "-o", folder / "o", *common, 10**6)
    line = [sys.executable, "-c", AT_WORK, at_work, *arguments]
    process = subprocess.Popen(list(map(str, line)), stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and not at_work.exists():
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(30) == code
    finally:
        process.kill()
    assert not (folder / "o").exists()
    if number == signal.SIGTERM:
        assert list(folder.iterdir()) == []
    for name in (folder / "o", tmp_path / "uncut"):
        assert run("pair", *small, "-o", name, *common, 3).code == 0
    for end in ("", ".unpaired.tsv"):
        cut, uncut = (Path(f"{path}{end}") for path in (folder / "o", tmp_path / "uncut"))
        assert cut.read_bytes() == uncut.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["o", "o.run.json", "o.unpaired.tsv"]
