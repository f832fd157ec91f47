"""`pepseq fetch-structures` against a server that plays AlphaFold DB."""

import csv
import json
import os
import threading
import time

import pytest
from alphafold_server import LINES, SEQ, rows
from structures import coil, pdb

from pepseq.errors import SettingsError
from pepseq.structure.alphafold_db.config import FetchConfig

NAMES = "# mine", "P12345 some words", "", "UniRef100_A0A024R161", "P12345", "Q67890"


@pytest.mark.parametrize(("form", "version"), [("cif", 6), ("pdb", 4), ("cif", 17)])
def test_models_of_any_version_are_fetched(run, alphafold, ids, tmp_path, form, version):
    for accession in LINES[:2]:
        alphafold.offer(accession, version=version)
    done = run("fetch-structures", ids(*NAMES), "-o", tmp_path / "o", "--format", form)
    assert done.code == 0, done.err
    assert done.err == (
        "2 proteins with a model (2 new), 1 without; 0 models differ from the given sequences. "
        "AlphaFold DB, CC-BY 4.0: cite Jumper et al. 2021 and Varadi et al. 2024\n"
    )
    first, second, third = rows(tmp_path / "o")
    assert first["file"] == f"AF-P12345-F1-model_v{version}.{form}"
    assert (first["id"], first["version"], first["residues"]) == ("P12345", str(version), "45")
    assert (first["start"], first["end"], first["fragment"]) == ("1", "45", "1")
    assert first["licence"] == "CC-BY-4.0" and first["agreement"] == ""
    assert float(first["mean_plddt"]) == pytest.approx(52.867, abs=0.01)
    assert (second["id"], second["accession"]) == ("UniRef100_A0A024R161", "A0A024R161")
    assert (third["state"], third["file"]) == ("no model", "")


def test_the_run_record_attributes_and_pepseq_names_itself(run, alphafold, ids, tmp_path):
    alphafold.offer("P12345")
    assert run("fetch-structures", ids("P12345"), "-o", tmp_path / "o").code == 0
    record = json.loads((tmp_path / "o.run.json").read_text())
    assert "CC-BY" in record["attribution"] and record["settings"]["format"] == "cif"
    agents = {headers["User-Agent"].split("/")[0] for _, headers in alphafold.server.asked}
    assert agents == {"pepseq"}


def test_only_what_is_missing_damaged_or_of_another_format_is_fetched(
    run, alphafold, ids, tmp_path
):
    for accession in LINES[:2]:
        alphafold.offer(accession)
    call = ["fetch-structures", ids(*NAMES), "-o", tmp_path / "o"]
    assert run(*call).code == 0
    first = rows(tmp_path / "o")[0]
    alphafold.server.asked.clear()
    assert run(*call).code == 0 and not alphafold.asked
    (tmp_path / "o" / first["file"]).write_text("damaged")
    assert run(*call).code == 0
    assert alphafold.asked == ["/api/prediction/P12345", f"/files/{first['file']}"]
    assert rows(tmp_path / "o")[0] == first
    assert run(*call, "--format", "pdb").code == 0
    assert {path.suffix for path in (tmp_path / "o").iterdir()} == {".pdb", ".tsv"}


@pytest.fixture
def compared(run, alphafold, fasta, tmp_path):
    """Proteins of which some differ from their models, which are in the folder `refs`."""
    for accession in ("P12345", "P12346", "P12347"):
        alphafold.offer(accession)
    proteins = [("UniRef100_P12345", SEQ), ("sp|P12345|AATM_RABIT", SEQ[:20] + "X" + SEQ[21:])]
    proteins += [("P12346", SEQ[:-5]), ("tr|P12347|X", SEQ[:4] + "W" + SEQ[5:] + "GG")]
    done = run("fetch-structures", fasta("p.fasta", proteins), "-o", tmp_path / "refs")
    assert done.code == 0 and "2 models differ" in done.err
    return proteins


