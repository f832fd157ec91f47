"""`pepseq score` on the command line: the columns of a pair, chains and superposed models."""

import csv
import io

import numpy as np
import pytest
from structures import SCORED, SEQUENCE, TURNED, cif, coil, pdb

from pepseq.errors import SettingsError
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.structure_files import read_structure

pytestmark = pytest.mark.usefixtures("scoring_in_process")


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


@pytest.mark.parametrize("model", ["-", "/dev/stdin"])
def test_a_structure_on_standard_input_is_refused_at_once(run, tmp_path, model):
    result = run("score", model, tmp_path / "reference.pdb", "-o", tmp_path / "scores.tsv")
    assert result.code == 2 and "score reads structures from files" in result.err


def test_the_columns_of_two_files(run, write_structure):
    model, reference = write_structure("AF-X1-F1-model_v6.pdb.gz", TURNED), write_structure("r.cif")
    (row,) = table(run("score", model, reference, "-o", "-").out)
    assert row["id"] == "X1" and row["model"] == str(model)
    assert (row["normalised_by"], row["normalisation_length"]) == ("reference", "45")
    assert float(row["lddt"]) == 1 and row["lddt_atoms"] == "ca"
    assert float(row["mean_plddt"]) == pytest.approx(
        np.mean([50 + i % 7 for i in range(45)]), abs=1e-3
    )
    assert row["different"] == "0" and row["model_different"] == row["reference_left_out"] == ""


@pytest.mark.parametrize(
    ("by", "chain", "length"),
    [("reference", "reference", 40), ("model", "model", 45), ("shorter", "reference", 40)],
)
def test_the_length_of_either_chain_divides_the_score(run, write_structure, by, chain, length):
    model, reference = write_structure("m.pdb"), write_structure("r.pdb", SCORED[:40])
    (row,) = table(run("score", model, reference, "-o", "-", "--normalise", by).out)
    assert (row["normalised_by"], row["normalisation_length"]) == (chain, str(length))
    expected = 1 if chain == "reference" else 40 / 45
    assert float(row["tm_score"]) == pytest.approx(expected, abs=1e-5)
    (other,) = table(run("score", reference, model, "-o", "-", "--normalise", "shorter").out)
    assert other["normalised_by"] == "model" and float(other["tm_score"]) == pytest.approx(
        1, abs=1e-5
    )


def test_shifted_numbers_are_noted_by_index_and_found_by_align(run, write_structure, tmp_path):
    model, reference = write_structure("m.pdb", numbers=range(6, 51)), write_structure("r.pdb")
    result = run("score", model, reference, "-o", "-")
    (row,) = table(result.out)
    assert row["corresponding"] == "40" and float(row["tm_score"]) < 0.5
    assert "most corresponding residues differ" in result.err and "in 1 pair: 'm'" in result.err
    result = run("score", model, reference, "-o", "-", "--correspondence", "align")
    (row,) = table(result.out)
    assert row["correspondence"] == "align" and float(row["tm_score"]) == pytest.approx(1, abs=1e-5)
    assert "differ" not in result.err
    far = write_structure("far.pdb", numbers=range(101, 146))
    result = run("score", far, reference, "-o", tmp_path / "o")
    assert result.code == 65 and "model 101 to 145, reference 1 to 45" in result.err
    assert not (tmp_path / "o").exists() and len(result.err.splitlines()) == 1


def test_chains_are_chosen_by_sequence_or_by_name(run, tmp_path):
    other = pdb(coil(45, 5), SEQUENCE[:45][::-1], chain="B")
    (tmp_path / "m.pdb").write_text(pdb(SCORED, chain="M"))
    (tmp_path / "r.pdb").write_text(other + pdb(SCORED, chain="A"))
    files = (tmp_path / "m.pdb", tmp_path / "r.pdb")
    (row,) = table(run("score", *files, "-o", "-").out)
    assert row["model_chain"] + row["reference_chain"] == "MA"
    (row,) = table(run("score", *files, "-o", "-", "--chain", "M:B").out)
    assert row["model_chain"] + row["reference_chain"] == "MB" and float(row["tm_score"]) < 0.5
    result = run("score", *files, "-o", "-", "--chain", "A")
    assert result.code == 65 and "expected a protein chain 'A', found M" in result.err
    assert run("score", *files, "-o", "-", "--chain", "A:").code == 2


