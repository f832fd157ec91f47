"""`pepseq pair` with three families."""

import csv

import numpy as np
import pytest
from places import DATA

A, B = DATA / "pairs_a.fasta", DATA / "pairs_b.fasta"
COMMON = ("--species", "bracket", "--method", "information", "--runs", 3)
SMALL = {
    "a": ">a1 [x]\nMAG\n>a2 [x]\nMCG\n>a3 [y]\nKAG\n>a4 [z]\nRRR\n>a5 none\nEEE\n",
    "b": ">b1 [x]\nLL\n>b2 [x]\nLV\n>b3 [y]\nCC\n>b4 [y]\nCD\n",
    "c": ">c1 [x]\nWWW\n>c2 [z]\nYYY\n>c3 [v]\nFFF\n",
}


def rows(path):
    with open(path) as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.fixture
def small(tmp_path):
    for name, text in SMALL.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in SMALL]


def test_a_table_of_complexes_and_the_proteins_in_none(run, small, tmp_path):
    out, msa = tmp_path / "o.tsv", tmp_path / "o.a3m"
    result = run("pair", *small, "-o", out, "--paired-msa", msa, *COMMON)
    assert result.code == 0, result.err
    assert result.err.splitlines()[-1] == (
        "4 complexes in 3 species by method information, 3 proteins without a pair"
    )
    assert "of C; 2 species in both families" in result.err
    table = rows(out)
    header = ["species", "protein_a", "protein_b", "protein_c", "confidence", "rank"]
    assert list(table[0]) == header and [row["rank"] for row in table] == ["1", "2", "3", "4"]
    made = {(row["species"], row["protein_a"], row["protein_b"], row["protein_c"]) for row in table}
    of_x = [row for row in made if row[0] == "x"]
    assert {row[1] for row in of_x} == {"a1", "a2"} and {row[3] for row in of_x} == {"c1", ""}
    assert ("z", "a4", "", "c2") in made  # a species without a protein of B
    reasons = {
        row["protein"]: (row["family"], row["reason"]) for row in rows(f"{out}.unpaired.tsv")
    }
    assert reasons.pop("a5") == ("A", "species not read")
    assert reasons.pop("c3") == ("C", "species in this family only")
    (surplus,) = reasons.values()  # of the two proteins of B in y
    assert surplus == ("B", "more paralogs than the other family has")
    lines = msa.read_text().splitlines()
    assert lines[0] == "#3,2,3\t1,1,1" and len(lines[2]) == 8
    query = next(row for row in table if row["species"] == "x" and row["protein_c"])
    assert f"the query is {query['protein_a']} with {query['protein_b']} with c1" in result.err
    assert ">a4\tDUMMY\tc2" in lines


def test_equal_families_are_joined_consistently(run, tmp_path):
    """Families A and C are the same: the complexes that both pairings with B support are right."""
    result = run("pair", A, B, A, "-o", tmp_path / "o", *COMMON)
    assert result.code == 0
    true = {(row["protein_a"], row["protein_b"]) for row in rows(DATA / "pairs_true.tsv")}
    table = [row for row in rows(tmp_path / "o") if row["protein_b"] and row["protein_a"]]
    right = np.mean([(row["protein_a"], row["protein_b"]) in true for row in table])
    same = np.mean([row["protein_a"] == row["protein_c"] for row in table])
    assert right > 0.7 and same > 0.9


def test_order_and_names_of_files_change_nothing(run, small, tmp_path):
    turned = tmp_path / "turned"
    turned.write_text(">".join(["", *reversed(SMALL["b"].split(">")[1:])]))
    a, b, c = small
    for name, middle in (("1", b), ("2", turned)):
        assert run("pair", a, middle, c, "-o", tmp_path / name, *COMMON).code == 0
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["a"], 2, "expected two families or more, found 1"),
        (["a", "b", "c", "--known", "k"], 2, "known: applies to two families, found 3"),
        (["a", "b", "c", "--plot", "p.png"], 2, "plot: applies to two families, found 3"),
        (["a"] * 9, 2, "families: expected 3 to 8, found 9"),
        (["a", "b", "none"], 65, "none: no such file"),
        (["a", "b", "lone"], 65, "no species is in both families"),
        (["a", "b", "c", "--query", "q"], 65, "none with id 'q'"),
        (["a", "b", "c", "--query", "a3", "--paired-msa", "p.a3m"], 65, "of each family, and all"),
    ],
)
def test_faults_are_one_line_and_leave_nothing(
    run, small, tmp_path, monkeypatch, arguments, code, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lone").write_text(">l [u]\nMK\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    result = run("pair", *arguments, "-o", "o", *COMMON)
    assert result.code == code and words in result.err
    assert len([line for line in result.err.splitlines() if "Error" in line]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
