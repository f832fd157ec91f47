"""The folder that `pepseq fold` fills: what it keeps, replaces and resumes."""

import json
import os
import signal
from contextlib import suppress

import pytest
from programs import ONE, PROTEINS, TEMPLATE, THREE, TWO, rows, start_pepseq
from structures import coil, pdb

from pepseq.io.atomic_files import locked
from pepseq.structure.folding.config import FoldConfig
from pepseq.structure.folding.fold import fold


def test_a_killed_run_is_resumed(fasta, run, programs, tmp_path):
    source = fasta("p", [*PROTEINS, ("slow", "MKTAYIAKQRQISFVKSHYYY")])
    call = ["fold", str(source), "-o", str(tmp_path / "o"), "--engine", TEMPLATE]
    process = start_pepseq(call, until=(programs / "pids").read_text)
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


def test_a_program_that_outlives_a_killed_run_writes_nothing_of_the_next(
    fasta, tmp_path, monkeypatch
):
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    engine = "command:sh -c 'echo $$ $2 >> $SAID; sleep 1000' sh {fasta} {pdb}"
    call = ["fold", fasta("p", [("a", ONE)]), "-o", tmp_path / "o", "--engine", engine]
    said = tmp_path / "said"
    said.touch()
    for number in (1, 2):
        process = start_pepseq(call, until=lambda n=number: said.read_text().count("\n") >= n)
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


def test_structures_of_another_engine_are_refused_or_with_force_replaced(
    run, fasta, programs, tmp_path
):
    source, out, other = fasta("p", PROTEINS), tmp_path / "o", f"{TEMPLATE} again"
    assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 0
    done = run("fold", source, "-o", out, "--engine", other)
    assert done.code == 65
    assert f"was made by {TEMPLATE}, not by {other}" in done.err
    fasta("p", [("new", ONE)])
    assert run("fold", source, "-o", out, "--engine", other, "--force").code == 0
    assert list(rows(out)) == ["new"]
    assert sorted(path.name for path in out.iterdir()) == ["new.pdb", "structures.tsv"]


def test_proteins_of_other_inputs_stay_in_the_folder(run, fasta, programs, tmp_path):
    call = ["fold", fasta("p", PROTEINS), "-o", tmp_path / "o", "--engine", TEMPLATE]
    assert run(*call).code == 0
    fasta("p", [("new", ONE)])
    assert run(*call).code == 0
    assert list(rows(tmp_path / "o")) == ["new", "a/b", "sp|P12345|AATM_RABIT", "a|b"]


def test_a_folder_of_other_files_needs_force(run, fasta, programs, tmp_path):
    source, mine = fasta("p", PROTEINS[:1]), tmp_path / "mine"
    mine.mkdir()
    (mine / "x.txt").write_text("mine")
    assert run("fold", source, "-o", mine, "--engine", TEMPLATE).code == 74
    assert run("fold", source, "-o", source, "--engine", TEMPLATE).code == 2
    done = fold(source, mine, config=FoldConfig(engine=TEMPLATE), force=True)
    assert done.done == done.new == 1 and (mine / "x.txt").exists()


def test_a_folder_of_another_run_or_command_is_refused(run, fasta, programs, tmp_path):
    source, out = fasta("p", PROTEINS[:1]), tmp_path / "o"
    assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 0
    with locked(out):
        assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 75
    done = run("fetch-structures", source, "-o", out, "--server", "http://127.0.0.1:9")
    assert done.code == 65 and "columns should be id, accession" in done.err


@pytest.fixture
def fold_protein(run, fasta, programs, tmp_path):
    """Fold one protein into the folder; return the exit code."""

    def call(name, sequence, *more):
        source = fasta("p", [(name, sequence)])
        return run("fold", source, "-o", tmp_path / "o", "--engine", TEMPLATE, *more).code

    return call


def test_a_file_of_another_id_is_never_written(fold_protein, programs, tmp_path):
    assert fold_protein("a|b", ONE) == fold_protein("a_b", TWO) == 0
    out, files = tmp_path / "o", {name: row["file"] for name, row in rows(tmp_path / "o").items()}
    assert files["a|b"] == "a_b.pdb" and files["a_b"].startswith("a_b-")
    assert (out / "a_b.pdb").read_text() == (programs / f"{ONE}.pdb").read_text()
    assert (out / files["a_b"]).read_text() == (programs / f"{TWO}.pdb").read_text()
    assert fold_protein("a_b", TWO) == 0 and len((programs / "calls").read_text().split()) == 2


