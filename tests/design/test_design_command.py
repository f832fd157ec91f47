"""The command and its functions: outputs, search, figure, errors that are one line."""

import json
from itertools import combinations, pairwise

import pandas as pd
import pytest
from test_label_sets import random_proteins

import pepseq
from pepseq.design.design_table import DESIGN_COLUMNS
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.error_model import SequencingErrors

PROTEINS = [(f"P{n}", text) for n, text in enumerate(random_proteins(30, seed=5))]


@pytest.fixture
def proteins(fasta):
    return fasta("proteins", PROTEINS)


def test_a_table_and_a_figure_are_written_with_a_run_record(run, proteins, tmp_path):
    out, figure = tmp_path / "labels.tsv", tmp_path / "labels.svg"
    given = ("--reference", proteins, "-o", out, "--figure", figure)
    done = run("design", *given, "--candidates", "ED,K,C", "--threads", 1)
    assert done.code == 0
    assert "30 proteins" in done.err and "7 sets of labels" in done.err
    assert "best of 1 label: " in done.err and "best of 3 labels: DE,K,C: " in done.err
    table = pd.read_csv(out, sep="\t")
    assert tuple(table.columns) == DESIGN_COLUMNS
    assert table["rank"].tolist() == list(range(1, 8))
    assert table["proteins_identified"].is_monotonic_decreasing
    assert sorted(table["rank_of_count"]) == [1, 1, 1, 2, 2, 3, 3]
    assert b"<!-- DE,K,C -->" in figure.read_bytes()
    record = json.loads((tmp_path / "labels.tsv.run.json").read_text())
    assert record["settings"]["reference"]["proteins"] == 30
    assert {output["kind"] for output in record["outputs"]} == {"label sets", "figure"}
    before = figure.read_bytes()
    assert run("design", *given, "--candidates", "ED,K,C", "--force").code == 0
    assert figure.read_bytes() == before


def test_functions_on_memory_give_the_table_of_the_file(proteins, tmp_path):
    config = pepseq.DesignConfig(candidates="DE,K,C,Y", max_labels=2, reads=100, cycles=8)
    errors = SequencingErrors(detach=0.01, bleach=(0.01, 0.0, 0.02, 0.0), dud=(0.05,) * 4)
    out = tmp_path / "labels.parquet"
    figure = tmp_path / "labels.png"
    pytest.importorskip("pyarrow")
    done = pepseq.design_label_table(proteins, out, figure=figure, config=config, errors=errors)
    in_memory = pepseq.design_labels(dict(PROTEINS), config=config, errors=errors)
    assert pd.read_parquet(out).to_dict() == in_memory.to_dict()
    pd.testing.assert_frame_equal(done.table, in_memory)
    assert figure.read_bytes().startswith(b"\x89PNG")
    threads = pepseq.DesignConfig(
        candidates="DE,K,C,Y", max_labels=2, reads=100, cycles=8, threads=3
    )
    one_thread = pepseq.design_labels(dict(PROTEINS), config=threads, errors=errors)
    pd.testing.assert_frame_equal(one_thread, in_memory)


def test_errors_lower_what_is_identified():
    config = pepseq.DesignConfig(candidates="DE,K,C,Y", max_labels=4)
    shares = []
    for rate in (0.0, 0.003, 0.02):
        errors = SequencingErrors(edman_failure=rate, bleach=(rate,) * 4, dud=(rate,) * 4)
        table = pepseq.design_labels(dict(PROTEINS), config=config, errors=errors)
        assert len(table) == 15
        shares.append(table.set_index("labels")["peptides_identified"]["DE,K,C,Y"])
    assert shares[0] > shares[1] > shares[2] > 0
    scaled = pepseq.DesignConfig(candidates="DE,K,C,Y", error_scale=0.15)
    again = pepseq.design_labels(dict(PROTEINS), config=scaled, errors=errors)
    assert again.set_index("labels")["peptides_identified"]["DE,K,C,Y"] == shares[1]


def test_greedy_search_adds_the_best_label_each_time():
    config = {"candidates": "DE,K,C,Y,R,L", "max_labels": 3}
    every = pepseq.design_labels(dict(PROTEINS), config=pepseq.DesignConfig(**config))
    assert len(every) == 6 + 15 + 20
    greedy = pepseq.DesignConfig(**config, search="greedy")
    table = pepseq.design_labels(dict(PROTEINS), config=greedy)
    assert len(table) == 6 + 5 + 4
    by_labels = every.set_index("labels")["proteins_identified"]
    for row in table.itertuples():
        assert by_labels[row.labels] == row.proteins_identified
    best = table[table["rank_of_count"] == 1].sort_values("label_count")["labels"]
    sets = [set(labels.split(",")) for labels in best]
    assert all(few < more for few, more in pairwise(sets))
    first = every[every["label_count"] == 1]["labels"].iloc[0]
    assert best.iloc[0] == first


