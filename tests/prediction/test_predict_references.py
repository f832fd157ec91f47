"""`predict --reference`: which known proteins are used, and every fault of theirs."""

import os
import shutil
import threading

import numpy as np
import pytest
from known import masked
from prediction_files import accuracy, sequences, table_of

from pepseq import PredictConfig, predict

ALONE = PredictConfig(mode="templates")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def known(fasta, proteins):
    return fasta("known.fasta", proteins[:60])


@pytest.fixture
def reads(fasta, proteins):
    return fasta("reads.fasta", [(i, masked(s)) for i, s in proteins[:12]])


def test_the_bundled_proteome_is_the_default(reads, proteins, tmp_path):
    predict(reads, tmp_path / "o", config=ALONE)
    assert accuracy(tmp_path / "o", proteins[:12]) > 0.6


def test_the_bundled_proteome_has_a_name(reads, known, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    common = (reads, "--mode", "templates")
    assert run("predict", *common, "-o", "default").code == 0
    (tmp_path / "bundled").mkdir()  # no file
    assert run("predict", *common, "-o", "named", "--reference", "bundled").code == 0
    assert sequences(tmp_path / "default") == sequences(tmp_path / "named")
    (tmp_path / "bundled").rmdir()
    shutil.copy(known, "bundled")  # a file of that name comes first
    result = run("predict", *common, "-o", "own", "--reference", "bundled")
    assert result.code == 0 and sequences(tmp_path / "own") != sequences(tmp_path / "named")


@pytest.mark.slow
def test_evaluate_takes_the_bundled_proteome_by_its_name(known, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = ("evaluate", known, known, "--readout", "K1", "--reference", "bundled")
    result = run(*call, "-o", "accuracy")
    assert "templates/bundled" in (tmp_path / "accuracy.run.json").read_text(), result
    assert (tmp_path / "accuracy" / "identity.tsv").exists()


def test_an_own_model_goes_with_a_reference_of_its_own(protbert, known, reads, proteins, tmp_path):
    options = {"model": protbert, "readout": "K1", "config": PredictConfig(device="cpu")}
    predict(reads, tmp_path / "with", reference=[known], **options)
    predict(reads, tmp_path / "without", **options)
    assert accuracy(tmp_path / "with", proteins[:12]) > 0.97
    assert accuracy(tmp_path / "without", proteins[:12]) < 0.3


def test_a_model_without_a_reference_is_noticed(protbert, known, reads, run, tmp_path):
    call = ("predict", reads, "--model", protbert, "--readout", "K1", "--force")
    call = (*call, "--device", "cpu", "-o", tmp_path / "o")
    assert "no templates (give --reference)" in run(*call).err
    assert "no templates" not in run(*call, "--reference", known).err
    assert "no templates" not in run(*call, "--mode", "model").err


def test_the_order_of_references_changes_at_most_names(fasta, proteins, reads, tmp_path):
    one, two = fasta("one", proteins[:30]), fasta("two", proteins[30:60])
    for name, order in (("a", [one, two]), ("b", [two, one])):
        predict(
            reads, tmp_path / name, reference=order, table=f"{tmp_path / name}.tsv", config=ALONE
        )
    assert sequences(tmp_path / "a") == sequences(tmp_path / "b")
    tables = [table_of(tmp_path / f"{name}.tsv") for name in "ab"]
    assert np.allclose(tables[0].template_weight, tables[1].template_weight, atol=1e-5)


def test_a_second_run_reads_the_index_and_gives_the_same(known, reads, run, tmp_path):
    common = ["predict", reads, "--reference", known, "--mode", "templates"]
    first, second = run(*common, "-o", "-"), run(*common, "-o", "-")
    assert first.out == second.out != "" and "distinct proteins" not in second.err


@pytest.mark.parametrize("known", [[("x", "XUZ")], [("m", "M")], [("titin", "MAKEVC" * 6000)]])
@pytest.mark.parametrize("kind", ["protein", "prefix", "tryptic", "fragment"])
def test_references_with_odd_proteins_are_used(fasta, known, kind, tmp_path):
    source = fasta("r", [("a", "MXKXXC" * 30), ("b", "X"), ("c", "MXKX"), ("d", "MXKXXC" * 300)])
    config = PredictConfig(mode="templates", kind=kind)
    predict(source, tmp_path / "o", reference=fasta("k", known), config=config)
    assert [len(s) for s in sequences(tmp_path / "o").values()] == [180, 1, 4, 1800]


BAD_REFERENCES = {
    "empty": b"",
    "bad records only": b">a\nM-K\n>b\n",
    "not FASTA": b"@read\nMKV\n+\nIII\n",
    "HTML": b"<html></html>",
    "binary": b"\0\1\2\3",
    "cut gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\3\x4b",
    "missing": None,
    "folder": "folder",
}


@pytest.mark.parametrize("kind", BAD_REFERENCES)
def test_a_bad_reference_is_an_input_error_in_one_line(run, reads, tmp_path, kind):
    bad, text = tmp_path / "bad.fasta", BAD_REFERENCES[kind]
    if text == "folder":
        bad.mkdir()
    elif text is not None:
        bad.write_bytes(text)
    before = sorted(tmp_path.iterdir())
    result = run(
        "predict", reads, "--reference", bad, "-o", tmp_path / "o", "--table", tmp_path / "t"
    )
    assert result.code == 65 and len(result.err.strip().splitlines()) == 1
    assert "bad.fasta" in result.err and sorted(tmp_path.iterdir()) == before


def test_bad_records_of_a_reference_are_left_out_with_a_warning(
    run, reads, known, proteins, tmp_path
):
    known.write_text(known.read_text() + ">bad\nM-K\n")
    result = run("predict", reads, "--reference", known, "-o", tmp_path / "o")
    assert result.code == 0 and "1 record left out" in result.err
    assert accuracy(tmp_path / "o", proteins[:12]) > 0.97


@pytest.mark.parametrize(
    "arguments",
    [
        ["--mode", "model", "--reference", "known.fasta", "-o", "o"],
        ["--mode", "templates", "--model", "folder", "-o", "o"],
        ["--reference", "known.fasta", "-o", "known.fasta", "--force"],
        ["--reference", "known.fasta", "-o", "o", "--table", "known.fasta", "--force"],
        ["--mode", "some", "-o", "o"],
        ["--kind", "some", "-o", "o"],
        ["--missed-label", "1", "-o", "o"],
        ["--misread", "-0.1", "-o", "o"],
        ["--misread", "nan", "-o", "o"],
        ["--reference", "-", "-o", "o", "-"],
    ],
)
def test_options_that_contradict_each_other_are_usage_errors(
    run, reads, known, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    before = known.read_bytes(), sorted(tmp_path.iterdir())
    more = [reads.name] if arguments[-1] != "-" else []
    result = run("predict", *more, *arguments)
    assert result.code == 2 and (known.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_a_reference_may_come_from_stdin_or_a_pipe(known, reads, run, tmp_path):
    predict(reads, tmp_path / "o", reference=known, config=ALONE)
    common = ["predict", reads, "--mode", "templates"]
    piped = run(*common, "--reference", "-", "-o", tmp_path / "p", stdin=known.read_bytes())
    assert piped.code == 0, piped.err
    os.mkfifo(tmp_path / "fifo")
    threading.Thread(target=lambda: (tmp_path / "fifo").write_bytes(known.read_bytes())).start()
    predict(reads, tmp_path / "q", reference=tmp_path / "fifo", config=ALONE)
    for name in "pq":
        assert (tmp_path / name).read_bytes() == (tmp_path / "o").read_bytes()
