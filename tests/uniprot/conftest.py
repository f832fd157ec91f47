"""A server that plays UniProt, and downloads from it."""

import pytest
from uniprot_server import play_uniprot, proteins

from pepseq.http.client import HttpConfig
from pepseq.uniprot.config import DownloadConfig
from pepseq.uniprot.download import download
from pepseq.uniprot.pages import compress_page

QUICK = HttpConfig(tries=3, first_wait=0.001, longest_wait=0.002, read_timeout=1)


@pytest.fixture
def uniprot(monkeypatch):
    """A UniProt with 1,234 records, three pages of a search."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "PEPSEQ_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.setattr("pepseq.uniprot.download.HTTP_CONFIG", QUICK)
    with play_uniprot(proteins(1234)) as server:
        monkeypatch.setenv("PEPSEQ_UNIPROT_URL", server.url)
        yield server


@pytest.fixture
def ask(uniprot, tmp_path):
    """Download to a file; the server answers the next requests with these faults."""

    def ask(*faults, name="o.fasta.gz", force=False, taxon=562, **settings):
        uniprot.faults = list(faults)
        config = DownloadConfig(taxon=taxon, **settings)
        return download(tmp_path / name, config, force=force)

    return ask


@pytest.fixture
def whole(uniprot):
    """The bytes of a whole download: one gzip member for each page."""
    pages = (uniprot.fasta(start, start + 500) for start in (0, 500, 1000))
    return b"".join(compress_page(page, "u.gz") for page in pages)


@pytest.fixture
def names(tmp_path):
    """Return the names of all files beside the output."""
    return lambda: sorted(path.name for path in tmp_path.iterdir())
