"""Amounts of proteins against the true ones."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from evaluation_folder import rows

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.evaluation import figure_style
from pepseq.evaluation.quantity_files import QUANTITY_EVALUATION_FILES

TRUTH = """protein	copies	molar_fraction	mass_fraction	reads
P1	50	0.5	0.6	1000
P2	30	0.3	0.2	100
P3	15	0.15	0.1	10
P4	4	0.04	0.05	1
P5	0	0	0	0
P6	1	0.01	0.05	0
"""

TABLE = """group	proteins	description	molar_fraction	mass_fraction	low	high	q_value
G1	P1	one	0.4	0.5	0.35	0.45	0
G2	P2;P3	two	0.45	0.3	0.4	0.5	0.005
G3	P4	rare	0.08	0.1	0.01	0.2	0.02
G4	P5	gone	0.04	0.05	0.01	0.05	0.001
G5	X9	gone	0.01	0.05	0	0.02	0.5
"""
"""Errors of |log10|: 0.0969, 0 and 0.3010; P4 is not found, P6 not reported, P5 and X9 absent."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with truth.tsv and table.tsv, without figures, which have a test of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(figure_style, "figure_bytes", lambda *_: b"figure")
    (tmp_path / "truth.tsv").write_text(TRUTH)
    (tmp_path / "table.tsv").write_text(TABLE)
    return tmp_path


@pytest.fixture
def call(folder, run):
    """Run the command on truth.tsv and table.tsv into the folder out."""
    return lambda *more: run("evaluate-quantities", "truth.tsv", "table.tsv", "-o", "out", *more)


def frames(truth=TRUTH, table=TABLE):
    return [
        pd.DataFrame([line.split("\t") for line in lines], columns=head.split("\t"))
        for head, *lines in (truth.splitlines(), table.splitlines())
    ]


@pytest.fixture
def summary():
    return pepseq.evaluate_quantities(*frames()).summary


def test_counts_are_those_by_hand(summary):
    counts = [summary[name] for name in ("groups", "present", "reported", "found", "missed")]
    assert counts == [6, 4, 3, 2, 2]
    assert summary["share_found"] == 50
    assert summary["false_groups"] == ["G4"] and summary["false"] == 1
    assert summary["false_discovery_rate"] == pytest.approx(100 / 3)
    assert summary["proteins"] == {"present": 5, "found": 3}


def test_true_fractions_are_of_proteins_with_labelled_peptides():
    truth, amounts = frames()
    truth["labelled_peptides"] = [3, 0.5, 0, 1, 1, 0]
    evaluated = pepseq.evaluate_quantities(truth, amounts)
    true = evaluated.to_dataframe().set_index("group")
    expected = np.array([0.5, 0.45, 0.04, 0, 0, 0.01]) / 0.84
    names = ["G1", "G2", "G3", "G4", "G5", "P6"]
    assert true["true_molar_fraction"][names].tolist() == pytest.approx(expected.tolist())
    mass = np.array([0.6, 0.3, 0.05, 0, 0, 0.05]) / 0.85
    assert true["true_mass_fraction"][names].tolist() == pytest.approx(mass.tolist())
    assert evaluated.summary["present"] == 4


def test_a_truth_without_labelled_peptides_is_an_error():
    truth, amounts = frames()
    truth["labelled_peptides"] = 0
    expected = "truth: expected a protein with a molar_fraction and labelled_peptides above 0"
    with pytest.raises(InputError, match=expected):
        pepseq.evaluate_quantities(truth, amounts)


def test_errors_are_those_by_hand(summary):
    errors = math.log10(0.8), 0, math.log10(2)
    assert summary["compared"] == 3
    assert summary["log10_rmse"] == pytest.approx(math.sqrt(sum(e * e for e in errors) / 3))
    assert summary["log10_median_error"] == pytest.approx(-errors[0])
    assert summary["mean_molar_error"] == pytest.approx((0.1 + 0.04 + 0.04 + 0.01 + 0.01) / 6)
    assert summary["mean_mass_error"] == pytest.approx((0.1 + 0.05 * 4) / 6)
    assert summary["coverage"] == pytest.approx(100 * 2 / 3)


