"""`pepseq fold` on the command line."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from places import ROOT
from programs import install
from structures import coil, pdb

from pepseq.errors import SettingsError
from pepseq.io.atomic_files import locked
from pepseq.structure.folding.config import FoldConfig
from pepseq.structure.folding.fold import FOLD_COLUMNS, fold

ONE, TWO, THREE = "MKTAYIAKQRQISF", "MKTAYIAKQRQISFV", "MKTAYIAKQRQISFVKSH"
PROTEINS = [("a/b", THREE), ("sp|P12345|AATM_RABIT", ONE), ("a|b", TWO)]
TEMPLATE = "command:fake-fold {fasta} {pdb}"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.structure.folding.colabfold.SECONDS_BETWEEN_POLLS", 0.02)
    return install(tmp_path / "bin dir", monkeypatch, [ONE, TWO, THREE, "MKTAYIAKQR"])


def rows(folder):
    text = (folder / "structures.tsv").read_text()
    assert tuple(text.splitlines()[0].split("\t")) == FOLD_COLUMNS
    return {row["id"]: row for row in csv.DictReader(text.splitlines(), delimiter="\t")}


def table(path):
    return list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_esmfold_folds_is_scored_and_goes_on(run, fasta, esmfold, tmp_path, monkeypatch):
    source, out = fasta("p.fasta", [*PROTEINS, ("u", "MKUAYB")]), tmp_path / "o"
    call = ["fold", source, "-o", out, "--model", esmfold, "--device", "cpu", "--threads", 1]
    done = run(*call)
    assert done.code == 0 and done.out == ""
    said = done.err.splitlines()
    assert said[0] == "folding 1 of 4: 'u', 6 residues"
    assert said[3] == "folding 4 of 4: 'a/b', 18 residues"
    assert said[4].startswith("4 structures, 4 of them new, mean pLDDT ") and len(said) == 5
    table_of = rows(out)
    assert list(table_of) == ["a/b", "sp|P12345|AATM_RABIT", "a|b", "u"]
    for name, sequence in PROTEINS:
        row = table_of[name]
        assert row["state"] == "done" and row["residues"] == str(len(sequence))
        assert (row["different"], row["missing"], row["unknown"]) == ("0", "0", "0")
        assert 0 < float(row["mean_plddt"]) < 100 and 0 <= float(row["ptm"]) <= 1
        assert row["engine"].startswith("esmfold esmfold0 ") and float(row["seconds"]) > 0
    assert (table_of["u"]["unknown"], table_of["u"]["missing"]) == ("2", "2")
    record = json.loads((tmp_path / "o.run.json").read_text())
    assert record["command"] == "fold" and record["inputs"][0]["sha256"]
    assert sorted(p.name for p in out.iterdir()) == sorted(
        ["structures.tsv", *(row["file"] for row in table_of.values())]
    )
    scored = run("score", out, out, "-o", tmp_path / "s.tsv")
    assert scored.code == 0
    scores = {row["id"]: row for row in table(tmp_path / "s.tsv")}
    assert set(scores) == {"a/b", "sp|P12345|AATM_RABIT", "a|b", "u"}
    for row in scores.values():
        assert float(row["tm_score"]) == pytest.approx(1, abs=1e-4)
    for name in ("a/b", "sp|P12345|AATM_RABIT"):
        plddt = float(scores[name]["mean_plddt"])
        assert plddt == pytest.approx(float(table_of[name]["mean_plddt"]), abs=1e-3)

    from pepseq.models.esmfold import FoldingNetwork

    folded, before = [], FoldingNetwork.fold
    monkeypatch.setattr(
        FoldingNetwork, "fold", lambda self, s: (folded.append(s), before(self, s))[1]
    )
    assert run(*call).code == 0 and not folded
    (out / table_of["u"]["file"]).unlink()
    (out / table_of["a|b"]["file"]).write_bytes(b"damaged")
    fasta("p.fasta", [("a/b", THREE[:-1]), *PROTEINS[1:], ("u", "MKUAYB")])
    done = run(*call)
    assert done.code == 0 and "1 of 4 structures are there already" in done.err
    assert folded == ["MKXAYX", TWO, THREE[:-1]]
    assert rows(out)["a|b"]["file_sha256"] == table_of["a|b"]["file_sha256"]
    assert run(*call, "--precision", "bf16").code == 65


def test_proteins_that_cannot_be_folded_do_not_end_the_run(run, fasta, programs, tmp_path):
    bad = [("fails", "MWWW"), ("silent", "MCCC"), ("garbage", "MHHH"), ("killed", "MKKK")]
    bad += [("other", "MKTAYIAKQRQISFVKSHPPP"), ("long", "M" * 30), ("unknown", "XXMKXX")]
    bad += [("wrong", "MK1"), ("a/b", "MKK")]
    source = fasta("p.fasta", [*PROTEINS, *bad])
    call = ["fold", source, "-o", tmp_path / "o", "--engine", TEMPLATE, "--max-residues", 25]
    done = run(*call)
    assert done.code == 65 and done.err.count("Error: 9 of 12 records were left out") == 1
    table_of = rows(tmp_path / "o")
    assert [n for n, row in table_of.items() if row["state"] == "done"] == [n for n, _ in PROTEINS]
    failed = {row["id"] + row["line"]: row["reason"] for row in table(tmp_path / "o.failed.tsv")}
    assert failed["fails7"] == (
        "expected a structure, found that the program ended with 3; its last output: "
        "'no memory on device'"
    )
    assert failed["silent9"].endswith("found that the program wrote none; it printed nothing")
    assert failed["garbage11"] == (
        "expected a structure (PDB or mmCIF with atoms), found 'no structure'"
    )
    assert "the program was ended by SIGKILL; it printed nothing" in failed["killed13"]
    assert "expected a structure of 21 residues, found 20" in failed["other15"]
    assert "at most 25 residues (--max-residues), found 30" in failed["long17"]
    assert "at least 3 known residues, found 2" in failed["unknown19"]
    assert "'1' at residue 3" in failed["wrong21"] and "id of its own" in failed["a/b23"]
    assert table_of["fails"]["reason"] == failed["fails7"]
    (programs / "calls").write_text("")
    again = run(*call, "--keep-going")
    assert again.code == 0 and again.err.endswith("3 structures, 0 of them new, mean pLDDT 52.8\n")
    assert sorted((programs / "calls").read_text().split()) == sorted(s for _, s in bad[:5])
    nothing = fasta("n.fasta", bad[:1])
    done = run("fold", nothing, "-o", tmp_path / "n", "--engine", TEMPLATE)
    assert done.code == 65 and f"reasons are in {tmp_path / 'n'}.failed.tsv" in done.err
    assert table(tmp_path / "n.failed.tsv")[0]["reason"] == failed["fails7"]
    assert not (tmp_path / "n.run.json").exists()


def test_a_program_that_takes_too_long_is_ended_with_all_it_started(
    run, fasta, programs, tmp_path, monkeypatch
):
    monkeypatch.setattr("pepseq.processes.programs.SECONDS_TO_END", 0.1)
    source = fasta("p.fasta", [("slow", "MYYY"), ("slow2", "MMYYY")])
    call = ["fold", source, "-o", tmp_path / "o", "--engine", TEMPLATE]
    done = run(*call, "--timeout", 0.4)
    assert done.code == 65 and "expected a structure within 0.4 s, found none" in done.err
    pids = (programs / "pids").read_text().split()
    assert len(pids) == 2 and not any(map(is_alive, pids))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_leave_the_program_behind(fasta, programs, tmp_path, number):
    call = ["fold", fasta("p", [("slow", "MYYY")]), "-o", tmp_path / "o", "--engine", TEMPLATE]
    process = subprocess.Popen([sys.executable, "-m", "pepseq", *map(str, call)])
    while not (pids := (programs / "pids").read_text().split()):
        assert process.poll() is None
        time.sleep(0.02)
    for _ in range(2):
        process.send_signal(number)
        time.sleep(0.3)
    assert process.wait(4) != 0 and not any(map(is_alive, pids))


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("command:fake-fold {fasta}", "one of {pdb} and {cif}"),
        ("command:fake-fold {pdb}", "expected {fasta}"),
        ("command:fake-fold {fasta} {pdb} {cif}", "one of {pdb} and {cif}"),
        ("command:fake-fold {fasta} {pdb} {x}", "found '{x}'"),
        ("command:fake-fold {fasta} {pdb!r}", "found '{pdb!r}'"),
        ("command:fake-fold {fasta.parent} {pdb}", "found '{fasta.parent}'"),
        ("command:fake-fold {fasta} {pdb", "'{pdb'"),
        ("command:fake-fold {fasta} '{pdb}", "No closing quotation"),
        ("colabfold:--x '", "No closing quotation"),
        ("command:no-such-program {fasta} {pdb}", "none named 'no-such-program'"),
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
def test_wrong_settings(wrong):
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


def test_killed_and_called_again(fasta, run, programs, tmp_path):
    source = fasta("p", [*PROTEINS, ("slow", "MKTAYIAKQRQISFVKSHYYY")])
    call = ["fold", str(source), "-o", str(tmp_path / "o"), "--engine", TEMPLATE]
    process = subprocess.Popen([sys.executable, "-m", "pepseq", *call])
    while len((programs / "pids").read_text().split()) < 1:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    os.kill(int((programs / "pids").read_text()), signal.SIGKILL)
    before = rows(tmp_path / "o")
    assert [row["state"] for row in before.values()] == ["done"] * 3
    with open(tmp_path / "o" / "structures.tsv", "a") as stream:
        stream.write("slow\thalf a row")  # what a full disk leaves
    (programs / "calls").write_text("")
    fasta("p", [*PROTEINS, ("quick", "MKTAYIAKQR")])
    done = run(*call)
    assert done.code == 0 and (programs / "calls").read_text() == "MKTAYIAKQR\n"
    assert list(rows(tmp_path / "o")) == ["a/b", "sp|P12345|AATM_RABIT", "a|b", "quick"]


def test_the_program_in_readme_is_one_that_fold_takes(run, fasta, tmp_path):
    text = (ROOT / "README.md").read_text()
    script = text.partition("$ cat myfold.py\n")[2].partition("$ ")[0]
    (tmp_path / "myfold.py").write_text(script)
    engine = f"command:{sys.executable} {tmp_path}/myfold.py {{fasta}} {{pdb}}"
    source = fasta("p", [("a", THREE), ("b", "X" + THREE[1:])])
    done = run("fold", source, "-o", tmp_path / "o", "--engine", engine)
    assert done.code == 0 and "mean pLDDT 5" in done.err
    counts = {
        name: (row["different"], row["missing"]) for name, row in rows(tmp_path / "o").items()
    }
    assert counts == {"a": ("0", "0"), "b": ("0", "1")}


def test_it_says_what_it_folds_while_it_does(fasta, programs, tmp_path):
    call = ["fold", fasta("p", [("slow", "MYYY")]), "-o", tmp_path / "o", "--engine", TEMPLATE]
    process = subprocess.Popen(
        [sys.executable, "-m", "pepseq", *map(str, call)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr.readline() == "folding 1 of 1: 'slow', 4 residues\n"
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_guesses_and_files_without_plddt_are_named(run, fasta, programs, tmp_path):
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


def test_a_program_that_outlives_a_killed_run_writes_nothing_of_the_next(
    fasta, tmp_path, monkeypatch
):
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    engine = "command:sh -c 'echo $$ $2 >> $SAID; sleep 1000' sh {fasta} {pdb}"
    call = ["fold", fasta("p", [("a", ONE)]), "-o", tmp_path / "o", "--engine", engine]
    said = tmp_path / "said"
    said.touch()
    for number in (1, 2):
        process = subprocess.Popen([sys.executable, "-m", "pepseq", *map(str, call)])
        while said.read_text().count("\n") < number:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait()
    first, second = (line.split() for line in said.read_text().splitlines())
    for pid, _ in (first, second):
        with suppress(ProcessLookupError):  # pepseq's guard was there first
            os.killpg(int(pid), signal.SIGKILL)
    assert first[1] != second[1]
    assert os.path.basename(first[1]) == os.path.basename(second[1]) == "a.pdb"


def test_the_run_record_is_of_the_calls_that_did_the_work(run, fasta, programs, tmp_path):
    record = tmp_path / "o.run.json"
    call = ["fold", fasta("p", PROTEINS[:1]), "-o", tmp_path / "o", "--engine", TEMPLATE]
    assert run(*call).code == 0
    first = record.read_bytes()
    assert run(*call).code == 0
    assert record.read_bytes() == first
    fasta("p", PROTEINS)
    assert run(*call).code == 0
    second = json.loads(record.read_bytes())
    assert second["earlier"] == [json.loads(first)]
    fasta("p", [*PROTEINS, ("fails", "MWWW")])
    assert run(*call).code == 65
    last = json.loads(record.read_bytes())["earlier"]
    assert [one["inputs"] for one in last] == [json.loads(first)["inputs"], second["inputs"]]
    assert run(*call, "--force").code == 65
    assert "earlier" not in json.loads(record.read_bytes())


def test_another_engine_another_folder_and_force(run, fasta, programs, tmp_path):
    source, out = fasta("p", PROTEINS), tmp_path / "o"
    assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 0
    other = f"{TEMPLATE} again"
    done = run("fold", source, "-o", out, "--engine", other)
    assert done.code == 65 and f"expected a structure by {other}, found one by {TEMPLATE}" in (
        done.err
    )
    fasta("p", [("new", ONE)])
    assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 0
    assert list(rows(out)) == ["new", "a/b", "sp|P12345|AATM_RABIT", "a|b"]
    assert run("fold", source, "-o", out, "--engine", other, "--force").code == 0
    assert list(rows(out)) == ["new"]
    assert sorted(p.name for p in out.iterdir()) == ["new.pdb", "structures.tsv"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.txt").write_text("mine")
    assert run("fold", source, "-o", tmp_path / "mine", "--engine", TEMPLATE).code == 74
    assert run("fold", source, "-o", source, "--engine", TEMPLATE).code == 2
    with locked(out):
        assert run("fold", source, "-o", out, "--engine", other).code == 75
    done = run("fetch-structures", source, "-o", out, "--server", "http://127.0.0.1:9")
    assert done.code == 65 and "expected the columns id, accession" in done.err
    done = fold(source, tmp_path / "mine", config=FoldConfig(engine=TEMPLATE), force=True)
    assert done.done == done.new == 1 and (tmp_path / "mine" / "x.txt").exists()


@pytest.mark.parametrize("mode", ["good", "fail", "partial", "skip"])
def test_colabfold(run, fasta, programs, tmp_path, monkeypatch, mode):
    monkeypatch.setenv("MODE", mode)
    source, out = fasta("p", PROTEINS), tmp_path / "o"
    call = ["fold", source, "-o", out, "--engine", "colabfold:--num-models '2'"]
    done = run(*call)
    table_of = rows(out)
    good = [n for n, row in table_of.items() if row["state"] == "done"]
    assert done.code == (0 if mode == "good" else 65)
    assert good == ([n for n, _ in PROTEINS] if mode == "good" else ["sp|P12345|AATM_RABIT"])
    for name in good:
        row = table_of[name]
        assert (row["ptm"], row["different"]) == ("0.7500", "0")
        assert json.loads((out / row["confidences"]).read_text())["ptm"] == 0.75
    (first,) = (programs / "calls").read_text().splitlines()
    assert first.startswith("--num-models 2 ")
    words = {"fail": "'CUDA_ERROR_OUT_OF_MEMORY'", "partial": "ended with 9"}
    words["skip"] = "colabfold_batch ended with 0; its last output: 'Could not predict"
    if mode != "good":
        assert all(words[mode] in row["reason"] for row in table(tmp_path / "o.failed.tsv"))
        monkeypatch.setenv("MODE", "good")
        assert run(*call).code == 0
    assert (programs / "folded").read_text().split() == [ONE, TWO, THREE]


def test_colabfold_that_hangs_goes_on_without_the_slow_one(
    run, fasta, programs, tmp_path, monkeypatch
):
    monkeypatch.setenv("MODE", "hang")
    source = fasta("p", PROTEINS)
    call = ["fold", source, "-o", tmp_path / "o", "--engine", "colabfold"]
    done = run(*call, "--timeout", 1)
    assert done.code == 65 and "within 1 s" in done.err
    states = {name: row["state"] for name, row in rows(tmp_path / "o").items()}
    assert states == {"a/b": "done", "sp|P12345|AATM_RABIT": "done", "a|b": "failed"}
    assert not any(map(is_alive, (programs / "pids").read_text().split()))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_colabfold_ends_with_ctrl_c(fasta, run, programs, tmp_path, monkeypatch, number, code):
    monkeypatch.setenv("MODE", "hang")
    source = fasta("p", PROTEINS[:2])
    call = ["fold", str(source), "-o", str(tmp_path / "o"), "--engine", "colabfold"]
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start += f"from pepseq.cli.main import main; main({call!r})"
    process = subprocess.Popen([sys.executable, "-c", start], stderr=subprocess.PIPE, text=True)
    out = tmp_path / "o"
    while len((programs / "pids").read_text().split()) < 2 or not list(out.glob("*.pdb")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    err = process.communicate()[1]
    assert process.returncode == code and "Traceback" not in err
    assert not any(map(is_alive, (programs / "pids").read_text().split()))
    monkeypatch.setenv("MODE", "good")
    assert run(*call).code == 0
    assert (programs / "folded").read_text().split() == [ONE, THREE]


def test_colabfold_that_is_not_here_says_how_to_get_it(run, fasta, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("fold", fasta("p", PROTEINS), "-o", tmp_path / "o", "--engine", "colabfold")
    assert done.code == 2 and "github.com/YoshitakaMo/localcolabfold" in done.err


def test_colabfold_asks_nobody_when_offline(run, fasta, programs, tmp_path):
    call = ["fold", fasta("p", PROTEINS), "-o", tmp_path / "o", "--offline", "--engine"]
    done = run(*call, "colabfold")
    assert done.code == 2 and "--msa-mode single_sequence" in done.err
    assert not (programs / "calls").read_text()
    assert run(*call, "colabfold:--msa-mode single_sequence").code == 0


def test_a_file_of_another_id_or_of_the_user_is_never_written(run, fasta, programs, tmp_path):
    out = tmp_path / "o"

    def fold_one(name, sequence, *also):
        source = fasta("p", [(name, sequence)])
        return run("fold", source, "-o", out, "--engine", TEMPLATE, *also).code

    assert fold_one("a|b", ONE) == 0
    (out / "c.pdb").write_text("precious")
    assert fold_one("a_b", TWO) == fold_one("C", THREE) == 0
    files = {name: row["file"] for name, row in rows(out).items()}
    assert files["a|b"] == "a_b.pdb" and files["a_b"].startswith("a_b-")
    assert files["C"].startswith("C-")
    assert (out / "a_b.pdb").read_text() == (programs / f"{ONE}.pdb").read_text()
    assert (out / files["a_b"]).read_text() == (programs / f"{TWO}.pdb").read_text()
    assert fold_one("a_b", TWO) == 0 and len((programs / "calls").read_text().split()) == 3
    assert fold_one("c", THREE, "--force") == 0
    assert (out / "c.pdb").read_text() == "precious"
    assert sorted(path.name for path in out.iterdir()) == [
        rows(out)["c"]["file"],
        "c.pdb",
        "structures.tsv",
    ]


def test_ids_that_look_like_names_of_files_share_none(run, fasta, programs, tmp_path):
    source = fasta("p", [("A", ONE), ("a", TWO), ("A-559aead0", THREE)])
    for _ in range(2):
        assert run("fold", source, "-o", tmp_path / "o", "--engine", TEMPLATE).code == 0
    assert len({row["file"].casefold() for row in rows(tmp_path / "o").values()}) == 3
    assert len((programs / "calls").read_text().split()) == 3


def test_force_neither_writes_nor_removes_what_pepseq_did_not_write(run, fasta, programs, tmp_path):
    out = tmp_path / "o"
    out.mkdir()
    source = out / "p.fa"
    source.write_text(f">a\n{ONE}\n")
    (out / "notes.txt").write_text("mine")
    (out / "structures.tsv").write_text("id\tfile\nx\tp.fa\ny\tnotes.txt\n")
    call = ["-o", out, "--engine", TEMPLATE, "--force"]
    assert run("fold", source, *call).code == 0
    (out / "b.pdb").write_text(f">b\n{ONE}\n")
    assert run("fold", out / "b.pdb", *call).code == 0
    assert rows(out)["b"]["file"].startswith("b-")
    assert (out / "b.pdb").read_text() == f">b\n{ONE}\n"
    assert source.exists() and (out / "notes.txt").exists() and not (out / "a.pdb").exists()
    (out / rows(out)["b"]["file"]).write_text("edited")
    assert run("fold", source, *call).code == 0
    assert [path.read_text() for path in out.glob("b-*")] == ["edited"]
    for name in ("structures.tsv", ".work/x/p.fa"):
        inside = out / name
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_text(f">a\n{ONE}\n")
        assert run("fold", inside, *call).code == 2
        assert inside.read_text() == f">a\n{ONE}\n"


def test_a_killed_run_that_makes_all_anew_leaves_files_that_are_listed(
    run, fasta, programs, tmp_path
):
    source, out = fasta("p", [*PROTEINS, ("y", "MKTAYIAKQRQISFVKSHYYY")]), tmp_path / "o"
    (programs / "MKTAYIAKQRQISFVKSHYYY.pdb").write_text(pdb(coil(21), "MKTAYIAKQRQISFVKSHYYY"))
    quick = (programs / "fake-fold").read_text()
    (programs / "fake-fold").write_text(quick.replace("*YYY)", "*no)"))
    assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 0
    files = sorted(path.name for path in out.iterdir())
    (programs / "fake-fold").write_text(quick)
    call = ["fold", str(source), "-o", str(out), "--engine", TEMPLATE, "--force"]
    process = subprocess.Popen([sys.executable, "-m", "pepseq", *call])
    while len((programs / "pids").read_text().split()) < 1:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    os.kill(int((programs / "pids").read_text()), signal.SIGKILL)
    states = {name: row["state"] for name, row in rows(out).items()}
    assert states.pop("y") == "outdated" and set(states.values()) == {"done"}
    (programs / "fake-fold").write_text(quick.replace("*YYY)", "*no)"))
    (programs / "calls").write_text("")
    assert run(*call[:-1]).code == 0
    assert (programs / "calls").read_text() == "MKTAYIAKQRQISFVKSHYYY\n"
    assert sorted(path.name for path in out.iterdir()) == files
    assert {row["state"] for row in rows(out).values()} == {"done"}


@pytest.mark.parametrize("made", ["ln -sf real.pdb", "ln -sf $PWD/real.pdb", "mkdir", "mkfifo"])
def test_only_files_are_taken_from_a_program(run, fasta, programs, tmp_path, made):
    script = f'cd "${{2%/*}}"; cp "{programs}/{ONE}.pdb" real.pdb; {made} "$2"'
    (programs / "linker").write_text(f"#!/bin/sh\n{script}\n".replace("$PWD", str(tmp_path)))
    (programs / "linker").chmod(0o755)
    (tmp_path / "real.pdb").write_text((programs / f"{ONE}.pdb").read_text())
    call = ["fold", fasta("p", [("a", ONE)]), "-o", tmp_path / "o"]
    done = run(*call, "--engine", "command:linker {fasta} {pdb}")
    assert done.code == 65 and rows(tmp_path / "o")["a"]["state"] == "failed"
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["structures.tsv"]


def test_a_template_of_two_spaces_goes_on(run, fasta, programs, tmp_path):
    for _ in range(2):
        call = ["fold", fasta("p", PROTEINS[:1]), "-o", tmp_path / "o"]
        assert run(*call, "--engine", "command:fake-fold  {fasta}   {pdb}").code == 0
    assert len((programs / "calls").read_text().split()) == 1


def test_a_folder_that_a_killed_program_left_in_place_of_a_file(run, fasta, programs, tmp_path):
    (tmp_path / "o" / ".work" / "a.pdb" / "x").mkdir(parents=True)
    call = ["fold", fasta("p", [("a", ONE)]), "-o", tmp_path / "o", "--engine", TEMPLATE]
    assert run(*call).code == 0 and not (tmp_path / "o" / ".work").exists()


@pytest.mark.parametrize(
    "content",
    ["id\tfile\n" + "0" * 200_000 + "\ty\n", "a\rb", "\udcff\udc80\0\udc8b"],
    ids=["long cell", "bare CR", "random"],
)
def test_another_table_is_refused_or_with_force_replaced(run, fasta, programs, tmp_path, content):
    (tmp_path / "o").mkdir()
    table = tmp_path / "o" / "structures.tsv"
    table.write_bytes(content.encode("utf-8", "surrogateescape"))
    call = ["fold", fasta("p", [("a", ONE)]), "-o", tmp_path / "o", "--engine", TEMPLATE]
    assert run(*call).code == 65
    assert run(*call, "--force").code == 0 and list(rows(tmp_path / "o")) == ["a"]


@pytest.mark.parametrize("file", ["../x.pdb", "x" * 300 + ".pdb", "a\0b.pdb", ".work"])
def test_a_row_with_no_file_of_the_folder_is_done_anew(run, fasta, programs, tmp_path, file):
    out, source = tmp_path / "o", fasta("p", [("a", ONE), ("b", TWO)])
    call = ["fold", source, "-o", out, "--engine", TEMPLATE]
    assert run(*call).code == 0
    table = (out / "structures.tsv").read_text().replace("a.pdb", file)
    (out / "structures.tsv").write_text(table)
    (out / "a.pdb").unlink()
    (tmp_path / "x.pdb").write_text((programs / f"{ONE}.pdb").read_text())
    assert run(*call).code == 0 and rows(out)["a"]["file"] == "a.pdb"
    assert (tmp_path / "x.pdb").exists()


@pytest.mark.parametrize("ptm", ["NaN", "1e999", "-0.1", "[" * 100_000])
def test_a_ptm_that_is_none_is_left_out(run, fasta, programs, tmp_path, monkeypatch, ptm):
    (programs / "scores").write_text(f'{{"ptm": {ptm}}}')
    text = (programs / "colabfold_batch").read_text()
    program = text.replace("""echo '{"plddt": [50], "ptm": 0.75}'""", f'cat "{programs}/scores"')
    assert program != text
    (programs / "colabfold_batch").write_text(program)
    call = ["fold", fasta("p", PROTEINS[:1]), "-o", tmp_path / "o", "--engine", "colabfold"]
    assert run(*call).code == 0 and rows(tmp_path / "o")["a/b"]["ptm"] == ""
