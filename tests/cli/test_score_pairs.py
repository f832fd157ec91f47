"""`pepseq score` on the command line: files, folders and tables of pairs, processes, notes."""

import csv
import io
import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from programs import start_pepseq
from structures import SCORED, TURNED, coil, pdb

import pepseq
from pepseq.errors import InputError
from pepseq.structure.scoring.rows import SCORE_COLUMNS
from pepseq.structure.structure_files import read_structure

pytestmark = pytest.mark.usefixtures("scoring_in_process")


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.processes
def test_two_files_are_scored_in_a_process(run, write_structure, tmp_path):
    model, reference = write_structure("AF-X1-F1-model_v6.pdb.gz", TURNED), write_structure("r.cif")
    result = run("score", model, reference, "-o", tmp_path / "o.tsv")
    assert result.code == 0 and result.out == ""
    assert result.err.splitlines() == [
        "1 pair, mean TM-score 1.0000 (correspondence index, normalised by reference); 1 above "
        "0.5, mostly the same fold (Xu and Zhang 2010)"
    ]
    text = (tmp_path / "o.tsv").read_text()
    assert tuple(text.splitlines()[0].split("\t")) == SCORE_COLUMNS
    assert float(table(text)[0]["tm_score"]) == pytest.approx(1, abs=1e-5)


def test_the_run_record_has_settings_and_inputs(run, write_structure, tmp_path):
    model, reference = write_structure("m.pdb.gz"), write_structure("r.cif")
    assert run("score", model, reference, "-o", tmp_path / "o.tsv").code == 0
    record = json.loads((tmp_path / "o.tsv.run.json").read_text())
    assert record["settings"]["normalise"] == "reference"
    assert [entry["path"] for entry in record["inputs"]] == [str(model), str(reference)]
    assert all("sha256" in entry for entry in record["inputs"])


def test_stdout_and_the_library_have_the_same_table(run, write_structure, tmp_path):
    model, reference = write_structure("m.pdb", coil(45, 3)), write_structure("r.pdb")
    out = run("-q", "score", model, reference, "-o", "-").out
    done = pepseq.score(model, reference, tmp_path / "o.tsv")
    assert out == (tmp_path / "o.tsv").read_text()
    assert done.pairs == 1 and done.bad == [] and done.same_fold == 0
    assert done.mean_tm_score == pytest.approx(float(table(out)[0]["tm_score"]), abs=1e-6)


def test_two_folders_are_matched_by_id(run, structure_folders, tmp_path):
    result = run("score", *structure_folders, "-o", tmp_path / "o.tsv", "--threads", 2)
    assert result.code == 0
    assert "has a better-ranked model: 4" in result.err
    assert "left out because there is no model: 4 references: 'P0', 'P1', 'P2', 'P3'" in result.err
    rows = table((tmp_path / "o.tsv").read_text())
    assert [row["id"] for row in rows] == ["p0", "p1", "p2", "p3"]
    assert all(row["model"].endswith("rank_001_x.pdb") for row in rows)
    assert all(float(row["tm_score"]) == pytest.approx(1, abs=1e-5) for row in rows)


def test_pairs_that_say_little_are_noted(run, structure_folders, write_structure, tmp_path):
    models, _ = structure_folders
    result = run("score", models, models, "-o", tmp_path / "same.tsv")
    record = json.loads((tmp_path / "same.tsv.run.json").read_text())
    assert [one["path"] for one in record["inputs"][:2]] == [str(models), str(models)]
    assert "a file is compared with itself in 4 pairs: 'p0', 'p1', 'p2', 'p3'" in result.err
    same = write_structure("same.pdb")
    (tmp_path / "link.pdb").symlink_to(same)
    assert "itself in 1 pair: 'link'" in run("score", tmp_path / "link.pdb", same, "-o", "-").err
    for number in range(4, 9):
        write_structure(f"refs/p{number}.cif")
    result = run("score", *structure_folders, "-o", "-")
    assert "itself" not in result.err
    assert "9 references: 'P0', 'P1', 'P2', 'P3', 'p4' and 4 more" in result.err
    alone = run("score", models, "-o", tmp_path / "o.tsv")
    assert alone.code == 2 and "give a folder REFERENCE after it" in alone.err


@pytest.mark.slow
@pytest.mark.processes
def test_threads_make_no_difference(run, structure_folders):
    one = run("score", *structure_folders, "-o", "-", "--threads", 1).out
    assert one == run("score", *structure_folders, "-o", "-", "--threads", 3).out


@pytest.mark.processes
def test_one_bad_pair_among_good_ones(run, structure_folders, tmp_path):
    models, _ = structure_folders
    (models / "p1_unrelaxed_rank_001_x.pdb").write_text("<html>\n")
    (models / "lonely.pdb").write_text(pdb(SCORED))
    result = run("score", *structure_folders, "-o", tmp_path / "o.tsv", "--threads", 1)
    assert result.code == 65 and "2 of 5 records were left out" in result.err.splitlines()[-1]
    failed = table((tmp_path / "o.tsv.failed.tsv").read_text())
    assert [row["id"] for row in failed] == ["lonely", "p1"]
    assert "expected a structure" in failed[1]["reason"] and "refs" in failed[0]["reason"]
    assert [row["id"] for row in table((tmp_path / "o.tsv").read_text())] == ["p0", "p2", "p3"]


