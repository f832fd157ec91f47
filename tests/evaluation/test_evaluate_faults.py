"""What each fault gets from `pepseq evaluate`."""

import gzip
import json
import logging
import subprocess
import sys

import pytest
from evaluation_folder import PREDICTED, TRUTH, prepare, rows, write

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.evaluation import figure_style


@pytest.fixture
def run(tmp_path, monkeypatch):
    return prepare(tmp_path, monkeypatch)


BAD_RECORDS = pytest.mark.parametrize(
    ("name", "sequence", "reason", "line"),
    [
        ("p2", None, "expected a record of this id in predicted.fasta, found none", 3),
        ("p2", "GGG", "expected 4 residues as in the truth, found 3", 3),
        ("p1", "MAXK", "expected an amino acid at residue 3, found 'X' (--min-confidence", 1),
        ("p1", "MABK", "expected an amino acid at residue 3, found 'B'", 1),
        ("p1", "MA-K", "expected amino acids, found '-' at residue 3", 1),
        ("p2", "", "the record has no residues", 3),
    ],
)


@BAD_RECORDS
def test_a_bad_record_is_left_out_and_named(run, name, sequence, reason, line):
    write_predicted({**PREDICTED, name: sequence})
    result = run()
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 65
    assert "1 of 4 records were left out" in str(result.exception)
    assert reason in str(result.exception)
    (failed,) = rows("out.failed.tsv")
    file = "truth.fasta" if sequence is None else "predicted.fasta"
    assert (failed["file"], failed["line"], failed["id"]) == (file, str(line), name)
    assert failed["reason"].startswith(reason)
    assert len(rows("out/proteins.tsv")) == 3


def write_predicted(proteins):
    write("predicted.fasta", {name: p for name, p in proteins.items() if p is not None})


@BAD_RECORDS
def test_the_list_of_bad_records_is_that_of_the_last_run(
    run, tmp_path, name, sequence, reason, line
):
    write_predicted({**PREDICTED, name: sequence})
    assert run("--keep-going").exit_code == 0
    assert (tmp_path / "out.failed.tsv").exists()
    write("predicted.fasta", PREDICTED)
    assert run("--force").exit_code == 0
    assert not (tmp_path / "out.failed.tsv").exists()


def test_most_reconstructions_of_other_lengths_are_refused_at_once(run, tmp_path):
    write("predicted.fasta", {name: sequence + "A" for name, sequence in PREDICTED.items()})
    result = run("--keep-going")
    assert result.exception.exit_code == 65
    assert str(result.exception).startswith(
        "predicted.fasta: 4 of 4 reconstructions have another length than the true protein "
        "(p1 on line 1 is the first)"
    )
    assert "pepseq lookup" in str(result.exception) and not (tmp_path / "out").exists()


