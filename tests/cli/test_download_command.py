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


def test_exit_codes_of_download(ask, uniprot, run, tmp_path):
    output = ("-o", tmp_path / "o.fasta")
    assert ask().code == 2
    assert run("download", *output).code == 2
    assert ask(*output, "--identity", 95).code == 2
    assert ask(*output, "--identity", 50, "--database", "uniprotkb").code == 2
    assert ask(*output, "--reviewed").code == 2
    assert ask("-o", "-").code == 2
    assert ask(*output, taxon="Bacillus").code == 65
    assert run("download", "--taxon", 1, "--server", "ftp://x", *output).code == 2
    for code, faults in ((75, [Bad(status=429)] * 2), (65, [Bad(status=400)])):
        uniprot.faults = list(faults)
        result = ask(*output)
        assert result.code == code and len(result.err.strip().splitlines()) <= 3
    assert not (tmp_path / "o.fasta").exists()
