"""Input files of AlphaFold 3, Boltz and Chai."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest
from test_folding_inputs import A3M, A, B

from pepseq.errors import InputError
from pepseq.structure.folding.folding_inputs import read_folding_inputs
from pepseq.structure.folding.program_inputs import WRITERS


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "x.a3m"
    path.write_text(A3M.replace("1,1", "1,2", 1))
    return read_folding_inputs(path, "unpaired_paired", [])[0]


def rows_of(text):
    lines = text.splitlines()
    return [*zip(lines[::2], lines[1::2], strict=True)]


def test_alphafold3_rows_are_paired_by_their_place(record):
    (content,) = WRITERS["alphafold3"](record, "x", Path("/none")).values()
    job = json.loads(content)
    assert (job["dialect"], job["version"], job["name"]) == ("alphafold3", 2, "x")
    assert job["modelSeeds"] == [1]
    a, b = (sequence["protein"] for sequence in job["sequences"])
    assert (a["id"], a["sequence"], b["id"], b["sequence"]) == (["A"], A, ["B", "C"], B)
    assert a["pairedMsa"] == b["pairedMsa"] == "" and a["templates"] == []
    expected = [("query", A, B), ("a1", "MKTAY-AK", "LVRWC"), ("a2", "MK-AYIAK", "L---C")]
    expected += [("a9", "MKTAYIAR", "-----"), ("gaps", "--------", "LVRaaWC")]
    of_a, of_b = rows_of(a["unpairedMsa"]), rows_of(b["unpairedMsa"])
    joined = [(x[0][1:], x[1], y[1]) for x, y in zip(of_a, of_b, strict=True)]
    assert joined == expected
    assert len({len(row.replace("a", "")) for _, row in of_b}) == 1


def test_boltz_rows_of_one_key_are_paired(record):
    files = WRITERS["boltz"](record, "x", Path("/out"))
    assert list(files) == ["x.yaml", "x.A.csv", "x.B.csv"]
    yaml = pytest.importorskip("yaml").safe_load(files["x.yaml"])
    assert yaml["version"] == 1
    assert [protein["protein"] for protein in yaml["sequences"]] == [
        {"id": ["A"], "sequence": A, "msa": "/out/x.A.csv"},
        {"id": ["B", "C"], "sequence": B, "msa": "/out/x.B.csv"},
    ]
    tables = [
        list(csv.DictReader(io.StringIO(files[name].decode()))) for name in ("x.A.csv", "x.B.csv")
    ]
    assert [(row["key"], row["sequence"]) for row in tables[0]] == [
        ("0", A),
        ("1", "MKTAY-AK"),
        ("2", "MK-AYIAK"),
        ("-1", "MKTAYIAR"),
    ]
    assert [row["key"] for row in tables[1]] == ["0", "1", "2", "-1"]


def test_chai_rows_of_one_pairing_key_are_paired(record):
    parquet = pytest.importorskip("pyarrow.parquet")
    files = WRITERS["chai"](record, "x", Path("/none"))
    fasta, *tables = files.values()
    names = [line for line in fasta.decode().splitlines() if line.startswith(">")]
    assert names == [f">protein|name={chain}" for chain in "ABC"]
    hashes = [hashlib.sha256(chain.encode()).hexdigest() for chain in (A, B)]
    assert list(files)[1:] == [f"{digest}.aligned.pqt" for digest in hashes]
    rows = parquet.read_table(io.BytesIO(tables[1])).to_pylist()
    assert list(rows[0]) == ["sequence", "source_database", "pairing_key", "comment"]
    assert [tuple(row.values()) for row in rows] == [
        (B, "query", "", "query"),
        ("LVRWC", "uniprot", "pair1", "b1"),
        ("L---C", "uniprot", "pair2", "DUMMY"),
        ("LVRaaWC", "bfd_uniclust", "", "b9"),
    ]


@pytest.mark.parametrize("program", WRITERS)
def test_without_an_alignment_the_program_finds_its_own(tmp_path, program):
    path = tmp_path / "x.fasta"
    path.write_text(f">x\n{A}:{B}\n")
    (record,) = read_folding_inputs(path, "unpaired_paired", [])
    files = WRITERS[program](record, "x", tmp_path)
    assert len(files) == 1 and b"msa" not in next(iter(files.values())).lower()


@pytest.mark.parametrize("program", ["boltz", "chai"])
def test_equal_chains_with_two_alignments_are_refused(tmp_path, program):
    path = tmp_path / "x.a3m"
    path.write_text(f"#8,8\t1,1\n>101\t102\n{A}{A}\n>a\tb\n{A}MKTAYIA-\n")
    (record,) = read_folding_inputs(path, "unpaired_paired", [])
    with pytest.raises(InputError, match="one alignment for each distinct sequence"):
        WRITERS[program](record, "x", tmp_path)
    assert len(WRITERS["alphafold3"](record, "x", tmp_path)) == 1