def test_structures_are_compared_with_the_reconstructions(
    run, write_structure, structure_folders, tmp_path, fasta
):
    wrong = "W" + SEQUENCE[1:45]
    source = fasta("s.fa", [("p0", SEQUENCE[:45]), ("p1", wrong), ("p2", SEQUENCE[:50])])
    result = run("score", *structure_folders, "-o", "-", "--sequences", source)
    assert "s.fa has no sequence for 1 pair: 'p3'" in result.err
    rows = table(result.out)
    columns = ("model_different", "model_missing", "reference_different", "reference_missing")
    counts = [tuple(row[name] for name in columns) for row in rows]
    assert counts == [tuple("0000"), tuple("1010"), tuple("0505"), ("",) * 4]


@pytest.mark.parametrize("name", ["s.pdb", "s.cif", "s.pdb.gz"])
def test_a_superposed_model_is_written_to_a_file(run, write_structure, tmp_path, name):
    model, reference = write_structure("m.pdb", TURNED + 7, chain="C"), write_structure("r.cif")
    files = ("-o", tmp_path / "o.tsv", "--superposed", tmp_path / name)
    assert run("score", model, reference, *files).code == 0
    (chain,) = read_structure(tmp_path / name).chains
    assert chain.name == "C" and np.abs(chain.ca - SCORED).max() < 5e-3
    assert chain.sequence == SEQUENCE[:45] and chain.b_factors[3] == 53
    assert run("score", model, reference, *files).code == 74
    wrong = ("-o", tmp_path / "p.tsv", "--superposed", tmp_path / "s.txt")
    assert run("score", model, reference, *wrong).code == 2


def test_a_model_that_a_pdb_file_cannot_hold_is_refused(run, write_structure, tmp_path):
    text = cif(pdb(SCORED)).replace(" A ", " LONG ")
    (tmp_path / "m.cif").write_text(text)
    files = (tmp_path / "m.cif", tmp_path / "m.cif", "-o", tmp_path / "o")
    result = run("score", *files, "--superposed", tmp_path / "s.pdb")
    assert result.code == 65 and "write .cif" in result.err and not (tmp_path / "o").exists()
    assert run("score", *files, "--superposed", tmp_path / "s.cif").code == 0


def test_plddt_is_known_by_the_range_of_b_factors(run, write_structure, tmp_path):
    write_structure("r.pdb")
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
        write_structure(f"{name}.pdb", b=b)
    crystal = tmp_path / "crystal.pdb"
    crystal.write_text("EXPDTA    X-RAY DIFFRACTION\n" + crystal.read_text())
    rows = "".join(f"{name}.pdb\tr.pdb\n" for name in cases)
    (tmp_path / "t.tsv").write_text("model\treference\n" + rows)
    found = table(run("score", tmp_path / "t.tsv", "-o", "-", "--threads", 1).out)
    for row, (name, (_, expected)) in zip(found, cases.items(), strict=True):
        value = float(row["mean_plddt"]) if row["mean_plddt"] else None
        assert value == (None if expected is None else pytest.approx(expected, abs=1e-2)), name


def test_lddt_of_chosen_atoms(run, write_structure):
    files = (write_structure("m.pdb", coil(45, 2)), write_structure("r.pdb"))
    rows = [
        table(run("score", *files, "-o", "-", "--lddt", a).out)[0] for a in ("ca", "heavy", "none")
    ]
    assert rows[0]["lddt"] == rows[1]["lddt"]  # there are only CA
    assert [row["lddt_atoms"] for row in rows] == ["ca", "heavy", ""] and rows[2]["lddt"] == ""


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
