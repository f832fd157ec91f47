"""The calibration of `pepseq evaluate --table`: sums, and what a faulty table gets."""

import gzip
import json
import random

import numpy as np
import pytest
from evaluation_folder import draw_nothing

from pepseq.errors import InputError
from pepseq.evaluation import confidence_table
from pepseq.evaluation.evaluate import evaluate
from pepseq.prediction.reconstruction import choose_residues
from pepseq.prediction.residue_table import TABLE_COLUMNS, table_rows
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS

HIDDEN = "ADEFGHILNPQRSTVW"
HEADER = (
    "id\tposition\tresidue\tsource\tconfidence\tsecond\tsecond_confidence\tthird\tthird_confidence"
)
TABLE = f"""{HEADER}
p1\t1\tM\tobserved\t1.0000\t\t\t\t
p1\t2\tA\tpredicted\t0.9000\tL\t0.0500\tV\t0.0300
p1\t3\tV\tpredicted\t0.5000\tI\t0.3000\tL\t0.1000
p1\t4\tK\tobserved\t1.0000\t\t\t\t
p2\t1\tA\tpredicted\t0.3000\tG\t0.2000\tL\t0.1000
p2\t2\tA\tpredicted\t0.3000\tL\t0.2000\tV\t0.1000
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Evaluate a prediction with the table given as text; return the calibration."""
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    (tmp_path / "truth.fasta").write_text(">p1\nMALK\n>p2\nGX\n")
    (tmp_path / "predicted.fasta").write_text(">p1\nMAVK\n>p2\nAA\n")

    def call(text, name="table.tsv", encoding="utf-8", **rest):
        content = text.encode(encoding)
        packed = gzip.compress(content) if name.endswith(".gz") else content
        (tmp_path / name).write_bytes(packed)
        return evaluate(
            "truth.fasta", "predicted.fasta", "out", "KCYM", table=name, force=True, **rest
        )["calibration"]

    return call


def test_a_calibration_is_that_by_hand(run, tmp_path):
    calibration = run(TABLE)
    assert calibration["residues"] == 3  # the unknown residue of p2 is not scored
    assert calibration["expected_calibration_error"] == pytest.approx((0.1 + 0.5 + 0.3) / 3)
    assert calibration["among_top_three"] == 100
    assert (tmp_path / "out/reliability.png").exists()
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["calibration"]["residues"] == 3


def test_calibration_tsv_has_a_row_for_each_bin(run, tmp_path):
    run(TABLE)
    lines = (tmp_path / "out/calibration.tsv").read_text().splitlines()
    assert lines[0] == "from\tto\tresidues\tmean_confidence\taccuracy"
    assert lines[5] == "0.2667\t0.3333\t1\t0.3000\t0.00"
    assert lines[14] == "0.8667\t0.9333\t1\t0.9000\t100.00"
    assert lines[15] == "0.9333\t1.0000\t0\t\t"


def test_surest_tsv_has_a_row_for_each_confidence(run, tmp_path):
    run(TABLE)
    surest = [line.split("\t") for line in (tmp_path / "out/surest.tsv").read_text().splitlines()]
    assert surest[0] == ["at_least", "residues", "share", "accuracy"]
    assert surest[1] == ["0.50", "2", "66.67", "50.00"]
    assert surest[3] == ["0.90", "1", "33.33", "100.00"]
    assert surest[5] == ["0.99", "0", "0.00", ""]


@pytest.mark.parametrize("block", [1, 60, 1 << 20])
def test_compression_line_ends_and_column_order_change_nothing(run, monkeypatch, block):
    clean = run(TABLE)
    monkeypatch.setattr(confidence_table, "_BLOCK_BYTES", block)
    assert run(TABLE, name="table.tsv.gz") == clean
    assert run("\ufeff" + TABLE.replace("\n", "\r\n").rstrip()) == clean
    body = [line.split("\t") for line in TABLE.splitlines()]
    order = [3, 0, 8, 7, 6, 5, 4, 2, 1]
    assert run("".join("\t".join([r[i] for i in order] + ["x"]) + "\n" for r in body)) == clean


@pytest.mark.parametrize("block", [1, 60, 1 << 20])
def test_a_table_that_a_spreadsheet_saved_is_read(run, monkeypatch, block):
    clean = run(TABLE)
    monkeypatch.setattr(confidence_table, "_BLOCK_BYTES", block)
    assert run(TABLE.replace("\t", ",").replace("\n", "\r\n")) == clean
    assert run("\n".join('"' + x.replace("\t", '";"') + '"' for x in TABLE.splitlines())) == clean
    assert run(TABLE.encode("utf-16").decode("latin-1"), encoding="latin-1") == clean


def test_a_file_that_is_no_table_is_refused_before_the_work(run, monkeypatch):
    from pepseq.evaluation import evaluate as module

    monkeypatch.setattr(module, "_evaluate_files", lambda *_: pytest.fail("at work"))
    with pytest.raises(InputError, match=":1: expected a table of confidences"):
        run(">p1\n", reference="truth.fasta")
    with pytest.raises(InputError, match="none.fasta: no such file"):
        run(TABLE, reference="none.fasta")


