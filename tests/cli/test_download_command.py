"""`pepseq download` on the command line."""

import pytest
from uniprot_server import Bad, play_uniprot, proteins

from pepseq.http.client import HttpConfig


@pytest.fixture
def uniprot(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "PEPSEQ_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    quick = HttpConfig(tries=2, first_wait=0.001, longest_wait=0.002, read_timeout=1)
    monkeypatch.setattr("pepseq.uniprot.download.HTTP_CONFIG", quick)
    with play_uniprot(proteins(700)) as server:
        yield server


@pytest.fixture
def ask(uniprot, run, tmp_path):
    def ask(*more, taxon="562"):
        return run("download", "--taxon", taxon, "--server", uniprot.url, *more)

    return ask


def test_a_download_logs_its_records_and_release(ask, uniprot, tmp_path):
    result = ask("-o", tmp_path / "o.fasta", "--identity", 50, "--exclude-name", "odd one")
    assert result.code == 0 and result.out == ""
    assert result.err.splitlines()[-1].startswith("700 records of UniProt release 2026_01, SHA-256")
    assert uniprot.asked[0][1]["query"] == [
        '(taxonomy_id:562) AND (identity:0.5) NOT (name:"odd one")'
    ]
    assert (tmp_path / "o.fasta").read_bytes() == uniprot.fasta()
    assert ask("-o", tmp_path / "o.fasta").code == 74


def test_a_dry_run_prints_number_and_size(ask, uniprot, tmp_path):
    result = ask("--dry-run", "--database", "uniprotkb", "--reviewed", "--query", "kinase")
    assert result.code == 0 and not list(tmp_path.iterdir()) and len(uniprot.asked) == 1
    told = dict(line.split("\t") for line in result.out.splitlines())
    assert told["records"] == "700" and told["release"] == "2026_01"
    assert told["query"] == "(taxonomy_id:562) AND (reviewed:true) AND (kinase)"
    assert int(told["bytes_about"]) == pytest.approx(len(uniprot.fasta()), rel=0.05)
    assert 0 < int(told["bytes_gzip_about"]) < int(told["bytes_about"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--taxon", "562"],
        ["-o", "o.fasta"],
        ["--taxon", "562", "-o", "o.fasta", "--identity", "95"],
        ["--taxon", "562", "-o", "o.fasta", "--identity", "50", "--database", "uniprotkb"],
        ["--taxon", "562", "-o", "o.fasta", "--reviewed"],
        ["--taxon", "562", "-o", "-"],
        ["--taxon", "1", "-o", "o.fasta", "--server", "ftp://x"],
    ],
)
def test_wrong_arguments_are_usage_errors(uniprot, run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    assert run("download", *arguments).code == 2
    assert not list(tmp_path.iterdir()) and not uniprot.asked


def test_an_ambiguous_taxon_is_an_input_error(ask, tmp_path):
    assert ask("-o", tmp_path / "o.fasta", taxon="Bacillus").code == 65


@pytest.mark.parametrize(("code", "faults"), [(75, [Bad(status=429)] * 2), (65, [Bad(status=400)])])
def test_a_server_that_refuses_ends_the_download(ask, uniprot, tmp_path, code, faults):
    uniprot.faults = list(faults)
    result = ask("-o", tmp_path / "o.fasta")
    assert result.code == code and len(result.err.strip().splitlines()) <= 3
    assert not (tmp_path / "o.fasta").exists()
