import os
import subprocess
import sys

import pytest

from pepseq.errors import OutputError
from pepseq.io.temporary_files import temporary_copy


@pytest.mark.parametrize(
    "call", ["predict - -o out", "predict - -o -", "fetch-structures - -o out --dry-run"]
)
def test_an_error_names_a_full_temporary_folder(tmp_path, call):
    """A limit of the size of files stands for a full disk."""
    (tmp_path / "in").write_text(">sp|P12345|X\n" + "MXXK" * 5000 + "\n")
    done = subprocess.run(
        f"ulimit -f 8; trap '' XFSZ; {sys.executable} -m pepseq {call} <in",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 74 and len(done.stderr.splitlines()) == 1
    assert f"{tmp_path}: temporary files cannot be written" in done.stderr
    assert "export TMPDIR=" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["in"]


def test_a_missing_temporary_folder_is_an_output_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    (tmp_path / "in").write_text("x")
    with pytest.raises(OutputError, match="none: temporary files cannot be written"):
        with temporary_copy(tmp_path / "in"):
            pass
