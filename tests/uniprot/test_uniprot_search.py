"""Searches: taxa, queries, and what a download and an estimate report."""

import gzip
import hashlib
import json
import logging
import time

import pytest
from uniprot_server import Bad

from pepseq.errors import InputError, OutputError, SettingsError, TryAgainError
from pepseq.io.atomic_files import locked
from pepseq.sequences.fasta import read_fasta
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.download import download, estimate
from pepseq.version import __version__


def test_all_records_are_downloaded(ask, uniprot, tmp_path, names):
    ask()
    content = (tmp_path / "o.fasta.gz").read_bytes()
    assert gzip.decompress(content) == uniprot.fasta()
    headers = [record.header for record in read_fasta(tmp_path / "o.fasta.gz")]
    assert headers == [header for header, _ in uniprot.records]
    assert len(uniprot.asked) == 3 and uniprot.agents == {f"pepseq/{__version__}"}
    assert names() == ["o.fasta.gz", "o.fasta.gz.run.json"]


def test_the_run_record_describes_the_download(ask, tmp_path):
    done = ask()
    content = (tmp_path / "o.fasta.gz").read_bytes()
    record = json.loads((tmp_path / "o.fasta.gz.run.json").read_text())["download"]
    assert record["sha256"] == done.sha256 == hashlib.sha256(content).hexdigest()
    assert record["query"] == "(taxonomy_id:562) AND (identity:1.0)"
    assert (record["records"], record["release"]) == (1234, "2026_01")
    assert record["date"] == time.strftime("%Y-%m-%d", time.gmtime())
    assert record["bytes"] == len(content)


def test_an_output_without_suffix_is_not_compressed(ask, uniprot, tmp_path):
    ask(name="o.fasta")
    assert (tmp_path / "o.fasta").read_bytes() == uniprot.fasta()


@pytest.mark.parametrize(
    ("settings", "path", "query"),
    [
        ({"identity": 90}, "/uniref", "(taxonomy_id:562) AND (identity:0.9)"),
        (
            {"exclude_names": ("hypothetical protein", 'a"b')},
            "/uniref",
            '(taxonomy_id:562) AND (identity:1.0) NOT (name:"hypothetical protein") '
            'NOT (name:"a\\"b")',
        ),
        (
            {"database": "uniprotkb", "reviewed": True, "query": "length:[1 TO 9]"},
            "/uniprotkb",
            "(taxonomy_id:562) AND (reviewed:true) AND (length:[1 TO 9])",
        ),
        (
            {"taxon": None, "query": "kinase", "database": "uniprotkb", "exclude_names": ("x",)},
            "/uniprotkb",
            '(kinase) NOT (protein_name:"x")',
        ),
        ({"taxon": "escherichia COLI"}, "/uniref", "(taxonomy_id:562) AND (identity:1.0)"),
        ({"taxon": " e. coli "}, "/uniref", "(taxonomy_id:562) AND (identity:1.0)"),
    ],
)
def test_settings_become_a_query(ask, uniprot, settings, path, query):
    assert ask(**settings).query == query
    parameters = {"query": [query], "format": ["fasta"], "size": ["500"]}
    assert uniprot.asked[0] == (f"{path}/search", parameters)


@pytest.mark.parametrize(
    ("taxon", "message"),
    [
        (
            "Bacillus",
            "taxon: 2 taxa have the name 'Bacillus': 55087 Bacillus (genus); 1386 Bacillus "
            "(genus); give the number of one",
        ),
        (
            "bacil",
            "taxon: no taxon has the name 'bacil'; similar ones: 55087 Bacillus (genus); 1386 "
            "Bacillus (genus); give the number of one",
        ),
        ("unicorn", "taxon: no taxon has the name 'unicorn'"),
        ("77", "taxon: UniProt has no taxon with the number 77"),
    ],
)
def test_an_unknown_or_ambiguous_taxon_is_an_input_error(ask, uniprot, names, taxon, message):
    with pytest.raises(InputError) as error:
        ask(taxon=taxon)
    assert str(error.value) == message
    assert not uniprot.asked and not names()


@pytest.mark.parametrize(
    "settings",
    [
        {"taxon": None},
        {"identity": 95},
        {"identity": 90, "database": "uniprotkb"},
        {"reviewed": True},
        {"database": "uniparc"},
        {"exclude_names": (" ",)},
    ],
)
def test_contradicting_settings_are_refused(ask, settings):
    with pytest.raises(SettingsError):
        ask(**settings)


def test_a_search_without_records_is_an_input_error(ask, uniprot):
    uniprot.records = []
    with pytest.raises(InputError, match="no records fit the query"):
        ask()


def test_an_estimate_requests_one_page(ask, uniprot, names):
    estimated = estimate(DownloadConfig(taxon=562))
    assert len(uniprot.asked) == 1 and not names()
    done = ask()
    assert estimated.records == done.records == 1234 and estimated.query == done.query
    assert estimated.bytes == pytest.approx(done.bytes, rel=0.05)
    assert estimated.plain_bytes == pytest.approx(done.plain_bytes, rel=0.05)


@pytest.mark.parametrize(("share", "is_warned"), [(0.2, True), (0.02, False)])
def test_clusters_beyond_the_taxon_give_a_warning(ask, uniprot, caplog, share, is_warned):
    above = round(1234 * share)
    uniprot.records = [
        (f"U{n} a TaxID={543 if n < above - 1 else 2 if n < above else 83333} RepID=x", "MK")
        for n in range(1234)
    ]
    assert ask().above == above
    assert (f"{above} of 1234 records represent" in caplog.text) is is_warned
    assert (f"{above - 1} of these records have TaxID 543" in caplog.text) is is_warned


def test_an_older_output_is_kept_until_the_download_is_complete(ask, tmp_path):
    (tmp_path / "o.fasta.gz").write_text("old")
    with pytest.raises(OutputError, match="--force"):
        ask()
    with pytest.raises(TryAgainError):
        ask(*[Bad(status=500)] * 3, force=True)
    assert (tmp_path / "o.fasta.gz").read_text() == "old"
    ask(force=True)
    assert (tmp_path / "o.fasta.gz").read_bytes() != b"old"


def test_two_runs_do_not_download_to_one_output(ask, tmp_path):
    with locked(tmp_path / "o.fasta.gz"), pytest.raises(TryAgainError, match="another run"):
        ask()


def test_an_output_that_cannot_be_a_file_is_refused(ask, tmp_path):
    (tmp_path / "o.fasta.gz").touch()
    with pytest.raises(OutputError):
        ask(name="o.fasta.gz/x.fasta")
    with pytest.raises(SettingsError):
        download("-", DownloadConfig(taxon=562))


def test_offline_nothing_is_requested(ask, uniprot, monkeypatch):
    monkeypatch.setenv("PEPSEQ_OFFLINE", "1")
    with pytest.raises(InputError, match="download needs a network; unset PEPSEQ_OFFLINE"):
        ask()
    assert not uniprot.asked


def test_progress_gives_the_time_left(ask, monkeypatch, caplog):
    monkeypatch.setattr("pepseq.io.progress.SECONDS_BETWEEN_LINES", 0)
    monkeypatch.setattr("pepseq.io.progress.SECONDS_BEFORE_SPEED", 0)
    with caplog.at_level(logging.INFO, "pepseq"):
        ask()
    assert "downloading: 500 of 1,234 records" in caplog.text and "0:00:00 left" in caplog.text
