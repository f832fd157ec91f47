"""`pepseq evaluate`: whole runs."""

import gzip
import json
import random

import pytest
from evaluation_folder import prepare, rows, write

from pepseq.errors import SettingsError
from pepseq.evaluation.config import check_figure_formats
from pepseq.evaluation.evaluate import evaluate
from pepseq.sequences.residues import AMINO_ACIDS

HIDDEN = "ADEFGHILNPQRSTVW"
TABLES = {
    "evaluation_mqc.json",
    "summary.json",
    "proteins.tsv",
    "amino_acids.tsv",
    "confusion.tsv",
    "lengths.tsv",
    "lengths_fine.tsv",
    "baselines.tsv",
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    return prepare(tmp_path, monkeypatch)


def simulate(seed, count=60):
    rng = random.Random(seed)
    truth, predicted = {}, {}
    for number in range(count):
        name, length = f"q{number}", rng.choice([30, 80, 150, 450, 1200])
        residues = "".join(rng.choices(AMINO_ACIDS + "X", k=length))
        truth[name] = residues
        predicted[name] = "".join(
            a if a in "KCYM" or (a in HIDDEN and rng.random() < 0.6) else rng.choice(HIDDEN)
            for a in residues
        )
    return truth, predicted


@pytest.fixture
def evaluated(run, tmp_path):
    """What is printed of TRUTH and PREDICTED, and their summary."""
    result = run()
    assert result.exit_code == 0, result.output
    return result.output, json.loads((tmp_path / "out/summary.json").read_text())


def test_shares_of_a_summary_are_those_by_hand(evaluated):
    _, summary = evaluated
    accuracy, identity = summary["hidden_residue_accuracy"], summary["identity"]
    assert accuracy["macro"] == pytest.approx((50 + 75 + 100) / 3, abs=1e-5)
    assert accuracy["micro"] == pytest.approx(500 / 7, abs=1e-5)
    assert identity["macro"] == pytest.approx((75 + 75 + 100) / 3, abs=1e-5)
    assert identity["micro"] == pytest.approx(900 / 11, abs=1e-5)
    assert summary["fully_right"] == pytest.approx(100 / 3, abs=1e-5)


def test_numbers_of_a_summary_are_those_by_hand(evaluated):
    _, summary = evaluated
    assert summary["proteins"] == {"scored": 3, "nothing_hidden": 1, "fully_right": 1}
    assert summary["residues"] == {
        "all": 13,
        "unknown": 2,
        "hidden": 7,
        "hidden_and_right": 5,
        "observed": 8,
        "observed_and_wrong": 0,
    }
    assert summary["by_length"][0]["proteins"] == 3
    assert summary["calibration"] is None


def test_tables_have_a_row_for_each_protein_and_amino_acid(evaluated, tmp_path):
    assert (tmp_path / "out/proteins.tsv").read_text().splitlines() == [
        "id\tlength\thidden\tcorrect\taccuracy\tidentity\tfully_right",
        "p1\t4\t2\t1\t50.00\t75.00\t0",
        "p2\t4\t4\t3\t75.00\t75.00\t0",
        "p3\t4\t0\t0\t\t100.00\t",
        "p4\t5\t1\t1\t100.00\t100.00\t1",
    ]
    glycine = rows("out/confusion.tsv")[AMINO_ACIDS.index("G")]
    assert (glycine["true"], glycine["G"], glycine["A"], glycine["K"]) == ("G", "3", "1", "0")


def test_an_evaluation_is_a_folder_with_a_run_record_beside(evaluated, tmp_path):
    figures = {"accuracy_by_length.png", "confusion.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == TABLES | figures
    assert not (tmp_path / "out.failed.tsv").exists()
    record = json.loads((tmp_path / "out.run.json").read_text())
    assert record["command"] == "evaluate"
    assert len(record["inputs"][1]["sha256"]) == 64


@pytest.mark.parametrize(
    "words",
    ["75.00", "71.43", "81.82", "macro: mean over proteins", "1 protein with nothing hidden"],
)
def test_the_summary_is_printed(evaluated, words):
    assert words in evaluated[0]


def test_a_perfect_prediction_is_100_percent_everywhere(run, tmp_path):
    truth, _ = simulate(1)
    write("truth.fasta", truth)
    assert run(files=("truth.fasta", "truth.fasta")).exit_code == 0
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["hidden_residue_accuracy"] == {"macro": 100, "sd": 0, "micro": 100}
    assert summary["identity"] == {"macro": 100, "micro": 100}
    assert summary["fully_right"] == 100
    assert all(row["macro"] == row["micro"] == 100 for row in summary["by_length"])
    assert {row["recall"] for row in rows("out/amino_acids.tsv")} == {"100.00"}
    assert {row["precision"] for row in rows("out/amino_acids.tsv")} == {"100.00"}


def test_order_case_and_compression_of_records_change_nothing(run, tmp_path):
    truth, predicted = simulate(2)
    write("truth.fasta", truth)
    write("predicted.fasta", predicted)
    assert run().exit_code == 0
    names = sorted(truth, key=lambda name: truth[name])
    shuffled = write("t2.fasta", {name: truth[name] for name in names})
    mixed = write("p2.fasta", {name: predicted[name].lower() for name in names[::-1]})
    packed = tmp_path / "p2.fasta.gz"
    packed.write_bytes(gzip.compress(mixed.read_bytes().replace(b"\n", b"\r\n")))
    evaluate(shuffled, packed, tmp_path / "again", "mykc")
    for name in TABLES - {"proteins.tsv", "evaluation_mqc.json"}:  # which has the name of the file
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    once, again = (
        sorted((tmp_path / d / "proteins.tsv").read_text().splitlines()) for d in ("out", "again")
    )
    assert once == again
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    hidden = [sum(a in HIDDEN for a in residues) for residues in truth.values()]
    assert summary["residues"]["hidden"] == sum(hidden)
    assert sum(row["proteins"] for row in summary["by_length"]) == len(truth)


def test_baselines_are_fitted_on_the_background_if_it_is_given(run):
    write("background.fasta", {"b": "MAAAAK"})
    assert run("--background", "background.fasta").exit_code == 0
    table = rows("out/baselines.tsv")
    assert [(row["baseline"], row["fitted_on"]) for row in table] == [
        ("commonest", "background"),
        ("neighbours", "background"),
    ]
    assert table[0]["macro"] == f"{50 / 3:.2f}"
    assert run("--force").exit_code == 0
    assert {row["fitted_on"] for row in rows("out/baselines.tsv")} == {"truth"}


def test_nothing_hidden_is_undefined_not_a_fault(run, tmp_path):
    write("truth.fasta", {"p3": "KCYM"})
    write("predicted.fasta", {"p3": "KCYM"})
    result = run()
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out/summary.json").read_text()
    assert json.loads(text)["hidden_residue_accuracy"] == {"macro": None, "sd": None, "micro": None}
    assert "NaN" not in text
    assert rows("out/baselines.tsv")[0]["macro"] == ""


def test_figures_have_the_formats_that_are_given(run, tmp_path):
    assert run("--figures", "pdf", "--figures", "svg").exit_code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()} - TABLES
    stems = ("accuracy_by_length", "confusion")
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("pdf", "svg")}
    result = run("--figures", "jpg", "--force")
    assert result.exit_code == 2


def test_formats_of_figures_are_checked():
    assert check_figure_formats("svg") == ("svg",)
    assert check_figure_formats(["pdf", "png", "pdf"]) == ("pdf", "png")
    with pytest.raises(SettingsError, match="figures: expected png, svg, pdf, found 'jpg'"):
        check_figure_formats(["jpg"])
