"""The outputs of a run are one set, whatever ends it while they get their names."""

import json
import os
import signal
import stat
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from pepseq.errors import OutputError, TryAgainError
from pepseq.io import atomic_files, publishing
from pepseq.io.atomic_files import append_file, locked, replace_file
from pepseq.io.files import check_outputs
from pepseq.io.outputs import Outputs
from pepseq.io.publishing import PlannedRename

NAMES = ("a", "a.run.json", "t")


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(folder, text, files=NAMES, force=True):
    with Outputs(force) as outputs:
        for name in files:
            outputs.add(folder / name, text.encode(), "kind")
        outputs.drop(folder / "a.failed.tsv")
        (outputs.folder(folder / "f", "kind", force) / "x").write_text(text)


OLD = {**dict.fromkeys(NAMES, "old"), "a.failed.tsv": "old", "f/x": "old"}
NEW = {**dict.fromkeys(NAMES, "new"), "f/x": "new"}


@pytest.fixture(params=["with older outputs", "without"])
def before(request, tmp_path):
    if request.param == "without":
        return {}
    write(tmp_path, "old")
    (tmp_path / "a.failed.tsv").write_text("old")
    return OLD


@pytest.fixture(params=["exchanged at once", "one after the other"])
def renames(request, monkeypatch):
    """Calls of the system that publish a set; `act(n, what)` does something before the n-th."""
    if request.param == "one after the other":
        monkeypatch.setattr(atomic_files.ctypes, "CDLL", lambda *_, **__: object())
    counted = [0]
    acts = {}

    def counting(function):
        def call(*arguments, **keywords):
            counted[0] += 1
            if counted[0] in acts:
                acts[counted[0]]()
            return function(*arguments, **keywords)

        return call

    def act(number, what):
        acts[number] = what
        counted[0] = 0
        for place in (os, publishing):
            for name in ("rename", "exchange_names", "unlink"):
                if place is publishing and name != "exchange_names":
                    continue
                if function := getattr(place, name, None):
                    monkeypatch.setattr(place, name, counting(function))
        return counted

    return act


def full():
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_an_error_at_any_rename_changes_no_output(tmp_path, before, renames, number):
    counted = renames(number, full)
    with pytest.raises(OutputError, match="No space left"):
        write(tmp_path, "new")
    assert counted[0] >= number and contents(tmp_path) == before


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_signal_at_any_rename_changes_no_output(tmp_path, before, renames, number):
    class Stopped(Exception):
        pass

    def stop(*_):
        raise Stopped

    handler = signal.signal(signal.SIGTERM, stop)
    try:
        renames(number, lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(Stopped):
            write(tmp_path, "new")
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7])
def test_the_run_after_a_killed_one_restores_all_outputs(tmp_path, before, renames, number):
    child = os.fork()
    if not child:
        renames(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
        write(tmp_path, "new")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with locked(tmp_path / "x"):  # what another file's run does changes nothing
        pass
    check_outputs([tmp_path / "a"], [], True)
    after = {name: text for name, text in contents(tmp_path).items() if name[0] != "."}
    assert after == before or (number > 5 and after == NEW)
    write(tmp_path, "new")
    assert contents(tmp_path) == NEW


def test_a_published_set_leaves_no_hidden_file(tmp_path, before, renames):
    write(tmp_path, "new")
    assert contents(tmp_path) == NEW
    assert {path.name for path in tmp_path.iterdir()} == {*NAMES, "f"}


def test_a_signal_without_an_exception_ends_the_run(tmp_path, monkeypatch):
    """A handler that only notes the signal must not make an undone run look done."""

    @contextmanager
    def held():
        yield [signal.SIGTERM]

    monkeypatch.setattr(publishing, "signals_held", held)
    with pytest.raises(TryAgainError):
        write(tmp_path, "new")
    assert contents(tmp_path) == {}


def test_without_force_a_file_that_appeared_meanwhile_is_kept(tmp_path):
    with pytest.raises(OutputError, match="--force"), Outputs(False) as outputs:
        outputs.add(tmp_path / "a", b"new", "kind")
        outputs.add(tmp_path / "t", b"new", "kind")
        (tmp_path / "t").write_text("another")
    assert contents(tmp_path) == {"t": "another"}
    with pytest.raises(OutputError, match="--force"), Outputs() as outputs:
        outputs.folder(tmp_path / "f", "kind")
        (tmp_path / "f").mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f", "t"]


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with Outputs() as outputs:
        (outputs.folder(tmp_path / "link", "kind", force=True) / "x").write_text("1")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "x").exists()


