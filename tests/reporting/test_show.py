"""`pepseq show`: one protein in a terminal."""

import re
from time import monotonic

import pytest
from evaluation_folder import write
from result_files import readout_table

PROTEIN = "MALKGVAALKYC" + "A" * 70


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return readout_table(tmp_path / "t.tsv", {"one": "MALK", "two": PROTEIN})


def blocks(out, width=80):
    """Return residues, digits and true residues joined over rows, by their lines."""
    rows = [part.splitlines() for part in out.split("\n\n")[1:-1]]
    assert all(len(line) <= width for row in rows for line in row)
    head = re.compile(r" *(\d+)  ")
    starts = [int(head.match(row[0])[1]) for row in rows]
    margin = head.match(rows[0][0]).end()
    joined = ["".join(row[k][margin:].replace(" ", "") for row in rows) for k in (0, 1)]
    return starts, *joined


def test_residues_digits_and_positions(table, run):
    done = run("show", "two")
    starts, residues, digits = blocks(done.out)
    assert (starts, residues) == ([1, 61], PROTEIN)
    assert digits == "".join("*" if r in "KCYM" else "9" for r in PROTEIN)
    assert "82 residues, 5 observed (*), 77 predicted, mean confidence 0.9500" in done.out
    assert "77 predicted residues taken from t1, between 2 and 82" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("width", ["12", "30", "47", "200"])
def test_any_terminal_is_wide_enough(table, run, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    starts, residues, _ = blocks(run("show", "two", table).out, max(int(width), 14))
    assert residues == PROTEIN
    assert len(starts) == {12: 9, 30: 5, 47: 3, 200: 2}[int(width)]


def test_colour_adds_nothing_but_colour(table, run, monkeypatch):
    plain = run("show", "two", "--truth", truth(table)).out
    coloured = run("show", "two", "--truth", truth(table), "--color", "always").out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain != coloured
    assert "\x1b[1mM\x1b[0m" in coloured and "\x1b[4mL\x1b[0m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("show", "two", "--color", "always", "--plain", "--truth", truth(table)).out == plain
    assert run("show", "two", "--color", "never", "--truth", truth(table)).out == plain


def truth(table):
    return write(table.parent / "truth.fasta", {"two": PROTEIN.replace("L", "V")})


def test_errors_are_named_below(table, run):
    out = run("show", "two", "--truth", truth(table)).out
    assert "75 of 77 predicted residues are correct (97.40 %)" in out
    row = out.split("\n\n")[1].splitlines()
    assert [row[0][at] + row[2][at] for at in (6, 12)] == ["LV", "LV"]
    assert row[2].split() == ["V", "V"]


def test_faults_are_one_line(table, run):
    done = run("show", "tow")
    assert done.code == 65 and "'two'" in done.err and len(done.err.splitlines()) == 1
    assert run("show", "two", "nowhere").code == 65
    assert run("show", "two", "--truth", write("other.fasta", {"x": "MALK"})).code == 65
    longer = run("show", "two", "--truth", write("long.fasta", {"two": PROTEIN + "A"}))
    assert longer.code == 0 and "83 residues, so nothing is compared" in longer.out


def test_an_id_as_file_names_have_it_is_understood(tmp_path, run):
    readout_table(tmp_path / "t.tsv", {"a|1": PROTEIN, "b|2": PROTEIN, "b/2": PROTEIN})
    for given in ("a|1", "a_1"):
        assert run("show", given, tmp_path / "t.tsv").out.startswith("a|1  (")
    done = run("show", "b_2", tmp_path / "t.tsv")
    assert done.code == 65 and "'b|2', 'b/2'" in done.err


def test_a_terminal_gets_colour_unless_told_otherwise(table, monkeypatch, capsys):
    from pepseq.cli import show

    for value, wanted in ((None, True), ("1", False), ("", True)):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        monkeypatch.delenv("NO_COLOR", raising=False)
        if value is not None:
            monkeypatch.setenv("NO_COLOR", value)
        show.command.main(["two"], standalone_mode=False)
        assert ("\x1b[" in capsys.readouterr().out) is wanted


def test_names_hold_nothing_that_a_terminal_obeys(table, run):
    text = table.read_text().replace("t1;t2", "\x1b[31mT\x07;t2")
    (table.parent / "t\x1b[7m.tsv").write_text(text)
    table.unlink()
    out = run("show", "two").out
    assert "\x1b" not in out and "\x07" not in out
    assert r"taken from \x1b[31mT\x07," in out and r"t\x1b[7m.tsv" in out


@pytest.mark.parametrize("digits", [30, 400, 5000])
def test_numbers_beyond_any_float_are_one_line(table, run, digits):
    text = table.read_text()
    for column, message in (("2", "a row of residue 2"), ("0.950000", "a confidence")):
        table.write_text(text.replace(f"\t{column}\t", f"\t{'9' * digits}\t", 1))
        done = run("show", "one")
        assert done.code == 65 and message in done.err and len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_an_unknown_id_among_many_is_said_in_seconds(table, run):
    head, *_ = table.read_text().splitlines()
    rows = [f"p_{n:06d}\t1\tM\tobserved\t1" + "\t" * 8 for n in range(200_000)]
    table.write_text("\n".join([head, *rows]) + "\n")
    start = monotonic()
    done = run("show", "q_000012")
    assert (
        done.code == 65
        and "none of the 200000 proteins is 'q_000012'. The most similar ids: 'p_000012'"
        in done.err
    )
    assert monotonic() - start < 60


def test_a_prediction_is_no_truth(table, run):
    path = table.parent / "whole.fasta"
    path.write_text(f">two confidence=0.9123 template=x\n{PROTEIN}\n")
    for call in (["show", "two"], ["report", table, "-o", table.parent / "r.html"]):
        done = run(*call, "--truth", path)
        assert done.code == 65 and "these are predicted proteins" in done.err
