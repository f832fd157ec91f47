import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pepseq.errors import OutputError, SettingsError, TryAgainError
from pepseq.io.atomic_files import locked
from pepseq.io.files import check_outputs
from pepseq.io.outputs import Outputs


def listing(folder):
    return sorted(p.name for p in Path(folder).iterdir())


def test_outputs_appear_together_and_whole(tmp_path):
    with Outputs() as outputs:
        outputs.add(tmp_path / "a", b"1", "kind")
        outputs.add(tmp_path / "b.gz", b"2", "kind")
        assert not (tmp_path / "a").exists() and not (tmp_path / "b.gz").exists()
    assert listing(tmp_path) == ["a", "b.gz"]


def test_a_failed_run_leaves_older_outputs_and_nothing_else(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyError), Outputs() as outputs:
        outputs.add(tmp_path / "a", b"new", "kind")
        raise KeyError
    assert listing(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


def test_existing_outputs_inputs_and_repeated_outputs_are_refused(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(OutputError, match="--force"):
        check_outputs([tmp_path / "a"], [], False)
    check_outputs([tmp_path / "a"], [], True)
    with pytest.raises(SettingsError):
        check_outputs([tmp_path / "a"], [tmp_path / "." / "a"], True)
    with pytest.raises(SettingsError):
        check_outputs([tmp_path / "b", tmp_path / "b"], [], True)


def test_two_runs_do_not_write_one_output(tmp_path):
    with locked(tmp_path / "a"), pytest.raises(TryAgainError, match="another run"):
        with Outputs() as outputs:
            outputs.open(tmp_path / "a", "kind")
    assert listing(tmp_path) == []


def test_an_input_named_like_a_side_file_is_safe(tmp_path):
    with pytest.raises(SettingsError):
        check_outputs([tmp_path / "a"], [tmp_path / "a.run.json"], True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_output_error(fasta, tmp_path):
    source = fasta("p", [("a", "MAGICK" * 10)])
    done = subprocess.run(
        [sys.executable, "-m", "pepseq", "mask", source, "-o", "-", "--readout", "K1"],
        stdout=open("/dev/full", "wb"),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 74 and len(done.stderr.splitlines()) == 1


def test_a_full_disk_leaves_the_older_file(run, fasta, tmp_path, monkeypatch):
    out = tmp_path / "o"
    out.write_text("old")
    monkeypatch.setattr("os.fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left")))
    result = run("mask", fasta("p", [("a", "MK")]), "-o", out, "--readout", "K1", "--force")
    assert result.code == 74 and "No space left" in result.err
    assert out.read_text() == "old" and listing(tmp_path) == ["o", "p"]


def test_a_folder_that_cannot_be_written_is_an_output_error(run, fasta):
    result = run("mask", fasta("p", [("a", "MK")]), "-o", "/proc/nowhere/o", "--readout", "K1")
    assert result.code == 74 and "/proc/nowhere" in result.err


def test_a_closed_pipe_gives_no_message(tmp_path):
    (tmp_path / "p").write_text("".join(f">p{i}\n{'MAGICK' * 50}\n" for i in range(5000)))
    done = subprocess.run(
        f"{sys.executable} -m pepseq mask p -o - --readout K1 | head -1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ">p0\n74\n" and done.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_leaves_no_output_and_runs_again(tmp_path, number):
    fifo, out = tmp_path / "fifo", tmp_path / "o"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "pepseq", "mask", str(fifo), "-o", str(out), "--readout", "K1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with open(fifo, "w") as feed:
        feed.write(">a\nMAGICK\n>b\nMAGICK\n")
        feed.flush()
        until = time.monotonic() + 20
        while not list(tmp_path.glob(".o.*.partial")) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        code = process.wait(20)
    assert code == {signal.SIGTERM: 143, signal.SIGKILL: -9, signal.SIGINT: 130}[number]
    assert not out.exists() and "Traceback" not in process.stderr.read()
    (tmp_path / "p").write_text(">a\nMAGICK\n")
    command[4] = str(tmp_path / "p")
    subprocess.run(command, check=True)
    assert out.read_text() == ">a\nMXXXCK\n"
    assert listing(tmp_path) == ["fifo", "o", "o.run.json", "p"]


def test_pepseq_runs_without_home_and_locale(tmp_path):
    (tmp_path / "p").write_text(">a\nMK\n")
    done = subprocess.run(
        [sys.executable, "-m", "pepseq", "mask", "p", "-o", "o", "--readout", "K1"],
        cwd=tmp_path,
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        capture_output=True,
    )
    assert done.returncode == 0 and (tmp_path / "o").read_text() == ">a\nMK\n"
