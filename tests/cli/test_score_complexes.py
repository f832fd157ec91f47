"""`pepseq score --complex`: tables of complexes and of their interfaces."""

import csv
import io
import random

import gemmi
import pytest
from complexes import move, real_complex, small_turn, write

from pepseq.structure.scoring.complex_rows import COMPLEX_COLUMNS, INTERFACE_COLUMNS

pytestmark = pytest.mark.usefixtures("scoring_in_process")


@pytest.fixture
def files(tmp_path):
    model = real_complex("AD")
    move(model[1], small_turn(random.Random(2), 8), [0.5, 0, 0])
    model[0].name, model[1].name = "X", "Y"
    return write(tmp_path / "m.pdb", model), write(tmp_path / "r.pdb", real_complex("ABD"))


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def test_a_complex_has_a_row_and_each_interface_one(run, files, tmp_path):
    result = run("score", *files, "-o", "-", "--complex", "--interfaces", tmp_path / "i.tsv")
    assert result.code == 0 and "correspondence sequence" in result.err
    (row,) = table(result.out)
    assert tuple(row) == COMPLEX_COLUMNS and row["chain_pairs"] == "X:A,Y:D"
    assert (row["interfaces"], row["missing_interfaces"]) == ("2", "1")
    assert f"mean DockQ {float(row['dockq']):.4f}" in result.err
    rows = table((tmp_path / "i.tsv").read_text())
    assert tuple(rows[0]) == INTERFACE_COLUMNS and len(rows) == 2
    (scored,) = [r for r in rows if r["dockq"]]
    assert scored["model_chain1"] + scored["model_chain2"] == "XY" and scored["id"] == "m"
    assert scored["dockq"] == row["dockq"] and 0.1 < float(row["dockq"]) < 0.99
    (missing,) = [r for r in rows if not r["dockq"]]
    assert missing["fnat"] == "" and int(missing["reference_contacts"]) > 0


def test_a_superposed_complex_keeps_all_chains(run, files, tmp_path):
    written = tmp_path / "s.pdb"
    assert (
        run("score", *files, "-o", tmp_path / "o", "--complex", "--superposed", written).code == 0
    )
    chains = [chain.name for chain in gemmi.read_structure(str(written))[0]]
    assert chains == ["X", "Y"]


def test_a_model_without_the_chains_is_one_line(run, files, tmp_path, write_structure):
    other = write_structure("other.pdb", sequence="W" * 45)
    result = run("score", other, files[1], "-o", tmp_path / "o", "--complex")
    assert result.code == 65 and "correspondence align" in result.err
    assert len(result.err.splitlines()) == 1 and not (tmp_path / "o").exists()


def test_sequences_do_not_go_with_complexes(run, files, tmp_path, fasta):
    source = fasta("s.fa", [("m", "MK")])
    result = run("score", *files, "-o", tmp_path / "o", "--complex", "--sequences", source)
    assert result.code == 2 and "sequences: not compared with complexes" in result.err
