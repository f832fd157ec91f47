"""Tables of pairs against the true pairs."""

import json

import pytest
from evaluation_folder import rows
from places import DATA

HEADER = "species\tprotein_a\tprotein_b\tconfidence\trank\tknown\n"
UNPAIRED = "family\tspecies\tprotein\treason\n"


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Species x: a1-b1 right, a2-b3 wrong, b2 left over; y: nothing to choose; z: a4-b4 known."""
    monkeypatch.chdir(tmp_path)
    made = ["x\ta1\tb1\t0.9600\t1\tno", "x\ta2\tb3\t0.4000\t2\tno", "y\ta3\tc3\t1.0000\t3\tno"]
    made += ["z\ta4\tb4\t1.0000\t4\tyes", "z\ta5\tb6\t0.2000\t5\tno", "z\ta6\tb5\t0.2000\t6\tno"]
    (tmp_path / "pairs.tsv").write_text(HEADER + "\n".join(made) + "\n")
    (tmp_path / "pairs.tsv.unpaired.tsv").write_text(f"{UNPAIRED}B\tx\tb2\tleft over\n")
    true = ["a1\tb1", "a2\tb2", "a3\tc3", "a4\tb4", "a5\tb5"]
    (tmp_path / "true.tsv").write_text("protein_a\tprotein_b\n" + "\n".join(true) + "\n")
    return tmp_path


@pytest.fixture
def printed(tables, run):
    """Evaluate the tables into the folder out; return what is printed."""
    done = run("evaluate-pairs", "true.tsv", "pairs.tsv", "-o", "out")
    assert done.code == 0, done.err
    return done.out


def test_counts_are_those_by_hand(printed, tables):
    (row,) = rows("out/accuracy.tsv")
    # x has 2 and 3 proteins, z 2 and 2 without the known pair: 3 true pairs, one of them found.
    assert (row["species"], row["true_pairs"], row["correct"]) == ("2", "3", "1")
    assert row["accuracy"] == "33.33"
    assert float(row["chance"]) == pytest.approx(100 * (1 / 3 + 1 / 3 + 1 / 2) / 3, abs=0.005)
    assert "1 of 3 pairs right, 33.3 % (by chance 38.9 %)" in printed
    assert (tables / "out" / "pairing.png").read_bytes()[:4] == b"\x89PNG"


def test_bands_of_confidence_are_those_by_hand(printed):
    bands = {row["from"]: (row["made"], row["correct"]) for row in rows("out/confidence.tsv")}
    assert bands["0.9500"] == ("1", "1") and bands["0.4000"] == ("1", "0")
    assert bands["0.2000"] == ("2", "0")  # a6-b5 too: b5 is in a true pair
    assert sum(int(made) for made, _ in bands.values()) == 4


def test_pairs_of_proteins_in_no_true_pair_are_not_judged(tables, run):
    (tables / "true.tsv").write_text("protein_a\tprotein_b\na1\tb1\n")
    assert run("evaluate-pairs", "true.tsv", "pairs.tsv", "-o", "out").code == 0
    assert sum(int(row["made"]) for row in rows("out/confidence.tsv")) == 1
    assert rows("out/accuracy.tsv")[0]["accuracy"] == "100.00"


def test_nothing_to_choose_is_an_empty_cell(tables, run):
    (tables / "true.tsv").write_text("protein_a\tprotein_b\na3\tc3\n")
    done = run("evaluate-pairs", "true.tsv", "pairs.tsv", "-o", "out")
    assert done.code == 0 and "no true pair" in done.out
    assert rows("out/accuracy.tsv")[0]["accuracy"] == ""


def test_real_output_of_two_methods(tables, run):
    for method in ("random", "mirrortree"):
        families = (DATA / "pairs_a.fasta", DATA / "pairs_b.fasta")
        more = ("--method", method, "--runs", 2, "-o", f"{method}.tsv")
        assert run("pair", *families, *more).code == 0
    truth = DATA / "pairs_true.tsv"
    done = run("evaluate-pairs", truth, "random.tsv", "mirrortree.tsv", "-o", "out")
    assert done.code == 0, done.err
    by_chance, by_trees = rows("out/accuracy.tsv")
    assert [by_chance["method"], by_trees["method"]] == ["random", "mirrortree"]
    assert by_chance["true_pairs"] == by_trees["true_pairs"] == "111"
    assert abs(float(by_chance["accuracy"]) - float(by_chance["chance"])) < 12
    assert float(by_trees["accuracy"]) > 60
    record = json.loads((tables / "out.run.json").read_text())
    assert record["command"] == "evaluate-pairs" and len(record["inputs"]) == 5


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "true.tsv",
            "protein_a\tprotein_b\na1\tb9\n",
            "true.tsv:2: expected a protein of family B",
        ),
        ("true.tsv", "protein_a\tprotein_b\na1\tb4\n", "true.tsv:2: expected two proteins of one"),
        ("true.tsv", "a\tb\n", "true.tsv:1: expected one column protein_a"),
        ("pairs.tsv", f"{HEADER}x\ta1\tb1\t2\t1\tno\n", "pairs.tsv:2: expected a confidence"),
        ("pairs.tsv", f"{HEADER}x\ta1\tb1\tmuch\t1\tno\n", "pairs.tsv:2: expected a confidence"),
        ("pairs.tsv", f"{HEADER}x\ta1\tb1\t1\t1\tperhaps\n", "pairs.tsv:2: expected a confidence"),
        ("pairs.tsv", f"{HEADER}x\ta1\tb1\t1\t1\tno\ny\ta1\tb2\t1\t2\tno\n", "pairs.tsv:3"),
        ("pairs.tsv.unpaired.tsv", f"{UNPAIRED}B\tx\n", "unpaired.tsv:2: expected 4 cells"),
        ("pairs.tsv.unpaired.tsv", "family\tspecies\n", "unpaired.tsv:1: expected a column"),
    ],
)
def test_bad_tables_are_named_and_nothing_is_written(tables, run, name, content, words):
    (tables / name).write_text(content)
    done = run("evaluate-pairs", "true.tsv", "pairs.tsv", "-o", "out")
    assert done.code == 65 and words in done.err and len(done.err.strip().splitlines()) == 1
    assert not (tables / "out").exists()


def test_a_missing_table_is_named(tables, run):
    assert run("evaluate-pairs", "true.tsv", "-", "-o", "out").code == 2
    assert run("evaluate-pairs", "true.tsv", "none.tsv", "-o", "out").code == 65
    (tables / "pairs.tsv.unpaired.tsv").unlink()
    done = run("evaluate-pairs", "true.tsv", "pairs.tsv", "-o", "out")
    assert done.code == 65 and "pairs.tsv.unpaired.tsv" in done.err


def test_long_cells_and_deep_records_stop_nothing(tables, run):
    with (tables / "pairs.tsv.unpaired.tsv").open("a") as stream:
        stream.write(f"B\tx\t{'1' * 200_000}\tleft over\n")
    (tables / "pairs.tsv.run.json").write_text("[" * 100_000)
    done = run("evaluate-pairs", "true.tsv", "pairs.tsv", "-o", "out")
    assert done.code == 0, done.err
    assert rows("out/accuracy.tsv")[0]["method"] == ""


def test_swapped_tables_are_refused_with_the_call(tables, run):
    done = run("evaluate-pairs", "pairs.tsv", "true.tsv", "-o", "out")
    assert done.code == 65 and not (tables / "out").exists()
    assert "TRUTH comes before PAIRS: pepseq evaluate-pairs true.tsv pairs.tsv -o out" in done.err
    (tables / "pairs.tsv.run.json").write_text('{"command": "pair"}')
    done = run("evaluate-pairs", "pairs.tsv", "pairs.tsv", "-o", "out")
    assert done.code == 65 and "evaluate-pairs true_pairs.tsv pairs.tsv" in done.err
