import pytest
from alphafold_server import AlphaFoldDb
from programs import ONE, THREE, TWO, install
from structures import WorkersInProcess

from pepseq.http.client import HttpConfig


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.structure.folding.colabfold.SECONDS_BETWEEN_POLLS", 0.02)
    return install(tmp_path / "bin dir", monkeypatch, [ONE, TWO, THREE, "MKTAYIAKQR"])


@pytest.fixture
def alphafold(caches, monkeypatch):
    monkeypatch.setenv("PEPSEQ_ALPHAFOLD_URL", caches.url + "/")
    patience = HttpConfig(tries=3, first_wait=0.01, longest_wait=0.02, read_timeout=0.4)
    monkeypatch.setattr("pepseq.structure.alphafold_db.download.HTTP_SETTINGS", patience)
    monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)
    return AlphaFoldDb(caches)


@pytest.fixture
def ids(tmp_path):
    def write(*lines):
        path = tmp_path / "ids.txt"
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write
