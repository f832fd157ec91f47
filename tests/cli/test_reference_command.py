"""`pepseq reference` on the command line."""

import pytest
from uniprot_server import play_uniprot, proteins

from pepseq.http.client import HttpConfig


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PEPSEQ_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "references"


@pytest.fixture
def uniprot(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "PEPSEQ_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    quick = HttpConfig(tries=2, first_wait=0.001, longest_wait=0.002, read_timeout=1)
    monkeypatch.setattr("pepseq.uniprot.download.HTTP_CONFIG", quick)
    with play_uniprot(proteins(60)) as server:
        yield server


def test_a_reference_of_files_from_add_to_remove(run, fasta, proteins, home):
    known = fasta("known.fasta", proteins[:5])
    residues = sum(len(sequence) for _, sequence in proteins[:5])
    result = run("reference", "add", "mine", known)
    assert result.code == 0 and result.out == ""
    assert result.err.splitlines()[-1] == f"mine: 5 proteins, {residues:,} residues, 0 organisms"
    listed = [line.split("\t") for line in run("reference", "list").out.splitlines()]
    assert listed[0][0] == "name" and listed[1][:4] == ["mine", "5", str(residues), "0"]
    assert listed[1][-1] == str(known) and len(listed) == 2
    told = [line.split("\t") for line in run("reference", "info", "mine").out.splitlines()]
    assert ["folder", str(home / "mine")] in told and ["proteins", "5"] in told
    verified = run("reference", "verify")
    path = home / "mine" / "files" / "known.fasta"
    assert verified.out.splitlines()[1] == f"mine\t{path}\tas recorded"
    assert run("reference", "update").err == "mine: up to date\n"
    path.write_text(path.read_text().replace("M", "A", 1))
    damaged = run("reference", "verify", "mine")
    assert damaged.code == 65 and damaged.out.splitlines()[1].endswith("\tchanged")
    assert len(damaged.err.splitlines()) == 1
    assert run("reference", "remove", "mine").code == 0 and not list(home.iterdir())


def test_a_damaged_record_does_not_hide_the_others(run, fasta, proteins, home):
    known = fasta("known.fasta", proteins[:2])
    for name in ("first", "second"):
        run("reference", "add", name, known)
    (home / "first" / "reference.json").write_text("{}")
    result = run("reference", "list")
    assert result.code == 65 and [line.split("\t")[0] for line in result.out.splitlines()] == [
        "name",
        "second",
    ]
    assert len(result.err.splitlines()) == 1 and "reference add first --force" in result.err
    assert run("reference", "remove", "first").code == 0
    assert run("reference", "list").code == 0


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ("--taxon 562", "(taxonomy_id:562) AND (identity:1.0)"),
        ("--taxon 562 --identity 50", "(taxonomy_id:562) AND (identity:0.5)"),
        ("--taxon 562 --reviewed", "(taxonomy_id:562) AND (reviewed:true)"),
        ("--reviewed", "(reviewed:true)"),
        ("--proteome UP000000625", "((proteome:UP000000625))"),
        (
            "--proteome UP000000625 --proteome UP000000558 --reviewed",
            "(reviewed:true) AND ((proteome:UP000000625) OR (proteome:UP000000558))",
        ),
    ],
)
def test_what_is_asked_of_uniprot(run, uniprot, options, query):
    result = run("reference", "add", "some", *options.split(), "--server", uniprot.url)
    assert result.code == 0 and uniprot.asked[0][1]["query"] == [query]
    database = "uniref" if "identity" in query else "uniprotkb"
    assert uniprot.asked[0][0] == f"/{database}/search"
    assert result.err.splitlines()[-1].endswith("UniProt release 2026_01")
    told = dict(line.split("\t", 1) for line in run("reference", "info", "some").out.splitlines())
    assert told["source"] == query and told["release"] == "2026_01"
    assert ("taxon" in told) == ("taxonomy" in query)
    assert run("reference", "update").err == "some: up to date\n"


@pytest.mark.parametrize(
    "options",
    ["", "--identity 50", "--identity 90 --reviewed", "--proteome UP1", "FILE --reviewed"],
)
def test_wrong_options_are_usage_errors(run, fasta, home, options):
    known = fasta("known.fasta", [("a", "MKVLAAGIVK")])
    words = [known if word == "FILE" else word for word in options.split()]
    assert run("reference", "add", "some", *words).code == 2 and not home.exists()


def test_a_folder_is_no_fasta_file(run, tmp_path):
    result = run("reference", "add", "folder", tmp_path)
    assert result.code == 65 and result.err == (
        f"Error: {tmp_path}: expected a FASTA file, found a folder\n"
    )