def test_proteins_may_stand_in_any_order(run):
    head, *body = TABLE.splitlines(keepends=True)
    assert run("".join([head, *body[4:], *body[:4]])) == run(TABLE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (HEADER, HEADER.replace("third\t", "fourth\t"), ":1: expected a table of confidences"),
        (TABLE, "", ":1: expected a table of confidences"),
        (TABLE, ">p1\nMAVK\n", ":1: expected a table of confidences"),
        ("p1\t2\tA", "p1\t2\tV", ":3: 'p1': residue 2: expected A as in the predicted FASTA"),
        ("p1\t2\tA", "p1\t2\t*", ":3: 'p1': residue 2: expected A as in the predicted FASTA"),
        ("p2\t1", "p3\t1", ":6: 'p3': expected an id of the predicted FASTA, found another"),
        ("p1\t4\tK", "p1\t5\tK", ":5: 'p1': expected a position from 1 to 4, found 5"),
        ("p1\t1\tM", "p1\t0\tM", ":2: 'p1': expected a position from 1 to 4, found 0"),
        ("p1\t1\tM", "p1\t1.5\tM", ":2: 'p1': expected a position from 1 to 4, found 1.5"),
        ("p1\t1\tM", "p1\tone\tM", ":2: 'p1': expected a position from 1 to 4, found no number"),
        ("p1\t3\tV", "p1\t2\tA", ":4: 'p1': expected a position after the row before, found 2"),
        ("0.9000\tL", "1.9\tL", ":3: 'p1': residue 2: expected a confidence between 0 and 1"),
        ("0.9000\tL", "high\tL", ":3: 'p1': residue 2: expected a confidence between 0 and 1"),
        ("0.9000\tL", "\tL", ":3: 'p1': residue 2: expected a confidence between 0 and 1"),
        ("predicted\t0.9", "guessed\t0.9", ":3: 'p1': residue 2: source: expected observed or"),
        ("0.0500\tV", "0.0500\tmy", ":3: 'p1': residue 2: second and third: expected amino acids"),
        ("\t\t\t\t\n", "\t\t\t\n", ":2: expected 9 columns"),
        ("p1\t4", "\np1\t4", ":5: expected 9 columns"),
        ("p1\t4\tK", "p1\t4\tÄ", ":5: 'p1': residue 4: expected K as in the predicted FASTA"),
        ("A\tpredicted\t0.9", "A\tobserved\t0.9", ":3: 'p1': residue 2: expected an observed res"),
        ("p2\t1\tA", "p1\t4\tK", ":6: 'p1': expected a position after the row before"),
        (TABLE, TABLE[:-50], ":6: expected 9 columns"),
        (TABLE, TABLE[: TABLE.index("p2")], "'p2': expected a confidence for each of its 1 hidden"),
        (TABLE, TABLE + TABLE.split("\n", 1)[1], ":8: 'p1': expected the rows of a protein tog"),
    ],
)
def test_a_faulty_table_is_named_with_its_line(run, tmp_path, old, new, message):
    with pytest.raises(InputError) as error:
        run(TABLE.replace(old, new, 1))
    assert message in str(error.value)
    assert str(error.value).startswith("table.tsv:")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_errors_of_sequencing_are_no_predictions(run, tmp_path):
    """In p1 M is missed and guessed, A taken for a label: L and G alone are hidden, predicted."""
    (tmp_path / "truth.fasta").write_text(">p1\nMALK\n>p2\nGXCY\n")
    (tmp_path / "predicted.fasta").write_text(">p1\nLCVK\n>p2\nAACY\n")
    noisy = TABLE.replace("M\tobserved\t1.0000", "L\tpredicted\t0.8000")
    noisy = noisy.replace("A\tpredicted\t0.9000", "C\tobserved\t1.0000")
    noisy += "".join(f"p2\t{at}\t{a}\tobserved\t1\t\t\t\t\n" for at, a in ((3, "C"), (4, "Y")))
    calibration = run(noisy)
    assert calibration["residues"] == 2
    assert calibration["expected_calibration_error"] == pytest.approx((0.5 + 0.3) / 2)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["residues"]["hidden"] == 3
    assert summary["residues"]["observed_and_wrong"] == 1  # M; what A is taken for is just wrong


def test_observed_residues_of_other_proteins_are_refused(run, tmp_path):
    """Two of the three residues that the table has as observed are something else in truth."""
    (tmp_path / "predicted.fasta").write_text(">p1\nYAVC\n>p2\nGK\n")
    mixed = TABLE.replace("M\tobserved", "Y\tobserved").replace("K\tobserved", "C\tobserved")
    with pytest.raises(
        InputError,
        match="table.tsv: expected observed residues as in the truth, found 2 of 2 different",
    ):
        run(
            mixed.replace("p2\t1\tA", "p2\t1\tG").replace(
                "p2\t2\tA\tpredicted", "p2\t2\tK\tobserved"
            )
        )
    assert not (tmp_path / "out").exists()


