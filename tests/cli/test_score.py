"""`pepseq score` on the command line."""

import csv
import gzip
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
from structures import SEQUENCE, WorkersInProcess, cif, coil, pdb

import pepseq
from pepseq.errors import InputError, SettingsError
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.scoring.rows import SCORE_COLUMNS
from pepseq.structure.structure_files import read_structure

XYZ = coil(45)
TURN = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])


@pytest.fixture(autouse=True)
def workers(request, monkeypatch):
    """Processes for the tests that ask for them by mark alone; tests/structure has their own."""
    if "processes" not in request.keywords:
        monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)


@pytest.fixture
def write(tmp_path):
    def write(name, xyz=XYZ, **more):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = pdb(xyz, **more)
        content = (cif(text) if ".cif" in name else text).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.fixture
def folders(write, tmp_path):
    for number in range(4):
        write(f"models/p{number}_unrelaxed_rank_001_x.pdb", XYZ @ TURN + number)
        write(f"models/p{number}_unrelaxed_rank_002_x.pdb", coil(45, 9))
        write(f"refs/AF-P{number}-F1-model_v6.cif.gz")
        write(f"refs/p{number}.cif")
    return tmp_path / "models", tmp_path / "refs"


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.processes
def test_two_files_are_scored_in_a_process(run, write, tmp_path):
    model, reference = write("AF-X1-F1-model_v6.pdb.gz", XYZ @ TURN), write("r.cif")
    result = run("score", model, reference, "-o", tmp_path / "o.tsv")
    assert result.code == 0 and result.out == ""
    assert result.err.splitlines() == [
        "1 pair, mean TM-score 1.0000 (correspondence index, normalised by reference); 1 above "
        "0.5, mostly the same fold (Xu and Zhang 2010)"
    ]
    text = (tmp_path / "o.tsv").read_text()
    assert tuple(text.splitlines()[0].split("\t")) == SCORE_COLUMNS
    assert float(table(text)[0]["tm_score"]) == pytest.approx(1, abs=1e-5)


def test_the_columns_of_two_files(run, write):
    model, reference = write("AF-X1-F1-model_v6.pdb.gz", XYZ @ TURN), write("r.cif")
    (row,) = table(run("score", model, reference, "-o", "-").out)
    assert row["id"] == "X1" and row["model"] == str(model)
    assert (row["normalised_by"], row["normalisation_length"]) == ("reference", "45")
    assert float(row["lddt"]) == 1 and row["lddt_atoms"] == "ca"
    assert float(row["mean_plddt"]) == pytest.approx(
        np.mean([50 + i % 7 for i in range(45)]), abs=1e-3
    )
    assert row["different"] == "0" and row["model_different"] == row["reference_left_out"] == ""


def test_the_run_record_has_settings_and_inputs(run, write, tmp_path):
    model, reference = write("m.pdb.gz"), write("r.cif")
    assert run("score", model, reference, "-o", tmp_path / "o.tsv").code == 0
    record = json.loads((tmp_path / "o.tsv.run.json").read_text())
    assert record["settings"]["normalise"] == "reference"
    assert [entry["path"] for entry in record["inputs"]] == [str(model), str(reference)]
    assert all("sha256" in entry for entry in record["inputs"])


def test_stdout_and_the_library_have_the_same_table(run, write, tmp_path):
    model, reference = write("m.pdb", coil(45, 3)), write("r.pdb")
    out = run("-q", "score", model, reference, "-o", "-").out
    done = pepseq.score(model, reference, tmp_path / "o.tsv")
    assert out == (tmp_path / "o.tsv").read_text()
    assert done.pairs == 1 and done.bad == [] and done.same_fold == 0
    assert done.mean_tm_score == pytest.approx(float(table(out)[0]["tm_score"]), abs=1e-6)


@pytest.mark.parametrize(
    ("by", "chain", "length"),
    [("reference", "reference", 40), ("model", "model", 45), ("shorter", "reference", 40)],
)
def test_the_length_of_either_chain_divides_the_score(run, write, by, chain, length):
    model, reference = write("m.pdb"), write("r.pdb", XYZ[:40])
    (row,) = table(run("score", model, reference, "-o", "-", "--normalise", by).out)
    assert (row["normalised_by"], row["normalisation_length"]) == (chain, str(length))
    expected = 1 if chain == "reference" else 40 / 45
    assert float(row["tm_score"]) == pytest.approx(expected, abs=1e-5)
    (other,) = table(run("score", reference, model, "-o", "-", "--normalise", "shorter").out)
    assert other["normalised_by"] == "model" and float(other["tm_score"]) == pytest.approx(
        1, abs=1e-5
    )