def test_a_file_of_the_user_is_never_written(fold_protein, tmp_path):
    out = tmp_path / "o"
    assert fold_protein("a", ONE) == 0
    (out / "c.pdb").write_text("precious")
    assert fold_protein("C", THREE) == 0 and rows(out)["C"]["file"].startswith("C-")
    assert fold_protein("c", THREE, "--force") == 0
    assert (out / "c.pdb").read_text() == "precious"
    files = [rows(out)["c"]["file"], "c.pdb", "structures.tsv"]
    assert sorted(path.name for path in out.iterdir()) == files


def test_ids_that_look_like_names_of_files_share_none(run, fasta, programs, tmp_path):
    source = fasta("p", [("A", ONE), ("a", TWO), ("A-559aead0", THREE)])
    for _ in range(2):
        assert run("fold", source, "-o", tmp_path / "o", "--engine", TEMPLATE).code == 0
    assert len({row["file"].casefold() for row in rows(tmp_path / "o").values()}) == 3
    assert len((programs / "calls").read_text().split()) == 3


@pytest.fixture
def folder_of_user(tmp_path):
    """A folder with an input, notes, and a table that lists them as if pepseq had written them."""
    out = tmp_path / "o"
    out.mkdir()
    (out / "p.fa").write_text(f">a\n{ONE}\n")
    (out / "notes.txt").write_text("mine")
    (out / "structures.tsv").write_text("id\tfile\nx\tp.fa\ny\tnotes.txt\n")
    return out


def test_force_keeps_files_that_another_table_lists(run, programs, folder_of_user):
    out = folder_of_user
    call = ["-o", out, "--engine", TEMPLATE, "--force"]
    assert run("fold", out / "p.fa", *call).code == 0
    (out / "b.pdb").write_text(f">b\n{ONE}\n")
    assert run("fold", out / "b.pdb", *call).code == 0
    assert rows(out)["b"]["file"].startswith("b-")
    assert (out / "b.pdb").read_text() == f">b\n{ONE}\n"
    assert (out / "p.fa").exists() and (out / "notes.txt").exists()
    assert not (out / "a.pdb").exists()


def test_force_keeps_structures_that_were_edited(run, fasta, programs, tmp_path):
    out = tmp_path / "o"
    call = ["-o", out, "--engine", TEMPLATE, "--force"]
    assert run("fold", fasta("p", [("b", ONE)]), *call).code == 0
    (out / "b.pdb").write_text("edited")
    assert run("fold", fasta("p", [("a", ONE)]), *call).code == 0
    assert (out / "b.pdb").read_text() == "edited" and list(rows(out)) == ["a"]


@pytest.mark.parametrize("name", ["structures.tsv", ".work/x/p.fa"])
def test_an_input_in_the_place_of_an_output_is_not_touched(run, programs, folder_of_user, name):
    inside = folder_of_user / name
    inside.parent.mkdir(parents=True, exist_ok=True)
    inside.write_text(f">a\n{ONE}\n")
    call = ["-o", folder_of_user, "--engine", TEMPLATE, "--force"]
    assert run("fold", inside, *call).code == 2
    assert inside.read_text() == f">a\n{ONE}\n"


def test_a_killed_run_with_force_leaves_files_that_are_listed(run, fasta, programs, tmp_path):
    source, out = fasta("p", [*PROTEINS, ("y", "MKTAYIAKQRQISFVKSHYYY")]), tmp_path / "o"
    (programs / "MKTAYIAKQRQISFVKSHYYY.pdb").write_text(pdb(coil(21), "MKTAYIAKQRQISFVKSHYYY"))
    quick = (programs / "fake-fold").read_text()
    (programs / "fake-fold").write_text(quick.replace("*YYY)", "*no)"))
    assert run("fold", source, "-o", out, "--engine", TEMPLATE).code == 0
    files = sorted(path.name for path in out.iterdir())
    (programs / "fake-fold").write_text(quick)
    call = ["fold", str(source), "-o", str(out), "--engine", TEMPLATE, "--force"]
    process = start_pepseq(call, until=(programs / "pids").read_text)
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


def test_spaces_in_a_template_make_no_other_engine(run, fasta, programs, tmp_path):
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
def test_a_row_with_no_file_of_the_folder_is_made_again(run, fasta, programs, tmp_path, file):
    out, source = tmp_path / "o", fasta("p", [("a", ONE), ("b", TWO)])
    call = ["fold", source, "-o", out, "--engine", TEMPLATE]
    assert run(*call).code == 0
    table = (out / "structures.tsv").read_text().replace("a.pdb", file)
    (out / "structures.tsv").write_text(table)
    (out / "a.pdb").unlink()
    (tmp_path / "x.pdb").write_text((programs / f"{ONE}.pdb").read_text())
    assert run(*call).code == 0 and rows(out)["a"]["file"] == "a.pdb"
    assert (tmp_path / "x.pdb").exists()
