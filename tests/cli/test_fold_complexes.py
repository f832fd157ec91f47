"""`pepseq fold` of complexes: engines, scores, input files of other programs, messages."""

import json
import sys
from pathlib import Path

import pytest
from programs import rows
from structures import coil, pdb

STANDIN = Path(__file__).parents[1] / "complex_programs.py"
A, B = "MKTAYIAKQRQISF", "LVRWCEEDKLHH"
A3M = f"""#14,12\t1,1
>101\t102
{A}{B}
>a1\tb1
MKTAYIAKQRQ-SFLVRWCEEDKLHH
>a2\tb3
MKTAYIAKQRQIS-LVRWCEEDK-HH
>101
{A}{"-" * 12}
>a9
MRTAYIAKQRQISF------------
>102
{"-" * 14}{B}
"""
TRUTH = "protein_a\tprotein_b\na1\tb1\na2\tb2\n"


def complex_pdb(shift=5.0):
    return pdb(coil(14), A) + pdb(coil(12, 1) + shift, B, chain="B")


COLABFOLD = """#!/bin/sh
# colabfold_batch [OPTIONS] FOLDER RESULTS: folds every file of a folder as the complex
echo "$@" >> "$CALLS"
while [ $# -gt 2 ]; do shift; done
ls -d "$1" >> "$FOLDED"
for file in "$1"/*; do
  cat "$file" >> "$FOLDED"
  name=$(basename "$file"); name=${name%.*}; out=$2/$name
  tag=rank_001_alphafold2_multimer_v3_model_3_seed_000
  cp "$STRUCTURES/complex.pdb" "${out}_unrelaxed_$tag.pdb"
  cp "$STRUCTURES/scores.json" "${out}_scores_$tag.json"
  : > "$out.done.txt"
done
"""


@pytest.fixture
def colabfold(programs):
    (programs / "complex.pdb").write_text(complex_pdb())
    pae = [[1.0 if (i < 14) == (j < 14) else 7.0 for j in range(26)] for i in range(26)]
    scores = {"ptm": 0.61, "iptm": 0.52, "pae": pae, "plddt": [50] * 26}
    (programs / "scores.json").write_text(json.dumps(scores))
    (programs / "colabfold_batch").write_text(COLABFOLD)
    return programs


@pytest.fixture
def a3m(tmp_path):
    path = tmp_path / "malg.a3m"
    path.write_text(A3M)
    return path


def test_colabfold_folds_a_paired_alignment(run, colabfold, a3m, tmp_path):
    done = run("fold", a3m, "-o", tmp_path / "o", "--engine", "colabfold", "--offline")
    assert done.code == 0 and "api.colabfold.com" not in done.err
    row = rows(tmp_path / "o")["malg"]
    assert (row["chains"], row["residues"], row["state"]) == ("2", "26", "done")
    assert (row["ptm"], row["iptm"], row["interface_pae"]) == ("0.6100", "0.5200", "7.000")
    assert 0 < float(row["pdockq"]) < 1 and 0 < float(row["mean_plddt"]) < 100
    assert (row["different"], row["missing"]) == ("0", "0")
    assert json.loads((tmp_path / "o" / row["confidences"]).read_text())["iptm"] == 0.52
    assert A3M in (colabfold / "folded").read_text()


@pytest.mark.parametrize(("mode", "paired", "single"), [("paired", 2, 2), ("unpaired", 0, 7)])
def test_pair_modes_arrange_the_rows(run, colabfold, a3m, tmp_path, mode, paired, single):
    call = ["fold", a3m, "-o", tmp_path / "o", "--engine", "colabfold", "--pair-mode"]
    assert run(*call, mode).code == 0
    headers = [x for x in (colabfold / "folded").read_text().splitlines() if x[:1] == ">"]
    tabs = sum("\t" in header for header in headers)
    assert (tabs - 1, len(headers) - tabs) == (paired, single)
    assert f"--pair-mode {mode}" in (colabfold / "calls").read_text()
    done = run(*call, "unpaired_paired")
    assert done.code == 65 and "was made by colabfold" in done.err


def test_complexes_without_an_alignment_are_sent_to_a_server(run, colabfold, tmp_path):
    path = tmp_path / "x.fasta"
    path.write_text(f">x\n{A}:{B}\n")
    call = ["fold", path, "-o", tmp_path / "o", "--engine"]
    offline = run(*call, "colabfold", "--offline")
    assert offline.code == 2 and "of 1 of 1 proteins, which offline forbids" in offline.err
    assert not (colabfold / "calls").read_text()
    assert run(*call, "colabfold:--msa-mode=single_sequence", "--offline", "--force").code == 0
    done = run(*call, "colabfold", "--force")
    assert done.code == 0
    assert "1 of 1 proteins: colabfold_batch sends their sequences to https://api" in done.err
    assert f"{A}:{B}" in (colabfold / "folded").read_text()


def test_templates_of_the_server_are_asked_for_in_spite_of_an_alignment(
    run, colabfold, a3m, tmp_path
):
    call = ["fold", a3m, "-o", tmp_path / "o", "--offline", "--engine"]
    assert run(*call, "colabfold:--templates").code == 2
    assert run(*call, "colabfold:--templates --custom-template-path x").code == 0


def test_esmfold_folds_no_complexes(run, a3m, esmfold, tmp_path):
    done = run("fold", a3m, "-o", tmp_path / "o", "--model", esmfold)
    assert done.code == 2 and "'malg' is a complex" in done.err
    assert not (tmp_path / "o").exists()