def test_shifted_numbers_are_noted_by_index_and_found_by_align(run, write, tmp_path):
    model, reference = write("m.pdb", numbers=range(6, 51)), write("r.pdb")
    result = run("score", model, reference, "-o", "-")
    (row,) = table(result.out)
    assert row["corresponding"] == "40" and float(row["tm_score"]) < 0.5
    assert "most corresponding residues differ" in result.err and "in 1 pair: 'm'" in result.err
    result = run("score", model, reference, "-o", "-", "--correspondence", "align")
    (row,) = table(result.out)
    assert row["correspondence"] == "align" and float(row["tm_score"]) == pytest.approx(1, abs=1e-5)
    assert "differ" not in result.err
    far = write("far.pdb", numbers=range(101, 146))
    result = run("score", far, reference, "-o", tmp_path / "o")
    assert result.code == 65 and "model 101 to 145, reference 1 to 45" in result.err
    assert not (tmp_path / "o").exists() and len(result.err.splitlines()) == 1


def test_two_folders_are_matched_by_id(run, folders, tmp_path):
    result = run("score", *folders, "-o", tmp_path / "o.tsv", "--threads", 2)
    assert result.code == 0
    assert "has a model of a better rank: 4" in result.err
    assert "left out, without a model: 4 references: 'P0', 'P1', 'P2', 'P3'" in result.err
    rows = table((tmp_path / "o.tsv").read_text())
    assert [row["id"] for row in rows] == ["p0", "p1", "p2", "p3"]
    assert all(row["model"].endswith("rank_001_x.pdb") for row in rows)
    assert all(float(row["tm_score"]) == pytest.approx(1, abs=1e-5) for row in rows)


def test_pairs_that_say_little_are_noted(run, folders, write, tmp_path):
    models, _ = folders
    result = run("score", models, models, "-o", tmp_path / "same.tsv")
    record = json.loads((tmp_path / "same.tsv.run.json").read_text())
    assert [one["path"] for one in record["inputs"][:2]] == [str(models), str(models)]
    assert "a file is compared with itself in 4 pairs: 'p0', 'p1', 'p2', 'p3'" in result.err
    same = write("same.pdb")
    (tmp_path / "link.pdb").symlink_to(same)
    assert "itself in 1 pair: 'link'" in run("score", tmp_path / "link.pdb", same, "-o", "-").err
    for number in range(4, 9):
        write(f"refs/p{number}.cif")
    result = run("score", *folders, "-o", "-")
    assert "itself" not in result.err
    assert "9 references: 'P0', 'P1', 'P2', 'P3', 'p4' and 4 more" in result.err
    alone = run("score", models, "-o", tmp_path / "o.tsv")
    assert alone.code == 2 and "give a folder REFERENCE after it" in alone.err


@pytest.mark.slow
@pytest.mark.processes
def test_threads_make_no_difference(run, folders):
    one = run("score", *folders, "-o", "-", "--threads", 1).out
    assert one == run("score", *folders, "-o", "-", "--threads", 3).out


@pytest.mark.processes
def test_one_bad_pair_among_good_ones(run, folders, tmp_path):
    models, _ = folders
    (models / "p1_unrelaxed_rank_001_x.pdb").write_text("<html>\n")
    (models / "lonely.pdb").write_text(pdb(XYZ))
    result = run("score", *folders, "-o", tmp_path / "o.tsv", "--threads", 1)
    assert result.code == 65 and "2 of 5 records were left out" in result.err.splitlines()[-1]
    failed = table((tmp_path / "o.tsv.failed.tsv").read_text())
    assert [row["id"] for row in failed] == ["lonely", "p1"]
    assert "expected a structure" in failed[1]["reason"] and "refs" in failed[0]["reason"]
    assert [row["id"] for row in table((tmp_path / "o.tsv").read_text())] == ["p0", "p2", "p3"]


def test_keep_going_and_force(run, folders, tmp_path):
    (folders[0] / "p1_unrelaxed_rank_001_x.pdb").write_text("<html>\n")
    call = ["score", *folders, "-o", tmp_path / "o.tsv"]
    assert run(*call).code == 65
    refused = run(*call)
    assert refused.code == 74 and "--force" in refused.err
    assert run(*call, "--force", "--keep-going").code == 0


