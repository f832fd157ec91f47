import pytest
from programs import ONE, THREE, TWO, install


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setattr("pepseq.structure.folding.colabfold.SECONDS_BETWEEN_POLLS", 0.02)
    return install(tmp_path / "bin dir", monkeypatch, [ONE, TWO, THREE, "MKTAYIAKQR"])