def test_a_label_that_is_never_observed_is_refused(run, tmp_path):
    """The truth has 100 K, and each was predicted."""
    true = "KCG" * 100
    for name in ("truth", "predicted"):
        (tmp_path / f"{name}.fasta").write_text(f">q\n{true}\n")
    for labels, refused in (("C", True), ("KC", False)):
        lines = [HEADER]
        for at, a in enumerate(true, 1):
            source = "observed" if a in labels else "predicted"
            lines.append(f"q\t{at}\t{a}\t{source}\t0.5\t\t\t\t")
        if refused:
            with pytest.raises(InputError, match="expected some of the 100 K to be observed"):
                run("\n".join(lines))
        else:
            assert run("\n".join(lines))["residues"] == 100


def test_a_cut_gzip_table_is_an_input_error(run, tmp_path):
    (tmp_path / "cut.tsv.gz").write_bytes(gzip.compress(TABLE.encode())[:-9])
    with pytest.raises(InputError, match=r"cut\.tsv\.gz: compressed data are damaged or cut short"):
        evaluate("truth.fasta", "predicted.fasta", "out", "KCYM", table="cut.tsv.gz")


def test_rows_of_bad_and_extra_records_are_skipped(run, tmp_path):
    (tmp_path / "predicted.fasta").write_text(">p1\nMAVK\n>p2\nAAA\n>p9\nLL\n")
    extra = "p9\t1\tL\tpredicted\t0.5\t\t\t\t\n"
    assert run(TABLE + extra, keep_going=True)["residues"] == 2


def test_a_calibrated_table_has_no_error(run, tmp_path):
    """Residues right as often as their confidence says: the error is what chance leaves."""
    rng = random.Random(3)
    truth, predicted, rows = [], [], [HEADER]
    for number in range(60):
        true = "".join(rng.choices(AMINO_ACIDS + "X", k=600))
        guess = []
        for position, amino_acid in enumerate(true, 1):
            confidence = round(rng.random(), 4)
            if amino_acid in HIDDEN and rng.random() >= confidence:
                guess.append(rng.choice([a for a in HIDDEN if a != amino_acid]))
            else:
                guess.append("A" if amino_acid == "X" else amino_acid)
            source = "observed" if amino_acid in "KCYM" else "predicted"
            rows.append(f"q{number}\t{position}\t{guess[-1]}\t{source}\t{confidence}\t\t\t\t")
        truth.append(f">q{number}\n{true}\n")
        predicted.append(f">q{number}\n{''.join(guess)}\n")
    (tmp_path / "truth.fasta").write_text("".join(truth))
    (tmp_path / "predicted.fasta").write_text("".join(predicted))
    calibration = run("\n".join(rows))
    assert calibration["expected_calibration_error"] < 0.02
    for row in calibration["bins"]:
        assert row["accuracy"] == pytest.approx(100 * row["mean_confidence"], abs=6)


def test_a_table_that_predict_writes_is_read(run, tmp_path):
    """Random logits, so the confidences are wrong: the sums agree with a loop over residues."""
    rng, readout = np.random.default_rng(5), Readout("KCYM")
    files = {"truth": "", "predicted": ""}
    text, gaps, right, three = "\t".join(TABLE_COLUMNS) + "\n", np.zeros(15), 0, 0
    for name in ("q1", "q2", "K"):
        true = name if name == "K" else "".join(rng.choice(list(AMINO_ACIDS + "U"), 300))
        logits = rng.normal(0, 3, (len(true), 20))
        read = Record(name, "", mask_sequence(true, readout).residues, 1)
        made = choose_residues(read, logits, readout.hidden)
        files = {
            "truth": f"{files['truth']}>{name}\n{true}\n",
            "predicted": f"{files['predicted']}>{name}\n{made.sequence}\n",
        }
        text += "".join(table_rows(made))
        for at, shares in zip(made.hidden, made.probabilities, strict=True):
            if true[at] != "U":
                gaps[min(int(shares.max() * 15), 14)] += (true[at] == made.sequence[at]) - max(
                    shares
                )
                right += true[at] == made.sequence[at]
                three += readout.hidden.index(true[at]) in np.argsort(-shares)[:3]
    for name, content in files.items():
        (tmp_path / f"{name}.fasta").write_text(content)
    calibration = run(text)
    residues = calibration["residues"]
    assert calibration["expected_calibration_error"] == pytest.approx(
        np.abs(gaps).sum() / residues, abs=1e-5
    )
    assert calibration["among_top_three"] == pytest.approx(100 * three / residues)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["residues"]["hidden_and_right"] == right
    assert summary["residues"]["hidden"] == residues
