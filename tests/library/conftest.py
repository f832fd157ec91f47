"""A library of our own, and a server that plays UniProt."""

import pytest
from uniprot_server import play_uniprot, proteins

from pepseq.http.client import HttpConfig


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PEPSEQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "home"


@pytest.fixture
def uniprot(monkeypatch):
    """A UniProt with 1,234 records, three pages of a search."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "PEPSEQ_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    quick = HttpConfig(tries=2, first_wait=0.001, longest_wait=0.002, read_timeout=1)
    monkeypatch.setattr("pepseq.uniprot.download.HTTP_CONFIG", quick)
    with play_uniprot(proteins(1234)) as server:
        monkeypatch.setenv("PEPSEQ_UNIPROT_URL", server.url)
        yield server