def test_an_adopted_file_is_kept_after_an_error(tmp_path, renames):
    (tmp_path / ".pages").write_text("pages")
    renames(2, full)
    with pytest.raises(OutputError), Outputs() as outputs:
        outputs.adopt(tmp_path / ".pages", tmp_path / "a", "kind")
        outputs.add(tmp_path / "a.run.json", b"record", "kind")
    assert contents(tmp_path) == {".pages": "pages"}


def test_planted_links_are_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in (".o.partial", ".o.lock", ".o.journal", ".d.partial", ".r.partial"):
        (tmp_path / name).symlink_to(victim)
    with pytest.raises((OutputError, OSError)), Outputs() as outputs:
        outputs.add(tmp_path / "o", b"x", "kind")  # the lock is a link
    (tmp_path / ".o.lock").unlink()
    with Outputs() as outputs:
        outputs.add(tmp_path / "o", b"x", "kind")
        outputs.add(tmp_path / "o.run.json", b"x", "kind")
    with append_file(tmp_path / ".d.partial") as stream:
        stream.write(b"x")
    replace_file(tmp_path / "r", b"x")
    assert victim.read_text() == "mine" and (tmp_path / "o").read_text() == "x"
    assert not (tmp_path / ".d.partial").is_symlink()


def test_a_journal_that_others_may_write_is_ignored(tmp_path):
    (tmp_path / "a").write_text("1")
    status = os.lstat(tmp_path / "a")
    identity = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]
    rename = PlannedRename(f"{tmp_path}/b", f"{tmp_path}/a", identity=identity)
    for mode, name in ((0o666, "a"), (0o600, "b")):
        journal = tmp_path / ".o.journal"
        journal.write_text(json.dumps([asdict(rename)]))
        journal.chmod(mode)
        check_outputs([tmp_path / "o"], [], False)
        assert contents(tmp_path) == {name: "1"}


def test_a_name_without_room_for_a_suffix_is_written(tmp_path):
    name = "n" * 255
    with Outputs() as outputs:
        outputs.add(tmp_path / name, b"x", "kind")
    assert contents(tmp_path) == {name: "x"}


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path, "x", ["a"])
    finally:
        os.umask(before)
    assert [stat.S_IMODE(os.stat(tmp_path / n).st_mode) for n in ("a", "f")] == [0o640, 0o750]


@pytest.mark.parametrize("error", [37, 5, 95])  # ENOLCK, EIO, EOPNOTSUPP
def test_a_lock_that_cannot_be_made_leaves_no_file(tmp_path, monkeypatch, error):
    def fail(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("fcntl.flock", fail)
    with pytest.raises(OutputError, match=os.strerror(error)), Outputs() as outputs:
        outputs.add(tmp_path / "a", b"x", "kind")
    assert not list(tmp_path.iterdir())


def test_a_left_lock_is_removed_where_flock_is_missing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(38, os.strerror(38))

    monkeypatch.setattr("fcntl.flock", fail)
    (tmp_path / ".a.lock").touch()
    with pytest.warns(UserWarning, match="flock"), Outputs() as outputs:
        outputs.add(tmp_path / "a", b"x", "kind")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_read_only_folder_is_not_taken_for_another_run(tmp_path, monkeypatch):
    def refuse(path, *arguments, **keywords):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(atomic_files.FileLock, "acquire", refuse)
    with pytest.raises(OutputError, match="Permission denied"), Outputs() as outputs:
        outputs.add(tmp_path / "a", b"x", "kind")
    assert not list(Path(tmp_path).iterdir())