def test_correlations_are_those_of_scipy(summary):
    from scipy import stats

    true, estimated = [0.5, 0.45, 0.04], [0.4, 0.45, 0.08]
    assert summary["spearman"] == pytest.approx(stats.spearmanr(true, estimated).statistic)
    assert summary["pearson"] == pytest.approx(
        stats.pearsonr(np.log10(true), np.log10(estimated)).statistic
    )


def test_equal_amounts_share_their_rank():
    from scipy import stats

    from pepseq.evaluation.quantity_measures import _ranks

    values = np.array([3, 1, 3, 2, 3, 1])
    assert _ranks(values).tolist() == stats.rankdata(values).tolist()


def test_measures_by_reads_are_of_the_groups_of_the_class(summary):
    by_reads = {row["reads"]: row for row in summary["by_reads"]}
    assert list(by_reads) == ["0", "1-9", "10-99", "100-999", ">=1000"]
    assert [row["groups"] for row in by_reads.values()] == [3, 1, 0, 1, 1]
    assert by_reads["0"]["false"] == 1 and by_reads["0"]["missed"] == 1  # G4 and P6
    assert by_reads["1-9"]["log10_rmse"] == pytest.approx(math.log10(2))
    assert by_reads["10-99"]["log10_rmse"] is by_reads["10-99"]["share_found"] is None
    assert by_reads["100-999"]["coverage"] == 100  # P2 and P3 together have 110 reads
    assert by_reads[">=1000"]["coverage"] == 0


def test_each_group_has_its_status_and_the_summed_truth():
    groups = pepseq.evaluate_quantities(*frames()).to_dataframe().set_index("group")
    assert groups.status.to_dict() == {
        **{"G1": "found", "G2": "found", "G3": "missed", "G4": "false", "G5": "absent"},
        "P6": "missed",
    }
    assert groups.true_molar_fraction["G2"] == pytest.approx(0.45)
    assert groups.reads["G2"] == 110
    assert groups.loc["P6", ["molar_fraction", "low", "high", "q_value"]].isna().all()


def test_a_larger_max_q_finds_more():
    evaluation = pepseq.evaluate_quantities(*frames(), max_q=0.5)
    assert evaluation.summary["found"] == 3
    assert evaluation.summary["false_groups"] == ["G4", "G5"]


def test_tables_with_the_required_columns_alone_are_enough():
    truth, table = frames()
    evaluation = pepseq.evaluate_quantities(
        truth[["protein", "molar_fraction"]], table[["proteins", "molar_fraction"]]
    )
    summary = evaluation.summary
    assert summary["by_reads"] is summary["coverage"] is summary["mean_mass_error"] is None
    assert summary["found"] == 3 and summary["false_groups"] == ["P5", "X9"]


def test_the_order_of_rows_changes_no_measure(summary):
    truth, table = (frame[::-1] for frame in frames())
    again = pepseq.evaluate_quantities(truth, table).summary
    assert again.pop("false_groups") == summary.pop("false_groups")
    assert again.pop("by_reads")[0] == pytest.approx(summary.pop("by_reads")[0])
    assert again.pop("proteins") == summary.pop("proteins")
    assert again == pytest.approx(summary)


def test_an_estimate_of_zero_has_no_logarithm():
    truth, table = frames()
    table.loc[0, ["molar_fraction", "low"]] = "0"
    summary = pepseq.evaluate_quantities(truth, table).summary
    assert summary["reported"] == 3 and summary["compared"] == 2
    assert summary["log10_rmse"] == pytest.approx(math.log10(2) / math.sqrt(2))


