"""`pepseq score --all-pairs`, a folder against itself, and `--alignment`."""

import csv
import io

import numpy as np
import pytest
from structures import SCORED, SEQUENCE, coil

from pepseq.sequences.fasta import read_fasta
from pepseq.structure.scoring.heat_map import cluster, score_matrix
from pepseq.structure.scoring.rows import SCORE_COLUMNS

pytestmark = pytest.mark.usefixtures("scoring_in_process")


def table(text):
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


@pytest.fixture
def folder(write_structure, tmp_path):
    write_structure("all/a.pdb")
    write_structure("all/b.cif.gz", SCORED[:40])
    write_structure("all/c.pdb", coil(45, 5))
    return tmp_path / "all"


def test_each_two_structures_of_a_folder_have_a_row(run, folder):
    result = run("score", folder, "-o", "-", "--all-pairs")
    rows = table(result.out)
    assert tuple(rows[0]) == SCORE_COLUMNS and "correspondence align" in result.err
    assert [row["id"] for row in rows] == ["a:b", "a:c", "b:c"]
    by_both = [float(rows[0][f"tm_score_by_{side}"]) for side in ("model", "reference")]
    assert by_both[1] == float(rows[0]["tm_score"]) == pytest.approx(1, abs=1e-5)
    assert by_both[0] == pytest.approx(40 / 45, abs=1e-3) and rows[0]["corresponding"] == "40"


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_heat_map_is_drawn_and_structures_left_out_are_grey(run, folder, tmp_path, suffix):
    (folder / "d.pdb").write_text("nothing\n")
    picture = tmp_path / f"map.{suffix}"
    files = ("-o", tmp_path / "o.tsv", "--heat-map", picture)
    result = run("score", folder, "--all-pairs", *files)
    assert result.code == 65 and len((tmp_path / "o.tsv").read_text().splitlines()) == 4
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == "png" else b"<?xml") and len(content) > 2000
    again = run("score", folder, "--all-pairs", *files, "--force", "--keep-going")
    assert again.code == 0 and picture.read_bytes() == content


class Row:
    def __init__(self, by_model, by_reference):
        self.tm_score_by_model, self.tm_score_by_reference = by_model, by_reference
        self.tm_score = max(by_model, by_reference)


def test_the_matrix_has_models_in_rows_and_references_in_columns():
    rows = {"a:b": Row(0.5, 0.9), "b:c": Row(0.2, 0.3)}
    by_reference = score_matrix("abc", rows, "reference")
    assert by_reference[0, 1] == 0.9 and by_reference[1, 0] == 0.5
    assert np.isnan(by_reference[0, 2]) and by_reference[2, 2] == 1
    assert score_matrix("abc", rows, "model")[0, 1] == 0.5
    assert score_matrix("abc", rows, "shorter")[1, 0] == 0.9
    tree = cluster(by_reference)
    assert set(tree[0, :2]) == {0, 1} and tree[0, 2] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["a.pdb", "--all-pairs"], "expected a folder of structures"),
        (["all", "all", "--all-pairs"], "reference: not used with all_pairs"),
        (["one", "--all-pairs"], "expected at least 2 structures (.pdb or .cif)"),
        (["all", "--all-pairs", "--heat-map", "m.jpg"], "ends in .png, .svg or .pdf, found m.jpg"),
        (["all", "all", "--heat-map", "m.png"], "heat_map: only drawn with all_pairs"),
    ],
)
def test_wrong_use_is_one_line(run, folder, write_structure, monkeypatch, options, message):
    write_structure("a.pdb")
    write_structure("one/a.pdb")
    monkeypatch.chdir(folder.parent)
    result = run("score", *options, "-o", "o.tsv")
    assert result.code in (2, 65) and message in result.err
    assert len(result.err.splitlines()) == 1 and not (folder.parent / "o.tsv").exists()


def test_the_alignment_has_both_sequences_with_gaps(run, write_structure, tmp_path):
    files = write_structure("m.pdb", SCORED[5:]), write_structure("r.pdb")
    outputs = ("-o", tmp_path / "o.tsv", "--alignment", tmp_path / "a.fasta")
    assert run("score", *files, *outputs, "--correspondence", "align").code == 0
    text = (tmp_path / "a.fasta").read_text()
    assert text.count(">") == 2 and ">m|model|A " in text and ">m|reference|A " in text
    model, reference = ("".join(block.split("\n")[1:]) for block in text.split(">")[1:])
    assert model.startswith("-----") and reference == SEQUENCE[:45]
    assert model.replace("-", "") == SEQUENCE[:40] and len(model) == len(reference)
    assert run("score", *files, *outputs).code == 74  # exists


def test_a_table_of_pairs_has_an_alignment_of_each(run, structure_folders, tmp_path):
    outputs = ("-o", tmp_path / "o.tsv", "--alignment", tmp_path / "a.fasta.gz")
    assert run("score", *structure_folders, *outputs).code == 0
    names = [record.id for record in read_fasta(tmp_path / "a.fasta.gz")]
    assert names == [f"p{k}|{side}|A" for k in range(4) for side in ("model", "reference")]


def test_few_common_numbers_name_the_option(run, write_structure, tmp_path):
    far, reference = write_structure("f.pdb", numbers=range(101, 146)), write_structure("r.pdb")
    result = run("score", far, reference, "-o", tmp_path / "o")
    assert "correspondence sequence or align does not need them" in result.err
    near = write_structure("n.pdb", numbers=range(6, 51))
    result = run("score", near, reference, "-o", "-")
    assert "--correspondence sequence does not need the same numbers" in result.err
    result = run("score", near, reference, "-o", "-", "--correspondence", "sequence")
    (row,) = table(result.out)
    assert row["corresponding"] == "45" and float(row["tm_score"]) == pytest.approx(1, abs=1e-5)
    assert "differ" not in result.err and row["correspondence"] == "sequence"