def test_models_are_compared_with_the_sequences(compared, alphafold, tmp_path):
    columns = ("agreement", "different", "missing")
    assert [tuple(row[name] for name in columns) for row in rows(tmp_path / "refs")] == [
        ("same", "0", "0"),
        ("same", "0", "0"),
        ("different", "5", "0"),
        ("different", "1", "2"),
    ]
    assert alphafold.asked.count("/api/prediction/P12345") == 1


def test_models_are_references_by_the_ids_of_the_sequences(compared, run, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for name in ("UniRef100_P12345", "P12346", "tr_P12347_X"):
        (models / f"{name}.pdb").write_text(pdb(coil(45)))
    scored = run("score", models, tmp_path / "refs", "-o", "-")
    table = list(csv.DictReader(scored.out.splitlines(), delimiter="\t"))
    assert scored.code == 0
    assert [row["id"] for row in table] == ["UniRef100_P12345", "P12346", "tr|P12347|X"]


def test_a_changed_sequence_is_compared_again(compared, run, alphafold, fasta, tmp_path):
    source = fasta("p.fasta", [*compared[:2], ("P12346", SEQ)])
    alphafold.server.asked.clear()
    assert run("fetch-structures", source, "-o", tmp_path / "refs").code == 0
    assert alphafold.asked[0] == "/api/prediction/P12346" and len(alphafold.asked) == 2
    assert [row["agreement"] for row in rows(tmp_path / "refs")[:3]] == ["same"] * 3


def test_isoforms_fragments_and_complexes_are_told_apart(run, alphafold, fasta, tmp_path):
    isoform = alphafold.offer("P12345-2", SEQ[:30], listed="x")
    canonical = alphafold.offer("P12345", listed="x")
    complexed = alphafold.offer("P12345", isComplex=True, version=5, listed="x")
    alphafold.list("P12345", [*complexed, *isoform, *canonical])
    alphafold.offer("Q67890", SEQ[:44], fragments=2)
    alphafold.list("P00001", [])
    proteins = [("P12345-2", SEQ[:30]), ("P12345", SEQ), ("P12345-3", SEQ), ("Q67890", SEQ[:44])]
    proteins += [("UPI00001234AB", SEQ), ("P00001", SEQ)]
    done = run("fetch-structures", fasta("p", proteins), "-o", tmp_path / "o")
    assert done.code == 0, done.err
    table = rows(tmp_path / "o")
    assert [(row["id"], row["file"], row["agreement"]) for row in table] == [
        ("P12345-2", "AF-P12345-2-F1-model_v6.cif", "same"),
        ("P12345", "AF-P12345-F1-model_v6.cif", "same"),
        ("P12345-3", "", ""),
        ("Q67890", "AF-Q67890-F1-model_v6.cif", "same"),
        ("Q67890", "AF-Q67890-F2-model_v6.cif", "same"),
        ("UPI00001234AB", "", ""),
        ("P00001", "", ""),
    ]
    assert [(row["fragment"], row["models"], row["start"]) for row in table[3:5]] == [
        ("1", "2", "1"),
        ("2", "2", "23"),
    ]
    assert "UniParc entries have no model" in table[5]["reason"]
    assert "/api/prediction/UPI00001234AB" not in alphafold.asked
    scored = run("score", tmp_path / "o", tmp_path / "o", "-o", "-")
    ids = [row["id"] for row in csv.DictReader(scored.out.splitlines(), delimiter="\t")]
    assert ids == ["P12345", "P12345-2", "Q67890", "Q67890-F2"]


def test_several_are_asked_for_at_once_in_any_order(run, alphafold, ids, tmp_path):
    names = [f"Q{number:05d}" for number in range(12)]
    for name in names:
        alphafold.offer(name)
    call = ["fetch-structures", ids(*names), "-o"]
    assert run(*call, tmp_path / "a", "--connections", 8).code == 0
    assert run(*call, tmp_path / "b", "--connections", 1).code == 0
    assert [row["id"] for row in rows(tmp_path / "a")] == names
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_dry_run_fetches_nothing(run, alphafold, ids, tmp_path):
    alphafold.offer("P12345")
    done = run("fetch-structures", ids("P12345", "Q67890", "UPI00001234AB"), "--dry-run")
    url = f"{alphafold.server.url}/files/AF-P12345-F1-model_v6.cif"
    assert done.code == 0 and done.out.splitlines() == [
        "id\taccession\tmodels\tversion\turls",
        f"P12345\tP12345\t1\t6\t{url}",
        "Q67890\tQ67890\t0\t\t",
        "UPI00001234AB\tUPI00001234AB\t0\t\t",
    ]
    assert all(path.startswith("/api/") for path in alphafold.asked)
    assert run("fetch-structures", ids("P12345")).code == 2


def test_the_run_record_is_of_the_calls_that_did_the_work(run, alphafold, ids, tmp_path):
    record = tmp_path / "o.run.json"
    alphafold.offer("P12345")
    call = ["fetch-structures", ids("P12345"), "-o", tmp_path / "o"]
    assert run(*call).code == 0
    first = record.read_bytes()
    assert run(*call).code == 0
    assert record.read_bytes() == first
    ids("P12345", "Q67890")
    assert run(*call).code == 0
    assert json.loads(record.read_bytes())["earlier"] == [json.loads(first)]


def test_wrong_fetch_settings_are_refused():
    for wrong in ({"format": "bcif"}, {"connections": 0}, {"connections": 9}):
        with pytest.raises(SettingsError):
            FetchConfig(**wrong)


def test_files_of_one_name_on_the_server_are_two(run, alphafold, ids, tmp_path):
    for number, name in enumerate(LINES):
        (entry,) = alphafold.offer(name, sequence=SEQ[number:])
        for form in ("cif", "pdb"):
            path = f"/{name}/model.{form}"
            content = alphafold.server.files[entry[f"{form}Url"].removeprefix(alphafold.server.url)]
            alphafold.server.files[path] = content
            entry[f"{form}Url"] = alphafold.server.url + path
        entry["entryId"] = "AF-X-F1" if number < 2 else "x" * 300
        alphafold.list(name, [entry])
    out = tmp_path / "o"
    out.mkdir()
    call = ["fetch-structures", ids(*LINES), "-o", out, "--connections", 1]
    (out / "AF-X-F1.cif").write_text("mine")
    assert run(*call, "--force").code == 0
    assert (out / "AF-X-F1.cif").read_text() == "mine"
    residues = {row["file"]: row["residues"] for row in rows(out)}
    assert list(residues.values()) == ["45", "44", "43"]
    alphafold.server.asked.clear()
    assert run(*call).code == 0 and not alphafold.asked
    text = (out / "structures.tsv").read_text().replace("\t1\t1\t", "\t1\tx\t")
    (out / "structures.tsv").write_text(text)
    assert run(*call).code == 0 and len(alphafold.asked) == 6
    assert {row["file"]: row["residues"] for row in rows(out)} == residues


@pytest.mark.parametrize("text", ["P12345\n#\nQ67890\n", f">P12345\n{SEQ}\n>Q67890\n{SEQ}\n"])
def test_ids_from_a_pipe_are_read_once(run, alphafold, tmp_path, text):
    alphafold.offer("P12345")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write():
        with open(pipe, "wb", buffering=0) as stream:
            stream.write(text.encode()[:10])
            time.sleep(0.2)
            stream.write(text.encode()[10:])

    for content in (text, "nonsense\n"):
        text = content
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        done = run("fetch-structures", pipe, "-o", tmp_path / "o", "--keep-going")
        writer.join(1)
        assert not writer.is_alive()
    assert [row["id"] for row in rows(tmp_path / "o")] == ["P12345", "Q67890"]
    assert done.code == 65 and f"{pipe}:1: 'nonsense'" in done.err