def test_pairs_are_read_from_a_table(run, write, tmp_path):
    write("m.pdb")
    write("sub/r.pdb")
    (tmp_path / "pairs.tsv").write_text(
        "id\tmodel\treference\none\tm.pdb\tsub/r.pdb\ntwo\tm.pdb\tno\n"
    )
    result = run("score", tmp_path / "pairs.tsv", "-o", tmp_path / "o.tsv", "--keep-going")
    assert result.code == 0
    assert [row["id"] for row in table((tmp_path / "o.tsv").read_text())] == ["one"]
    (failed,) = table((tmp_path / "o.tsv.failed.tsv").read_text())
    assert (failed["file"], failed["line"]) == (str(tmp_path / "pairs.tsv"), "3")
    assert failed["reason"] == f"{tmp_path / 'no'}: no such file"


def test_chains_are_chosen_by_sequence_or_by_name(run, tmp_path):
    other = pdb(coil(45, 5), SEQUENCE[:45][::-1], chain="B")
    (tmp_path / "m.pdb").write_text(pdb(XYZ, chain="M"))
    (tmp_path / "r.pdb").write_text(other + pdb(XYZ, chain="A"))
    files = (tmp_path / "m.pdb", tmp_path / "r.pdb")
    (row,) = table(run("score", *files, "-o", "-").out)
    assert row["model_chain"] + row["reference_chain"] == "MA"
    (row,) = table(run("score", *files, "-o", "-", "--chain", "M:B").out)
    assert row["model_chain"] + row["reference_chain"] == "MB" and float(row["tm_score"]) < 0.5
    result = run("score", *files, "-o", "-", "--chain", "A")
    assert result.code == 65 and "expected a protein chain 'A', found M" in result.err
    assert run("score", *files, "-o", "-", "--chain", "A:").code == 2


def test_structures_are_compared_with_the_reconstructions(run, write, folders, tmp_path, fasta):
    wrong = "W" + SEQUENCE[1:45]
    source = fasta("s.fa", [("p0", SEQUENCE[:45]), ("p1", wrong), ("p2", SEQUENCE[:50])])
    result = run("score", *folders, "-o", "-", "--sequences", source)
    assert "s.fa has no sequence for 1 pair: 'p3'" in result.err
    rows = table(result.out)
    columns = ("model_different", "model_missing", "reference_different", "reference_missing")
    counts = [tuple(row[name] for name in columns) for row in rows]
    assert counts == [tuple("0000"), tuple("1010"), tuple("0505"), ("",) * 4]


@pytest.mark.parametrize("name", ["s.pdb", "s.cif", "s.pdb.gz"])
def test_a_superposed_model_is_written_to_a_file(run, write, tmp_path, name):
    model, reference = write("m.pdb", XYZ @ TURN + 7, chain="C"), write("r.cif")
    files = ("-o", tmp_path / "o.tsv", "--superposed", tmp_path / name)
    assert run("score", model, reference, *files).code == 0
    (chain,) = read_structure(tmp_path / name).chains
    assert chain.name == "C" and np.abs(chain.ca - XYZ).max() < 5e-3
    assert chain.sequence == SEQUENCE[:45] and chain.b_factors[3] == 53
    assert run("score", model, reference, *files).code == 74
    wrong = ("-o", tmp_path / "p.tsv", "--superposed", tmp_path / "s.txt")
    assert run("score", model, reference, *wrong).code == 2


def test_superposed_models_are_written_to_a_folder(run, folders, tmp_path):
    where = tmp_path / "lying"
    result = run("score", *folders, "-o", tmp_path / "o.tsv", "--superposed", where)
    assert result.code == 0 and names(where) == ["p0.pdb", "p1.pdb", "p2.pdb", "p3.pdb"]
    for path in where.iterdir():
        assert np.abs(read_structure(path).chains[0].ca - XYZ).max() < 5e-3
    again = run("score", *folders, "-o", tmp_path / "o2.tsv", "--superposed", where)
    assert again.code == 74 and not (tmp_path / "o2.tsv").exists()


def test_ids_are_no_paths(run, write, tmp_path):
    write("m.pdb")
    (tmp_path / "t.tsv").write_text(
        "id\tmodel\treference\n../../x\tm.pdb\tm.pdb\n../../x\tm.pdb\tm.pdb\n"
    )
    where = tmp_path / "a" / "b" / "lying"
    result = run("score", tmp_path / "t.tsv", "-o", tmp_path / "o", "--superposed", where)
    assert result.code == 0 and names(where) == [".._.._x-2.pdb", ".._.._x.pdb"]