def test_one_protein_has_no_correlation():
    truth = pd.DataFrame({"protein": ["P1"], "molar_fraction": [1.0]})
    table = pd.DataFrame({"proteins": ["P1"], "molar_fraction": [1.0]})
    summary = pepseq.evaluate_quantities(truth, table).summary
    assert summary["spearman"] is summary["pearson"] is None and summary["log10_rmse"] == 0


def test_the_command_writes_what_the_function_returns(call, summary):
    done = call()
    assert done.code == 0, done.err
    assert "2 of 4 present ones found at q <= 0.01 (50.0 %); 1 false" in done.out
    assert "False: G4" in done.out
    written = json.loads(open("out/summary.json").read())
    assert written["log10_rmse"] == pytest.approx(summary["log10_rmse"], rel=1e-5)
    assert written["by_reads"][0]["false"] == 1
    assert [row["status"] for row in rows("out/groups.tsv")][-1] == "missed"
    assert rows("out/groups.tsv")[1]["reads"] == "110"
    assert rows("out/by_reads.tsv")[1]["log10_rmse"] == "0.30103"


def test_the_folder_holds_its_files_and_a_run_record_beside_it(call, folder):
    assert call("--max-q", "0.05").code == 0
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {n for n in QUANTITY_EVALUATION_FILES if not n.endswith((".svg", ".pdf"))}
    record = json.loads((folder / "out.run.json").read_text())
    assert record["command"] == "evaluate-quantities" and record["settings"]["max_q"] == 0.05
    assert call().code == 74 and call("--force").code == 0


def test_a_truth_without_reads_makes_no_files_by_reads(call, folder):
    lines = [line.rpartition("\t")[0] for line in TRUTH.splitlines()]
    (folder / "truth.tsv").write_text("\n".join(lines))
    assert call().code == 0
    assert not any("by_reads" in path.name for path in (folder / "out").iterdir())


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("truth.tsv", "molar_fraction", "molar", "truth.tsv:1: expected one column molar_fraction"),
        ("table.tsv", "proteins", "members", "table.tsv:1: expected one column proteins"),
        ("truth.tsv", "0.15", "much", "truth.tsv:4: molar_fraction: expected a number from 0 to 1"),
        ("truth.tsv", "0.15", "nan", "truth.tsv:4: molar_fraction: expected a number from 0 to 1"),
        ("truth.tsv", "0.15", "-0.1", "found '-0.1'"),
        ("truth.tsv", "0.15", "", "truth.tsv:4: the cell of molar_fraction is empty"),
        ("truth.tsv", "0.15", "0.95", "add up to at most 1, found a sum of 1.8"),
        ("truth.tsv", "\t100\n", "\t9.5\n", "truth.tsv:3: reads: expected a whole number"),
        ("truth.tsv", "\t100\n", "\t1e300\n", "expected a whole number from 0 to 1e+15, found"),
        ("truth.tsv", "P3", "P1", "truth.tsv:4: protein 'P1' occurs twice, first in truth.tsv:2"),
        ("truth.tsv", "P3", "P3\tmore", "truth.tsv:4: expected 5 cells as in the header, found 6"),
        ("table.tsv", "0.08", "x", "table.tsv:4: molar_fraction: expected a number from 0 to 1"),
        ("table.tsv", "0.02\n", "1.2\n", "table.tsv:4: q_value: expected a number from 0 to 1"),
        ("table.tsv", "0.35", "inf", "table.tsv:2: low: expected a number of 0 or more"),
        ("table.tsv", "0.35", "0.46", "table.tsv:2: expected low to be at most high, found 0.46"),
        ("table.tsv", "P4", "P3", "table.tsv:4: protein 'P3' occurs twice, first in table.tsv:3"),
        ("table.tsv", "G4", "G1", "table.tsv:5: group 'G1' occurs twice, first in table.tsv:2"),
        ("table.tsv", "P2;P3", "P2;", "table.tsv:3: proteins: expected ids with ; between them"),
        ("table.tsv", "P", "R", "expected proteins of truth.tsv, such as 'P1', found none of them"),
        ("truth.tsv", TRUTH, "", "truth.tsv:1: expected one column protein"),
        ("truth.tsv", TRUTH, TRUTH[:47], "expected rows below the header, found none"),
        ("table.tsv", TABLE, "", "table.tsv:1: expected one column proteins"),
        ("truth.tsv", TRUTH, "protein\tmolar_fraction\nP1\t0\n", "molar_fraction above 0"),
        ("truth.tsv", TRUTH, TABLE, "truth.tsv:1: expected one column protein"),
    ],
)
def test_bad_input_ends_in_one_line(call, folder, name, old, new, message):
    content = (folder / name).read_text()
    assert old in content
    (folder / name).write_text(content.replace(old, new))
    done = call()
    assert done.code == 65 and message in done.err and done.err.count("\n") == 1, done.err
    assert not (folder / "out").exists()


