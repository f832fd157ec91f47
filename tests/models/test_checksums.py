import json
import os

import pytest

from pepseq.errors import InputError
from pepseq.io.run_record import sha256
from pepseq.models.checksums import check_files, checksums_path, forget_checksums, read_checksums


@pytest.fixture
def file(caches, tmp_path):
    path = tmp_path / "w.bin"
    path.write_bytes(b"weights")
    return path


def check(path, pin=None, full=False):
    (found,) = check_files("m", {"w.bin": path}, {"w.bin": pin}, source="here", full=full)
    return found


def touch(path, content):
    """Change a file in the same size, a second later."""
    stat = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))


def test_a_file_is_recorded_once_and_checked_at_each_later_use(file):
    assert check(file).state == "new"
    entry = read_checksums()["m"]
    assert entry["source"] == "here" and entry["files"]["w.bin"]["sha256"] == sha256(file)
    assert check(file).state == "recorded"
    touch(file, b"weightS")
    changed = check(file)
    assert changed.state == "changed" and changed.expected == entry["files"]["w.bin"]["sha256"]
    assert check(file).state == "changed" and read_checksums()["m"] == entry
    message = str(changed.error("replace it"))
    assert changed.expected in message and changed.sha256 in message and str(file) in message
    touch(file, b"weights")
    assert check(file).state == "recorded"
    forget_checksums("m")
    assert check(file).state == "new"


def test_a_pin_outweighs_the_record(file):
    assert check(file).state == "new"
    assert check(file, sha256(file)).state == "pinned"
    assert check(file, "0" * 64).state == "changed"


def test_a_file_unlike_its_pin_is_not_recorded(file):
    assert check(file, "0" * 64).state == "changed" and not checksums_path().exists()


def test_a_file_that_looks_unchanged_is_read_only_by_a_full_check(file, monkeypatch):
    check(file)
    stat = file.stat()
    file.write_bytes(b"weightS")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert check(file).state == "recorded"
    assert check(file, full=True).state == "changed"


@pytest.mark.parametrize("content", ["{", "[]", '{"m": 1}', '{"m": {"files": {"w.bin": {}}}}'])
def test_a_damaged_record_is_an_input_error_with_the_next_step(file, content):
    check(file)
    checksums_path().write_text(content)
    with pytest.raises(InputError, match=r"models\.json: expected the SHA-256.*delete the file"):
        check(file)


def test_a_record_that_cannot_be_written_is_a_warning(file, monkeypatch, caplog, tmp_path):
    (tmp_path / "blocked").write_text("")
    monkeypatch.setenv("PEPSEQ_HOME", str(tmp_path / "blocked" / "x"))
    monkeypatch.setattr("pepseq.models.checksums.read_checksums", dict)
    assert check(file).state == "new"
    assert "not recorded" in caplog.text


def test_without_a_home_folder_the_record_is_in_the_temporary_folder(monkeypatch):
    monkeypatch.delenv("PEPSEQ_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/h")
    assert str(checksums_path()) == "/h/.local/share/pepseq/models.json"
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert checksums_path().is_absolute() and not str(checksums_path()).startswith("~")


def test_other_models_stay_in_the_record(file):
    check(file)
    check_files("other", {"w.bin": file}, {}, source="x", revision="r")
    records = json.loads(checksums_path().read_text())
    assert set(records) == {"m", "other"} and records["other"]["revision"] == "r"
