import gzip

import pytest
from alphafold_server import AlphaFoldDb
from programs import ONE, THREE, TWO, install
from structures import SCORED, TURNED, WorkersInProcess, cif, coil, pdb

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


@pytest.fixture
def scoring_in_process(request, monkeypatch):
    """Processes for the tests that ask for them by mark alone; tests/structure has their own."""
    if "processes" not in request.keywords:
        monkeypatch.setattr("pepseq.structure.scoring.workers.Workers", WorkersInProcess)


@pytest.fixture
def write_structure(tmp_path):
    """Write CA coordinates in the format of the file's name."""

    def write(name, xyz=SCORED, **more):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = pdb(xyz, **more)
        content = (cif(text) if ".cif" in name else text).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.fixture
def structure_folders(write_structure, tmp_path):
    """Folders of four models, each of two ranks, and of their references under two names."""
    for number in range(4):
        write_structure(f"models/p{number}_unrelaxed_rank_001_x.pdb", TURNED + number)
        write_structure(f"models/p{number}_unrelaxed_rank_002_x.pdb", coil(45, 9))
        write_structure(f"refs/AF-P{number}-F1-model_v6.cif.gz")
        write_structure(f"refs/p{number}.cif")
    return tmp_path / "models", tmp_path / "refs"