def test_exchanged_arguments_are_named(folder, run):
    done = run("evaluate-quantities", "table.tsv", "truth.tsv", "-o", "out")
    assert done.code == 65
    assert "TRUTH comes before TABLE: pepseq evaluate-quantities truth.tsv table.tsv" in done.err


def test_standard_input_is_refused(folder, run):
    assert run("evaluate-quantities", "truth.tsv", "-", "-o", "out").code == 2


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("molar_fraction", None, "truth: row 2: molar_fraction: expected a number from 0 to 1"),
        ("protein", None, "truth: row 2: protein: expected a text"),
        ("protein", "P1", "truth: row 2: protein 'P1' occurs twice, first in truth: row 1"),
    ],
)
def test_a_bad_cell_of_a_frame_is_named(column, value, message):
    truth, table = frames()
    truth.loc[1, column] = value
    with pytest.raises(InputError, match=message):
        pepseq.evaluate_quantities(truth, table)


def test_arguments_of_another_type_are_errors():
    truth, table = frames()
    with pytest.raises(InputError, match="table: expected a DataFrame, found list"):
        pepseq.evaluate_quantities(truth, [1])
    with pytest.raises(InputError, match="truth: expected one column protein, found"):
        pepseq.evaluate_quantities(table, table)
    with pytest.raises(InputError, match="truth: expected rows, found none"):
        pepseq.evaluate_quantities(truth[:0], table)
    with pytest.raises(SettingsError, match="max_q: expected 0 or more and 1 or less"):
        pepseq.evaluate_quantities(truth, table, max_q=1.5)


def test_tables_in_parquet_give_the_same_measures(folder, run, call):
    pytest.importorskip("pyarrow")
    assert call().code == 0
    for name in ("truth", "table"):
        pd.read_csv(f"{name}.tsv", sep="\t").to_parquet(f"{name}.parquet")
    done = run("evaluate-quantities", "truth.parquet", "table.parquet", "-o", "of_parquet")
    assert done.code == 0, done.err
    for name in ("summary.json", "groups.tsv", "by_reads.tsv"):
        assert (folder / "of_parquet" / name).read_text() == (folder / "out" / name).read_text()


def test_a_bad_cell_in_parquet_is_named_by_its_row(folder, run):
    pytest.importorskip("pyarrow")
    truth = pd.read_csv("truth.tsv", sep="\t")
    truth.loc[2, "molar_fraction"] = math.nan
    truth.to_parquet("truth.parquet")
    done = run("evaluate-quantities", "truth.parquet", "table.tsv", "-o", "out")
    assert done.code == 65
    assert "truth.parquet: row 3: molar_fraction: expected a number from 0 to 1" in done.err


def test_a_table_without_groups_misses_all(tmp_path, run):
    (tmp_path / "truth.tsv").write_text(TRUTH)
    (tmp_path / "table.tsv").write_text(TABLE.partition("\n")[0] + "\n")
    done = run(
        "evaluate-quantities", tmp_path / "truth.tsv", tmp_path / "table.tsv", "-o", tmp_path / "o"
    )
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert done.code == 0 and (summary["present"], summary["missed"], summary["found"]) == (5, 5, 0)