def test_a_model_that_a_pdb_file_cannot_hold_is_refused(run, write, tmp_path):
    text = cif(pdb(XYZ)).replace(" A ", " LONG ")
    (tmp_path / "m.cif").write_text(text)
    files = (tmp_path / "m.cif", tmp_path / "m.cif", "-o", tmp_path / "o")
    result = run("score", *files, "--superposed", tmp_path / "s.pdb")
    assert result.code == 65 and "write .cif" in result.err and not (tmp_path / "o").exists()
    assert run("score", *files, "--superposed", tmp_path / "s.cif").code == 0


def test_plddt_is_known_by_the_range_of_b_factors(run, write, tmp_path):
    write("r.pdb")
    mean = (90 * 20 + 70 * 25) / 45
    cases = {
        "percent": ([90.0] * 20 + [70.0] * 25, mean),
        "share": ([0.9] * 20 + [0.7] * 25, mean),
        "none": ([0.0] * 45, None),
        "same": ([50.0] * 45, None),
        "above": ([120.0] + [50.0] * 44, None),
        "below": ([-1.0] + [50.0] * 44, None),
        "crystal": (None, None),
    }
    for name, (b, _) in cases.items():
        write(f"{name}.pdb", b=b)
    crystal = tmp_path / "crystal.pdb"
    crystal.write_text("EXPDTA    X-RAY DIFFRACTION\n" + crystal.read_text())
    rows = "".join(f"{name}.pdb\tr.pdb\n" for name in cases)
    (tmp_path / "t.tsv").write_text("model\treference\n" + rows)
    found = table(run("score", tmp_path / "t.tsv", "-o", "-", "--threads", 1).out)
    for row, (name, (_, expected)) in zip(found, cases.items(), strict=True):
        value = float(row["mean_plddt"]) if row["mean_plddt"] else None
        assert value == (None if expected is None else pytest.approx(expected, abs=1e-2)), name


def test_lddt_of_chosen_atoms(run, write):
    files = (write("m.pdb", coil(45, 2)), write("r.pdb"))
    rows = [
        table(run("score", *files, "-o", "-", "--lddt", a).out)[0] for a in ("ca", "heavy", "none")
    ]
    assert rows[0]["lddt"] == rows[1]["lddt"]  # there are only CA
    assert [row["lddt_atoms"] for row in rows] == ["ca", "heavy", ""] and rows[2]["lddt"] == ""


@pytest.mark.processes
def test_a_pair_that_never_ends_is_left_out(run, write, tmp_path):
    write("m.pdb")
    os.mkfifo(tmp_path / "pipe.pdb")
    (tmp_path / "t.tsv").write_text("model\treference\npipe.pdb\tm.pdb\nm.pdb\tm.pdb\n")
    result = run("score", tmp_path / "t.tsv", "-o", tmp_path / "o", "--time-limit", 2)
    assert result.code == 65 and "expected a result within 2 s, found none" in result.err
    assert len(table((tmp_path / "o").read_text())) == 1


def test_a_terminated_run_leaves_no_file_and_no_process(write, tmp_path):
    write("m.pdb")
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


def test_outputs_are_no_inputs(run, write):
    model, reference = write("m.pdb"), write("r.pdb")
    assert run("score", model, reference, "-o", reference, "--force").code == 2
    same = ("-o", "x.tsv", "--superposed", "x.tsv")
    assert run("score", model, reference, *same).code == 2
    folder = model.parent
    (folder / "t.tsv").write_text("model\treference\nm.pdb\tr.pdb\n")
    assert run("score", folder / "t.tsv", "-o", model, "--force").code == 2
    result = run("score", folder, reference, "-o", "-")
    assert result.code == 65 and "one is a file, one is a folder" in result.err


@pytest.mark.parametrize(
    "wrong",
    [
        {"correspondence": "best"},
        {"normalise": "both"},
        {"lddt": "all"},
        {"time_limit": 0},
        {"time_limit": float("nan")},
        {"threads": 0},
        {"chain": ""},
        {"chain": ":B"},
    ],
)
def test_wrong_score_settings_are_named(wrong):
    with pytest.raises(SettingsError, match=f"^{next(iter(wrong))}: expected"):
        ScoreConfig(**wrong)


def test_a_run_without_a_good_pair_writes_nothing(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        pepseq.score(tmp_path / "a.pdb", tmp_path / "b.pdb", tmp_path / "o")
    assert not (tmp_path / "o").exists()