@pytest.fixture
def standin(tmp_path):
    """The engine of a program whose models are the better the more rows are true pairs."""
    (tmp_path / "reference.pdb").write_text(complex_pdb())
    (tmp_path / "truth.tsv").write_text(TRUTH)
    words = sys.executable, STANDIN, tmp_path / "reference.pdb", tmp_path / "truth.tsv"
    return "command:" + " ".join([*map(str, words), "{a3m}", "{folder}"])


def test_a_command_reads_the_alignment_and_writes_a_folder(run, a3m, standin, tmp_path):
    done = run("fold", a3m, "-o", tmp_path / "o", "--engine", standin)
    assert done.code == 0, done.err
    row = rows(tmp_path / "o")["malg"]
    assert (row["ptm"], row["iptm"], row["interface_pae"]) == ("0.6250", "0.5000", "")
    again = run("fold", a3m, "-o", tmp_path / "o", "--engine", standin)
    assert again.err.endswith("1 structure (0 new), mean pLDDT 86.2\n")
    a3m.write_text(A3M.replace("b3", "b2"))  # the rows are the same, the names are not
    changed = run("fold", a3m, "-o", tmp_path / "o", "--engine", standin)
    assert "1 structure (1 new)" in changed.err
    assert rows(tmp_path / "o")["malg"]["iptm"] == "1.0000"


def test_structures_that_lack_a_chain_fail(run, a3m, programs, tmp_path):
    (programs / "one.pdb").write_text(pdb(coil(14), A))
    (programs / "swapped.pdb").write_text(pdb(coil(12, 1), B) + pdb(coil(14), A, chain="B"))
    call = ["fold", a3m, "-o", tmp_path / "o", "--force", "--engine"]
    done = run(*call, f"command:cp '{programs}/one.pdb' {{pdb}} --target-directory-of {{a3m}}")
    assert done.code == 65
    (programs / "copy").write_text('#!/bin/sh\ncp "$1" "$3"\n')
    (programs / "copy").chmod(0o755)
    done = run(*call, f"command:copy '{programs}/one.pdb' {{a3m}} {{pdb}}")
    assert done.code == 65 and "expected a structure of 2 chains, found 1" in done.err
    done = run(*call, f"command:copy '{programs}/swapped.pdb' {{a3m}} {{pdb}}")
    assert done.code == 0 and "the engine gave no pTM; pTM, ipTM and PAE are empty" in done.err
    assert rows(tmp_path / "o")["malg"]["different"] == "0"


@pytest.mark.parametrize("program", ["alphafold3", "boltz"])
def test_inputs_of_other_programs_reach_a_command(run, a3m, programs, tmp_path, program):
    (programs / "complex.pdb").write_text(complex_pdb())
    (programs / "copy").write_text(f'#!/bin/sh\ncp "$1" "{tmp_path}"/given; cp "$2" "$3"\n')
    (programs / "copy").chmod(0o755)
    engine = f"command:copy {{{program}}} '{programs}/complex.pdb' {{pdb}}"
    assert run("fold", a3m, "-o", tmp_path / "o", "--engine", engine).code == 0
    assert A in (tmp_path / "given").read_text()


def test_input_files_are_written(run, a3m, tmp_path):
    call = ["fold", a3m, "--write-inputs", "boltz", "-o", tmp_path / "o"]
    done = run(*call)
    assert done.code == 0 and done.err == "1 input of boltz\n"
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert names == ["malg.A.csv", "malg.B.csv", "malg.yaml"]
    assert str(tmp_path / "o" / "malg.A.csv") in (tmp_path / "o" / "malg.yaml").read_text()
    record = json.loads((tmp_path / "o.run.json").read_text())
    assert record["settings"]["write_inputs"] == "boltz"
    assert run(*call).code == 74 and run(*call, "--force").code == 0
    notes = tmp_path / "o" / "notes.txt"
    notes.write_text("mine")
    refused = run(*call, "--force")
    assert refused.code == 74 and "the folder also contains 'notes.txt'" in refused.err
    assert notes.read_text() == "mine"
    notes.unlink()
    refused = run(*call, "--force", "--max-residues", "5")
    assert refused.code == 2 and "max_residues: not used for input files" in refused.err
    a3m.write_text(A3M[:100])
    assert run(*call, "--force").code == 65
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == names


def test_names_with_slashes_stay_in_the_folder(run, tmp_path):
    path = tmp_path / "x.fasta"
    path.write_text(f">../../etc/x\n{A}:{B}\n>../../etc/y\nMK:\n")
    call = ["fold", path, "--write-inputs", "alphafold3", "-o", tmp_path / "o", "--keep-going"]
    done = run(*call)
    assert done.code == 0 and "1 of 1 inputs have no alignment" in done.err
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["_._.._etc_x.json"]
    assert "chain 2: the record has no residues" in (tmp_path / "o.failed.tsv").read_text()


def test_a_table_of_an_earlier_version_is_resumed(run, a3m, standin, tmp_path):
    call = ["fold", a3m, "-o", tmp_path / "o", "--engine", standin]
    run(*call)
    table = tmp_path / "o" / "structures.tsv"
    new = {"chains", "iptm", "interface_pae", "pdockq"}
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    kept = [place for place, name in enumerate(lines[0]) if name not in new]
    table.write_text("".join("\t".join(row[at] for at in kept) + "\n" for row in lines))
    done = run(*call)
    assert done.code == 0 and "1 structure (0 new)" in done.err
    assert rows(tmp_path / "o")["malg"]["state"] == "done"