def test_keep_going_and_force(run, structure_folders, tmp_path):
    (structure_folders[0] / "p1_unrelaxed_rank_001_x.pdb").write_text("<html>\n")
    call = ["score", *structure_folders, "-o", tmp_path / "o.tsv"]
    assert run(*call).code == 65
    refused = run(*call)
    assert refused.code == 74 and "--force" in refused.err
    assert run(*call, "--force", "--keep-going").code == 0


def test_pairs_are_read_from_a_table(run, write_structure, tmp_path):
    write_structure("m.pdb")
    write_structure("sub/r.pdb")
    (tmp_path / "pairs.tsv").write_text(
        "id\tmodel\treference\none\tm.pdb\tsub/r.pdb\ntwo\tm.pdb\tno\n"
    )
    result = run("score", tmp_path / "pairs.tsv", "-o", tmp_path / "o.tsv", "--keep-going")
    assert result.code == 0
    assert [row["id"] for row in table((tmp_path / "o.tsv").read_text())] == ["one"]
    (failed,) = table((tmp_path / "o.tsv.failed.tsv").read_text())
    assert (failed["file"], failed["line"]) == (str(tmp_path / "pairs.tsv"), "3")
    assert failed["reason"] == f"{tmp_path / 'no'}: no such file"


def test_superposed_models_are_written_to_a_folder(run, structure_folders, tmp_path):
    where = tmp_path / "lying"
    result = run("score", *structure_folders, "-o", tmp_path / "o.tsv", "--superposed", where)
    assert result.code == 0 and names(where) == ["p0.pdb", "p1.pdb", "p2.pdb", "p3.pdb"]
    for path in where.iterdir():
        assert np.abs(read_structure(path).chains[0].ca - SCORED).max() < 5e-3
    again = run("score", *structure_folders, "-o", tmp_path / "o2.tsv", "--superposed", where)
    assert again.code == 74 and not (tmp_path / "o2.tsv").exists()


def test_files_of_others_are_kept_in_a_folder_of_superposed_models(
    run, structure_folders, tmp_path
):
    where = tmp_path / "lying"
    call = ("score", *structure_folders, "-o", tmp_path / "o.tsv", "--superposed", where, "--force")
    assert run(*call).code == 0 and run(*call).code == 0
    (where / "own.pdb").write_text("mine")
    result = run(*call)
    assert result.code == 74 and "the folder also contains 'own.pdb'" in result.err
    assert (where / "own.pdb").read_text() == "mine"


def test_ids_are_no_paths(run, write_structure, tmp_path):
    write_structure("m.pdb")
    (tmp_path / "t.tsv").write_text(
        "id\tmodel\treference\n../../x\tm.pdb\tm.pdb\n../../x\tm.pdb\tm.pdb\n"
    )
    where = tmp_path / "a" / "b" / "lying"
    result = run("score", tmp_path / "t.tsv", "-o", tmp_path / "o", "--superposed", where)
    assert result.code == 0 and names(where) == [".._.._x-2.pdb", ".._.._x.pdb"]


@pytest.mark.slow
@pytest.mark.processes
def test_a_pair_that_never_ends_is_left_out(run, write_structure, tmp_path):
    write_structure("m.pdb")
    os.mkfifo(tmp_path / "pipe.pdb")
    (tmp_path / "t.tsv").write_text("model\treference\npipe.pdb\tm.pdb\nm.pdb\tm.pdb\n")
    result = run("score", tmp_path / "t.tsv", "-o", tmp_path / "o", "--time-limit", 2)
    assert result.code == 65 and "no result within 2 s" in result.err
    assert len(table((tmp_path / "o").read_text())) == 1


def test_a_terminated_run_leaves_no_file_and_no_process(write_structure, tmp_path):
    write_structure("m.pdb")
    os.mkfifo(tmp_path / "pipe.pdb")
    (tmp_path / "t.tsv").write_text("model\treference\npipe.pdb\tm.pdb\n")
    pipes = []

    def is_scoring():
        with suppress(OSError):  # until a process reads the pipe
            pipes.append(os.open(tmp_path / "pipe.pdb", os.O_WRONLY | os.O_NONBLOCK))
        return pipes

    call = ["score", "t.tsv", "-o", "o"]
    process = start_pepseq(call, is_scoring, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    tasks = Path(f"/proc/{process.pid}/task")
    children = [pid for file in tasks.glob("*/children") for pid in file.read_text().split()]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143 and process.stderr.read() == ""
    os.close(pipes[0])
    assert names(tmp_path) == ["m.pdb", "pipe.pdb", "t.tsv"]
    assert children and not any(os.path.exists(f"/proc/{pid}") for pid in children)


def test_outputs_are_no_inputs(run, write_structure):
    model, reference = write_structure("m.pdb"), write_structure("r.pdb")
    assert run("score", model, reference, "-o", reference, "--force").code == 2
    same = ("-o", "x.tsv", "--superposed", "x.tsv")
    assert run("score", model, reference, *same).code == 2
    folder = model.parent
    (folder / "t.tsv").write_text("model\treference\nm.pdb\tr.pdb\n")
    assert run("score", folder / "t.tsv", "-o", model, "--force").code == 2
    result = run("score", folder, reference, "-o", "-")
    assert result.code == 65 and "one is a file and the other a folder" in result.err


def test_a_run_without_a_good_pair_writes_nothing(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        pepseq.score(tmp_path / "a.pdb", tmp_path / "b.pdb", tmp_path / "o")
    assert not (tmp_path / "o").exists()