def test_bad_true_records_and_unmatched_ids_are_counted(run, tmp_path, caplog, monkeypatch):
    write("truth.fasta", {**TRUTH, "p2": "GG-G"})
    write("predicted.fasta", {**PREDICTED, "p9": "AAA"})
    monkeypatch.setattr(logging.getLogger("pepseq"), "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, "pepseq")
    assert run("--keep-going").exit_code == 0
    records = json.loads((tmp_path / "out/summary.json").read_text())["records"]
    assert records == {
        "in_truth": 4,
        "in_predicted": 5,
        "only_in_predicted": 1,
        "left_out": 1,
        "compared": 3,
    }
    assert "records whose id is not in truth.fasta, not scored: 1" in caplog.text


def test_observed_residues_that_differ_are_counted(run, tmp_path):
    """A misread M, a missed K: the hidden residues of p1 and p4 are scored all the same."""
    write("predicted.fasta", {**PREDICTED, "p1": "YAVK", "p4": "MAAGL"})
    result = run()
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["residues"]["observed"] == 8
    assert summary["residues"]["observed_and_wrong"] == 2
    assert summary["residues"]["hidden_and_right"] == 5
    assert "differ from the truth: 2 of 8 (25.00 %" in result.output
    assert [row["correct"] for row in rows("out/proteins.tsv")] == ["1", "3", "0", "1"]
    write("predicted.fasta", PREDICTED)
    assert "differ from the truth" not in run("--force").output


LABELLED = {"l1": "KAAKAAKAA", "l2": "CAACAACAA"}


@pytest.mark.parametrize(
    ("predicted", "refused"),
    [
        ({"l1": LABELLED["l2"], "l2": LABELLED["l1"]}, True),  # ids mixed up
        ({"l1": "LAALAALAA", "l2": "LAALAALAA"}, False),  # every label missed
        ({"l1": "KAACAAKAA", "l2": "CAACAAYAA"}, False),  # 2 of 6 misread: no more than a third
        ({"l1": "KAACAAYAA", "l2": "CAACAAYAA"}, True),
    ],
)
def test_what_does_not_belong_together_is_refused(run, tmp_path, predicted, refused):
    write("truth.fasta", LABELLED)
    write("predicted.fasta", predicted)
    result = run()
    if refused:
        assert isinstance(result.exception, InputError)
        assert "predicted.fasta: expected residues KCYM as in the truth" in str(result.exception)
        assert "of 6 different (another readout, or other proteins" in str(result.exception)
        assert not (tmp_path / "out").exists()
    else:
        assert result.exit_code == 0, result.output


def test_prediction_at_an_unknown_residue_is_free(run):
    write("predicted.fasta", {**PREDICTED, "p4": "MXWKL"})
    assert run().exit_code == 0


def test_files_without_a_common_id_are_refused(run, tmp_path):
    write("predicted.fasta", {"other": "MALK"})
    result = run()
    assert isinstance(result.exception, InputError)
    assert "no protein has an id of the truth: ids are such as 'other'" in str(result.exception)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["predicted.fasta", "truth.fasta"]


def test_files_without_a_good_record_are_refused(run, tmp_path):
    write("predicted.fasta", dict.fromkeys(TRUTH, "A!"))
    result = run("--keep-going")
    assert isinstance(result.exception, InputError)
    assert "none of the 4 records can be used" in str(result.exception)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["predicted.fasta", "truth.fasta"]


@pytest.mark.parametrize("content", [b"", b"@r\nAC\n", gzip.compress(b">p1\nMALK\n", mtime=0)[:-6]])
@pytest.mark.parametrize("file", ["truth.fasta", "predicted.fasta", "background.fasta"])
def test_a_file_that_is_no_fasta_is_refused(run, tmp_path, file, content):
    (tmp_path / file).write_bytes(content)
    more = ["--background", file] if file == "background.fasta" else []
    result = run(*more)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(file)
    assert not (tmp_path / "out").exists()


def test_a_background_with_nothing_hidden_is_refused(run):
    write("background.fasta", {"b": "KKMK"})
    result = run("--background", "background.fasta")
    assert isinstance(result.exception, InputError)
    assert "background.fasta: expected proteins with hidden residues" in str(result.exception)


def test_output_is_never_overwritten_unasked(run, tmp_path):
    assert run().exit_code == 0
    before = (tmp_path / "out/summary.json").read_bytes()
    write("predicted.fasta", TRUTH)
    result = run()
    assert isinstance(result.exception, OutputError)
    assert "out: already exists; --force overwrites it" in str(result.exception)
    assert (tmp_path / "out/summary.json").read_bytes() == before
    assert run("--force").exit_code == 0
    assert (tmp_path / "out/summary.json").read_bytes() != before


def test_force_spares_folders_with_other_files(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").write_text("years of work")
    result = run("--force")
    assert isinstance(result.exception, OutputError)
    assert "'thesis.tex'" in str(result.exception)
    assert (tmp_path / "out/thesis.tex").read_text() == "years of work"


def test_force_spares_files_and_inputs(run, tmp_path):
    (tmp_path / "out").write_text("a file")
    assert isinstance(run("--force").exception, OutputError)
    assert (tmp_path / "out").read_text() == "a file"
    (tmp_path / "out").unlink()
    (tmp_path / "out").mkdir()
    write("out/proteins.tsv", PREDICTED)
    result = run("--force", files=("truth.fasta", "out/proteins.tsv"))
    assert isinstance(result.exception, SettingsError)
    assert (tmp_path / "out/proteins.tsv").exists()


def test_a_failed_run_keeps_the_older_folder(run, tmp_path, monkeypatch):
    assert run().exit_code == 0
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}

    def full(path, *rest):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure_style, "figure_bytes", full)
    result = run("--force")
    assert isinstance(result.exception, OutputError)
    assert "out: cannot be written: No space left on device" in str(result.exception)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("more", [("--table", "-"), ("--background", "-"), ()])
def test_stdin_is_read_once_and_stdout_is_no_output(run, more):
    result = run(*more, files=("-", "predicted.fasta" if more else "-"))
    assert isinstance(result.exception, SettingsError)
    assert "only one input from stdin" in str(result.exception)
    assert isinstance(run("-o", "-").exception, SettingsError)


def test_left_out_records_end_in_one_line_and_exit_code_65(tmp_path, monkeypatch):
    """One run as a process, with real figures and the truth from stdin."""
    monkeypatch.chdir(tmp_path)
    write("predicted.fasta", {**PREDICTED, "p1": "M"})
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from pepseq.cli.main import main; main()",
            "evaluate",
            "-",
            "predicted.fasta",
            "--readout",
            "KCYM",
            "-o",
            "out/",
        ],
        input=write("truth.fasta", TRUTH).read_bytes(),
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 65
    assert done.stderr.decode().startswith("Error: 1 of 4 records were left out")
    assert len(done.stderr.decode().splitlines()) == 1
    assert (tmp_path / "out/confusion.png").read_bytes().startswith(b"\x89PNG")
    assert {p.name for p in tmp_path.iterdir()} == {
        "truth.fasta",
        "predicted.fasta",
        "out",
        "out.failed.tsv",
        "out.run.json",
    }


def test_an_unknown_readout_is_a_usage_error(run):
    assert run("--readout", "KZ").exit_code == 2