def test_bad_records_are_listed(run, tmp_path):
    path = tmp_path / "p.fasta"
    path.write_text(">a\nMAGICKLLWYCHAINMK\n>b\nMK1L\n")
    out = tmp_path / "labels.tsv"
    done = run("design", "--reference", path, "-o", out)
    assert done.code == 65 and "1 of 2 records were left out" in done.err
    assert out.exists() and "b" in (tmp_path / "labels.tsv.failed.tsv").read_text()
    assert run("design", "--reference", path, "-o", out, "--force", "--keep-going").code == 0


BAD = [
    ("--candidates K,K", "labels 'K,K': K occurs twice"),
    ("--candidates K,B", "'B' is not an amino acid"),
    ("--candidates ,", "a label is empty"),
    ("--max-labels 9", "max_labels: expected at most 8, the number of candidates, found 9"),
    ("--min-length 500", "has a peptide of these lengths"),
    ("--candidates W --max-length 1", "has one of the labels W"),
    (
        "--candidates A,C,D,E,F,G,H,I,K,L,M,N,P,Q --max-labels 5",
        "max_labels: 3,472 sets of up to 5 of 14 candidates are too many for an exhaustive search "
        "(at most 2,000): use --search greedy, or a smaller --max-labels",
    ),
    ("--figure a.jpg", "figure: expected a name that ends in .png, .svg or .pdf, found a.jpg"),
    ("--cycles 60", "cycles: expected 1 to 27 with 4 labels, found 60"),
    ("--initial-block 1", "hardly a molecule gives a read"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[options for options, _ in BAD])
def test_a_fault_is_one_line(run, proteins, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    done = run("design", "--reference", proteins, "-o", "labels.tsv", *options.split())
    assert done.code == 2
    assert message in done.err.splitlines()[-1]
    assert not list(tmp_path.glob("labels*"))


def test_labels_after_the_last_cycle_are_not_read():
    config = pepseq.DesignConfig(candidates="D,C", cycles=2)
    with pytest.raises(SettingsError, match="hardly a molecule gives a read: raise cycles"):
        pepseq.design_labels(["GGDK"], config=config)
    table = pepseq.design_labels(["GGDK", "GCK"], config=config)
    assert table["labels"].tolist() == ["C", "D,C", "D"]
    assert table["proteins_identified"].tolist() == [0.5, 0.5, 0.0]


def test_rates_of_channels_are_one_for_each_candidate(run, proteins, tmp_path):
    errors = SequencingErrors(bleach=(0.1, 0.1), dud=(0.0, 0.0))
    with pytest.raises(SettingsError, match="expected rates of 8 channels"):
        pepseq.design_labels(dict(PROTEINS), errors=errors)
    model = {"p_bleach": 0.01, "p_dud": 0.02}
    names = ("edman_failure", "detach", "initial_detach", "initial_block", "cyclic_block")
    rates = {f"p_{name}": 0.01 for name in names} | {"p_initial_detach_decay": 0.3}
    path = tmp_path / "errors.json"
    path.write_text(json.dumps(rates | {"channel_models": [model] * 3}))
    out = tmp_path / "labels.tsv"
    done = run("design", "--reference", proteins, "-o", out, "--errors", path)
    assert done.code == 65 and "expected 8, one for each label, found 3" in done.err
    given = ("--errors", path, "--candidates", "DE,C,Y")
    assert run("design", "--reference", proteins, "-o", out, *given).code == 0
    by_file = out.read_text()
    options = [f"--{name.replace('_', '-')}=0.01" for name in names]
    options += ["--initial-detach-decay=0.3", "--bleach=0.01", "--dud=0.02"]
    given = (*options, "--candidates", "DE,C,Y", "--force")
    assert run("design", "--reference", proteins, "-o", out, *given).code == 0
    assert out.read_text() == by_file


def test_many_errors_are_said_to_make_predictions_inaccurate(run, proteins, tmp_path):
    out = tmp_path / "labels.tsv"
    given = ("--reference", proteins, "-o", out, "--candidates", "DE,C")
    done = run("design", *given, "--edman-failure", "0.2", "--dud", "0.2")
    assert done.code == 0 and "have no error: the predictions are inaccurate" in done.err


def test_exhaustive_search_compares_every_set():
    config = pepseq.DesignConfig(candidates="DE,K,C", max_labels=2)
    table = pepseq.design_labels(dict(PROTEINS), config=config)
    expected = {",".join(c) for n in (1, 2) for c in combinations(["DE", "K", "C"], n)}
    assert set(table["labels"]) == expected
