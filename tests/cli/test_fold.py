"""`pepseq fold` on the command line: engines, proteins and messages."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from documentation import TEXT
from programs import ONE, PROTEINS, TEMPLATE, THREE, TWO, have_ended, rows, start_pepseq, table
from structures import WorkersInProcess

from pepseq.errors import SettingsError
from pepseq.structure.folding.config import FoldConfig


@pytest.fixture
def fold_with_esmfold(run, fasta, esmfold, tmp_path, monkeypatch):
    """Fold proteins; return what `run` does. `folded` lists the sequences that the network sees."""
    from pepseq.models.esmfold import FoldingNetwork

    before = FoldingNetwork.fold

    def fold(self, sequence):
        call.folded.append(sequence)
        return before(self, sequence)

    def call(proteins, *more):
        source = fasta("p.fasta", proteins)
        options = "--model", esmfold, "--device", "cpu", "--threads", 1
        return run("fold", source, "-o", tmp_path / "o", *options, *more)

    monkeypatch.setattr(FoldingNetwork, "fold", fold)
    call.folded = []
    return call


WITH_UNKNOWN = [*PROTEINS, ("u", "MKUAYB")]


def test_esmfold_folds_the_shortest_first(fold_with_esmfold, tmp_path):
    done = fold_with_esmfold(WITH_UNKNOWN)
    assert done.code == 0 and done.out == ""
    assert fold_with_esmfold.folded == ["MKXAYX", ONE, TWO, THREE]
    lines = done.err.splitlines()
    assert lines[0] == "folding 1 of 4: 'u', 6 residues"
    assert lines[3] == "folding 4 of 4: 'a/b', 18 residues"
    assert lines[4].startswith("4 structures (4 new), mean pLDDT ") and len(lines) == 5
    record = json.loads((tmp_path / "o.run.json").read_text())
    assert record["command"] == "fold" and record["inputs"][0]["sha256"]


def test_the_table_of_esmfold(fold_with_esmfold, tmp_path):
    fold_with_esmfold(WITH_UNKNOWN)
    out, table_of = tmp_path / "o", rows(tmp_path / "o")
    assert list(table_of) == [name for name, _ in WITH_UNKNOWN]
    for name, sequence in PROTEINS:
        row = table_of[name]
        assert row["state"] == "done" and row["residues"] == str(len(sequence))
        assert (row["different"], row["missing"], row["unknown"]) == ("0", "0", "0")
        assert 0 < float(row["mean_plddt"]) < 100 and 0 <= float(row["ptm"]) <= 1
        assert row["engine"].startswith("esmfold esmfold0 ") and float(row["seconds"]) > 0
    assert (table_of["u"]["unknown"], table_of["u"]["missing"]) == ("2", "2")
    files = ["structures.tsv", *(row["file"] for row in table_of.values())]
    assert sorted(path.name for path in out.iterdir()) == sorted(files)


def test_structures_of_esmfold_are_scored_by_id(fold_with_esmfold, run, tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)
    fold_with_esmfold(WITH_UNKNOWN)
    out, table_of = tmp_path / "o", rows(tmp_path / "o")
    assert run("score", out, out, "-o", tmp_path / "s.tsv").code == 0
    scores = {row["id"]: row for row in table(tmp_path / "s.tsv")}
    assert set(scores) == {name for name, _ in WITH_UNKNOWN}
    for row in scores.values():
        assert float(row["tm_score"]) == pytest.approx(1, abs=1e-4)
    for name in ("a/b", "sp|P12345|AATM_RABIT"):
        plddt = float(scores[name]["mean_plddt"])
        assert plddt == pytest.approx(float(table_of[name]["mean_plddt"]), abs=1e-3)


def test_esmfold_makes_what_is_missing_damaged_or_changed(fold_with_esmfold, tmp_path):
    fold_with_esmfold(WITH_UNKNOWN)
    out, table_of = tmp_path / "o", rows(tmp_path / "o")
    fold_with_esmfold.folded.clear()
    assert fold_with_esmfold(WITH_UNKNOWN).code == 0 and not fold_with_esmfold.folded
    (out / table_of["u"]["file"]).unlink()
    (out / table_of["a|b"]["file"]).write_bytes(b"damaged")
    changed = [("a/b", THREE[:-1]), *WITH_UNKNOWN[1:]]
    done = fold_with_esmfold(changed)
    assert done.code == 0 and "1 of 4 structures already exist" in done.err
    assert fold_with_esmfold.folded == ["MKXAYX", TWO, THREE[:-1]]
    assert rows(out)["a|b"]["file_sha256"] == table_of["a|b"]["file_sha256"]
    assert fold_with_esmfold(changed, "--precision", "bf16").code == 65


FAILING = [
    ("fails", "MWWW", "the program ended with 3; its last output: 'no memory on device'"),
    ("silent", "MCCC", "the program wrote no file; it printed nothing"),
    ("garbage", "MHHH", "a structure (PDB or mmCIF with atoms), found 'no structure'"),
    ("killed", "MKKK", "the program was ended by SIGKILL; it printed nothing"),
    ("other", "MKTAYIAKQRQISFVKSHPPP", "expected a structure of 21 residues, found 20"),
    ("long", "M" * 30, "at most 25 residues (--max-residues), found 30"),
    ("unknown", "XXMKXX", "at least 3 known residues, found 2"),
    ("wrong", "MK1", "'1' at residue 3"),
    ("a/b", "MKK", "has the same id"),
]


@pytest.fixture
def fold_failing(run, fasta, programs, tmp_path):
    """Fold good and failing proteins; return what `run` does."""
    source = fasta("p.fasta", [*PROTEINS, *((name, sequence) for name, sequence, _ in FAILING)])

    def call(*more):
        options = "--engine", TEMPLATE, "--max-residues", 25
        return run("fold", source, "-o", tmp_path / "o", *options, *more)

    return call


def test_proteins_that_cannot_be_folded_do_not_end_the_run(fold_failing, tmp_path):
    done = fold_failing()
    assert done.code == 65 and done.err.count("Error: 9 of 12 records were left out") == 1
    states = {name: row["state"] for name, row in rows(tmp_path / "o").items()}
    assert [name for name in states if states[name] == "done"] == [name for name, _ in PROTEINS]
    failed = table(tmp_path / "o.failed.tsv")
    reasons = {(row["id"], int(row["line"])): row["reason"] for row in failed}
    for number, (name, _, words) in enumerate(FAILING):
        assert words in reasons[name, 7 + 2 * number]
    assert rows(tmp_path / "o")["fails"]["reason"] == reasons["fails", 7]


def test_only_proteins_that_failed_are_folded_again(fold_failing, programs):
    fold_failing()
    (programs / "calls").write_text("")
    again = fold_failing("--keep-going")
    assert again.code == 0 and again.err.endswith("3 structures (0 new), mean pLDDT 52.8\n")
    tried = sorted(sequence for _, sequence, _ in FAILING[:5])
    assert sorted((programs / "calls").read_text().split()) == tried


def test_a_run_in_which_every_protein_fails(run, fasta, programs, tmp_path):
    source = fasta("n.fasta", [FAILING[0][:2]])
    done = run("fold", source, "-o", tmp_path / "n", "--engine", TEMPLATE)
    assert done.code == 65 and f"reasons are in {tmp_path / 'n'}.failed.tsv" in done.err
    assert FAILING[0][2] in table(tmp_path / "n.failed.tsv")[0]["reason"]
    assert not (tmp_path / "n.run.json").exists()


def test_a_program_that_takes_too_long_is_ended_with_all_it_started(
    run, fasta, programs, tmp_path, monkeypatch
):
    monkeypatch.setattr("pepseq.processes.programs.SECONDS_TO_END", 0.1)
    source = fasta("p.fasta", [("slow", "MYYY"), ("slow2", "MMYYY")])
    call = ["fold", source, "-o", tmp_path / "o", "--engine", TEMPLATE]
    done = run(*call, "--timeout", 0.4)
    assert done.code == 65 and "no structure within 0.4 s" in done.err
    pids = (programs / "pids").read_text().split()
    assert len(pids) == 2 and have_ended(pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_leave_the_program_behind(fasta, programs, tmp_path, number):
    call = ["fold", fasta("p", [("slow", "MYYY")]), "-o", tmp_path / "o", "--engine", TEMPLATE]
    process = start_pepseq(call, until=(programs / "pids").read_text)
    pids = (programs / "pids").read_text().split()
    for _ in range(2):
        process.send_signal(number)
        time.sleep(0.3)
    assert process.wait(4) != 0 and have_ended(pids)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("command:fake-fold {fasta}", "one of {pdb}, {cif} and {folder}"),
        ("command:fake-fold {pdb}", "must contain {fasta}"),
        ("command:fake-fold {fasta} {pdb} {cif}", "one of {pdb}, {cif} and {folder}"),
        ("command:fake-fold {fasta} {pdb} {x}", "found '{x}'"),
        ("command:fake-fold {fasta} {pdb!r}", "found '{pdb!r}'"),
        ("command:fake-fold {fasta.parent} {pdb}", "found '{fasta.parent}'"),
        ("command:fake-fold {fasta} {pdb", "'{pdb'"),
        ("command:fake-fold {fasta} '{pdb}", "No closing quotation"),
        ("colabfold:--x '", "No closing quotation"),
        ("command:no-such-program {fasta} {pdb}", "program 'no-such-program' not found"),
        ("command: ", "expected esmfold, colabfold"),
        ("alphafold", "expected esmfold, colabfold"),
        ("esmfold:x", "neither options"),
    ],
)
def test_wrong_engines_are_2(run, fasta, programs, tmp_path, engine, words):
    done = run("fold", fasta("p", PROTEINS), "-o", tmp_path / "o", "--engine", engine)
    assert done.code == 2 and words in done.err and len(done.err.splitlines()) == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0.0, "engine": "colabfold"},
        {"timeout": 5.0},
        {"chunk_size": 0},
        {"max_residues": 10_000},
        {"precision": "int8"},
        {"engine": "colabfold", "model": "x"},
    ],
)
def test_wrong_fold_settings_are_refused(wrong):
    with pytest.raises(SettingsError):
        FoldConfig(**wrong)


def test_no_shell_reads_a_template(run, fasta, programs, tmp_path):
    name = "$(touch${IFS}x);`id`&|>x"
    out = tmp_path / "o; touch x"
    engine = 'command:sh -c \'fake-fold "$0" "$1"; echo "$2 {{}}" > "$1.name"\' {fasta} {pdb} '
    done = run("fold", fasta("p", [(name, ONE)]), "-o", out, "--engine", engine + "{name}")
    assert done.code == 0, done.err
    assert rows(out)[name]["file"] == "__touch__IFS_x___id____x.pdb"
    assert not list(tmp_path.glob("x*")) and not os.path.exists("x")


def test_the_program_in_docs_is_one_that_fold_takes(run, fasta, tmp_path):
    script = TEXT.partition("$ cat myfold.py\n")[2].partition("$ ")[0]
    (tmp_path / "myfold.py").write_text(script)
    engine = f"command:{sys.executable} {tmp_path}/myfold.py {{fasta}} {{pdb}}"
    source = fasta("p", [("a", THREE), ("b", "X" + THREE[1:])])
    done = run("fold", source, "-o", tmp_path / "o", "--engine", engine)
    assert done.code == 0 and "mean pLDDT 5" in done.err
    counts = {
        name: (row["different"], row["missing"]) for name, row in rows(tmp_path / "o").items()
    }
    assert counts == {"a": ("0", "0"), "b": ("0", "1")}


def test_the_protein_that_is_folded_is_logged(fasta, tmp_path):
    engine = "command:sh -c 'sleep 1000' {fasta} {pdb}"
    call = ["fold", fasta("p", [("slow", "MYYY")]), "-o", tmp_path / "o", "--engine", engine]
    process = subprocess.Popen(
        [sys.executable, "-m", "pepseq", *map(str, call)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr.readline() == "folding 1 of 1: 'slow', 4 residues\n"
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_low_confidence_and_files_without_plddt_are_named(run, fasta, programs, tmp_path):
    whole = (programs / f"{ONE}.pdb").read_text()
    (programs / f"XXXXXXXXX{ONE[9:]}.pdb").write_text(whole)
    for path in programs.glob("*.pdb"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line[:60] + " 70.00" + line[66:] for line in lines))
    header = "confidence=0.1234 template=x"
    proteins = [(f"a {header}", ONE), (f"b {header}", "XXXXXXXXX" + ONE[9:])]
    proteins += [("c confidence=0.9", TWO), ("d", THREE)]
    done = run("fold", fasta("p", proteins), "-o", tmp_path / "o", "--engine", TEMPLATE)
    assert "1 of 4 proteins have a confidence below 0.5 in the header ('a' has 0.1234)" in done.err
    assert "mean pLDDT unknown (the B-factors of CA atoms are all the same" in done.err
