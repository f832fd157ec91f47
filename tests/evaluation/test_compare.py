"""Evaluations side by side."""

import json
import struct

import pytest
from evaluation_folder import prepare, rows, write

from pepseq.evaluation import comparison_figures
from pepseq.evaluation.compare import COMPARISON_FILES


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Folders good (5 of 7 hidden residues right) and bad (1 of 7)."""
    with monkeypatch.context() as patch:
        call = prepare(tmp_path, patch)
        assert call("-o", "good").exit_code == 0
        wrong = {"p1": "MGGK", "p2": "AAAA", "p3": "KCYM", "p4": "MAAKL"}
        write("wrong.fasta", wrong)
        assert call("-o", "bad", files=("truth.fasta", "wrong.fasta")).exit_code == 0
    monkeypatch.chdir(tmp_path)
    return tmp_path


def triples(*evaluations):
    return [word for evaluation in evaluations for word in ("--evaluation", *evaluation)]


@pytest.fixture
def compared(two, run):
    """Three evaluations side by side in the folder out; what is printed."""
    given = triples(("coli", "coli", "good"), ("mouse", "coli", "bad"), ("coli", "yeast", "bad"))
    done = run("compare", *given, "-o", "out")
    assert done.code == 0, done.err
    return done.out


def test_every_number_is_that_of_its_evaluation(two, compared):
    table = rows("out/compared.tsv")
    assert [(row["trained_on"], row["tested_on"]) for row in table] == [
        ("coli", "coli"),
        ("mouse", "coli"),
        ("coli", "yeast"),
    ]
    for row, name in zip(table, ("good", "bad", "bad"), strict=True):
        summary = json.loads((two / name / "summary.json").read_text())
        assert float(row["micro"]) == pytest.approx(
            summary["hidden_residue_accuracy"]["micro"], abs=0.005
        )
        assert row["proteins"] == str(summary["proteins"]["scored"])
        assert row["expected_calibration_error"] == ""
    assert [row["micro"] for row in table] == ["71.43", "14.29", "14.29"]


def test_cross_tsv_has_a_column_for_each_training_set(compared):
    table, grid = rows("out/compared.tsv"), rows("out/cross.tsv")
    assert [row["tested_on"] for row in grid] == ["coli", "yeast"]
    assert grid[0]["coli"] == table[0]["macro"] and grid[0]["mouse"] == table[1]["macro"]
    assert grid[1]["coli"] == table[2]["macro"] and grid[1]["mouse"] == ""
    assert grid[0]["coli"] in compared and compared.splitlines()[-1].endswith("-")


def test_a_comparison_has_the_tables_of_its_evaluations_and_a_run_record(two, compared):
    names = {path.name for path in (two / "out").iterdir()}
    assert names == {n for n in COMPARISON_FILES if not n.endswith((".svg", ".pdf"))}
    own = rows("good/amino_acids.tsv")
    assert [row["recall"] for row in rows("out/amino_acids.tsv")][: len(own)] == [
        row["recall"] for row in own
    ]
    assert len(rows("out/lengths.tsv")) == 3 * len(rows("good/lengths_fine.tsv"))
    record = json.loads((two / "out.run.json").read_text())
    assert record["command"] == "compare" and len(record["inputs"]) == 9


def test_figures_are_pictures_and_the_same_each_time(two, run):
    given = triples(("coli", "coli", "good"), ("mouse", "coli", "bad"))
    for name in ("a", "b"):
        assert run("compare", *given, "-o", name).code == 0
    for name in ("cross.png", "lengths.png", "amino_acids.png"):
        content = (two / "a" / name).read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        assert width > 500 and height > 200
        assert content == (two / "b" / name).read_bytes()


def test_the_cross_figure_shows_each_accuracy(two, monkeypatch, tmp_path):
    from pepseq.evaluation.compare import compare_evaluations

    seen = []
    draw_heat_map = comparison_figures._draw_heat_map

    def record(axes, values, across, down, form):
        seen.append((values.tolist(), list(across), list(down)))
        draw_heat_map(axes, values, across, down, form)
        seen[-1] += ([text.get_text() for text in axes.texts],)

    monkeypatch.setattr(comparison_figures, "_draw_heat_map", record)
    done = compare_evaluations([("a", "x", "good"), ("b", "y", "bad")], tmp_path / "o")
    values, across, down, texts = seen[0]
    assert across == ["a", "b"] and down == ["x", "y"]
    assert [values[0][0], values[1][1]] == [evaluation.row["macro"] for evaluation in done]
    assert values[0][1] != values[0][1]  # not evaluated: not a number
    assert texts == [f"{evaluation.row['macro']:.1f}" for evaluation in done]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ([], 2, "Missing option"),
        ([("a", "b", "nowhere")], 65, "nowhere"),
        ([("a", "b", ".")], 65, "found no summary.json"),
        ([("a", "b", "good"), ("a", "b", "bad")], 2, "expected each readout, training"),
        ([("", "b", "good")], 2, "expected a name to print"),
        ([("a\tb", "b", "good")], 2, "expected a name to print"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_written(two, run, given, code, words):
    done = run("compare", *triples(*given), "-o", "out")
    assert done.code == code and words in done.err
    assert not (two / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("summary.json", "{", "summary.json"),
        ("summary.json", "{}", "summary.json"),
        ("summary.json", "[]", "summary.json"),
        ("amino_acids.tsv", "amino_acid\tn\trecall\nB\t1\t2\n", "amino_acids.tsv:2"),
        ("amino_acids.tsv", "amino_acid\tn\trecall\nA\t1\tmuch\n", "amino_acids.tsv:2"),
        ("lengths_fine.tsv", "length\tproteins\n<50\t1\n", "lengths_fine.tsv:2"),
    ],
)
def test_damaged_evaluations_are_named(two, run, name, content, where):
    (two / "good" / name).write_text(content)
    done = run("compare", *triples(("a", "b", "good")), "-o", "out")
    assert done.code == 65 and where in done.err and len(done.err.strip().splitlines()) == 1


def test_an_older_folder_is_kept_unless_forced_and_other_folders_always(two, run):
    given = triples(("a", "b", "good"))
    assert run("compare", *given, "-o", "out").code == 0
    assert run("compare", *given, "-o", "out").code == 74
    assert run("compare", *given, "-o", "out", "--force").code == 0
    assert run("compare", *given, "-o", "good", "--force").code == 2  # holds an input
    (two / "out" / "mine").write_text("")
    assert run("compare", *given, "-o", "out", "--force").code == 74


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hidden_residue_accuracy": {"macro": "abc", "micro": 1, "sd": 1}}, "macro 'abc'"),
        ({"fully_right": float("nan")}, "fully_right nan"),
        ({"readout": "K\nC"}, "readout"),
        ({"readout": 3}, "readout 3"),
        ({"readout": "p\x1bröt"}, "found: readout 'p\\x1bröt'"),
        ({"proteins": {"scored": 10**400}}, "proteins 1000"),
        ({"calibration": 3}, "expected the summary"),
    ],
)
def test_summaries_with_odd_values_are_named(two, run, change, words):
    path = two / "good" / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    done = run("compare", *triples(("a", "b", "good")), "-o", "out")
    assert done.code == 65 and words in done.err and len(done.err.strip().splitlines()) == 1


def test_deep_summaries_and_long_cells_are_one_line(two, run):
    (two / "bad" / "summary.json").write_text("[" * 100_000)
    done = run("compare", *triples(("a", "b", "bad")), "-o", "out")
    assert done.code == 65 and "nested up to 100 deep" in done.err
    with (two / "good" / "lengths_fine.tsv").open("a") as stream:
        stream.write("1" * 200_000 + "\t1\n")
    done = run("compare", *triples(("a", "b", "good")), "-o", "out")
    assert done.code == 65 and "cells as in the header, found 2" in done.err


def test_any_printable_name_is_drawn_but_none_takes_the_place_of_a_column(two, run):
    for name in ("readout", "tested_on"):
        done = run("compare", *triples((name, "b", "good")), "-o", "out")
        assert done.code == 2 and "a column of cross.tsv" in done.err
    done = run("compare", *triples(("$\\frac", "$_{", "good")), "-o", "out")
    assert done.code == 0, done.err
    assert rows("out/cross.tsv")[0].keys() == {"readout", "tested_on", "$\\frac"}
