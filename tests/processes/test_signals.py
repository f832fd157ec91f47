"""Signals at every stage of a run: exit codes, one line or none, nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pepseq.cli.main import RESUMABLE
from pepseq.errors import TryAgainError
from pepseq.processes import signals
from pepseq.processes.programs import guarded

IMPORTING = """
import os, signal, sys, time
from pepseq.cli import main as module
class Command:
    def find_spec(self, name, *others):
        if name == "pepseq.cli.commands":
            for _ in range(2):
                os.kill(os.getpid(), signal.{signal})
                time.sleep(0.2)
            print("imported", flush=True)
sys.meta_path.insert(0, Command())
module.main({arguments!r})
"""
RUNNING = """
import os, signal, sys, threading, time
from pepseq.cli import commands, main as module
threading.Thread(target=time.sleep, args=(3600,)).start()
def run(arguments):
{body}
commands.run = run
module.main({arguments!r})
"""
ASK = "os.kill(os.getpid(), signal.SIGTERM)"
SWALLOWED = f"""
    try:
        {ASK}; time.sleep(9)
    except BaseException:
        pass
    time.sleep(9)
"""
FREED = f"""
    class Freed:
        def __del__(self):
            {ASK}; time.sleep(0.1); print("freed", flush=True)
    Freed(); time.sleep(9)
"""
REFERRED = f"""
    import weakref
    class Referred:
        pass
    one = Referred()
    weakref.finalize(one, lambda: ({ASK}, time.sleep(0.1), print("freed", flush=True)))
    del one
    time.sleep(9)
"""
CLEANING = f"""
    try:
        {ASK}; time.sleep(9)
    finally:
        {ASK}; time.sleep(0.2); print("cleaned", flush=True)
"""
HELD = f"""
    with module.signals.signals_held():
        {ASK}; time.sleep(0.2); print("made", flush=True)
    time.sleep(9)
"""
DONE = f"""
    signals = module.signals
    ignore = signals.ignore_signals
    signals.ignore_signals = lambda: (ignore(), {ASK})
    return 0, ""
"""


def python(code):
    """Run code in a process of its own, as the command is run."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.parametrize("command", ["score", *RESUMABLE])
def test_a_signal_within_an_import_waits_for_its_end(command, name):
    if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        pytest.skip(f"{name} is ignored, as under nohup, and stays ignored")
    done = python(
        IMPORTING.format(signal=name, arguments=["--longest-record", "9", command, "--x"])
    )
    assert done.stdout == "imported\n"
    if name == "SIGINT":
        assert (done.returncode, done.stderr) == (130, "Error: stopped\n")
    elif command == "score":
        assert (done.returncode, done.stderr) == (143, "")
    else:
        words = f"Error: stopped; to resume, run the same command{RESUMABLE[command]}\n"
        assert (done.returncode, done.stderr) == (75, words)


@pytest.mark.parametrize(
    ("body", "code", "out"),
    [
        (SWALLOWED, 143, ""),
        (FREED, 143, "freed\n"),
        (REFERRED, 143, "freed\n"),
        (CLEANING, 143, "cleaned\n"),
        (HELD, 143, "made\n"),
        (DONE, 0, ""),
        (f"    {ASK}; time.sleep(9)", 143, ""),
    ],
    ids=[
        "swallowed",
        "finalizer",
        "weak reference",
        "cleaning up",
        "held",
        "after the end",
        "running",
    ],
)
def test_a_signal_ends_a_run_with_threads_that_never_end(body, code, out):
    done = python(RUNNING.format(body=body, arguments=["mask"]))
    assert (done.returncode, done.stdout, done.stderr) == (code, out, "")


def test_a_signal_ends_a_library_call_with_an_error():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(TryAgainError, match="the last complete page"):
        with signals.stopped_by_sigterm("page"):
            signal.raise_signal(signal.SIGTERM)
            time.sleep(9)
    time.sleep(3 * signals.SECONDS_TO_NEXT_TRY)
    assert signals.signal_received() is None and signal.getsignal(signal.SIGTERM) == before


def test_a_noted_signal_does_not_interrupt():
    noted = []
    with signals.noting_sigterm(lambda: noted.append(1)):
        signal.raise_signal(signal.SIGTERM)
        assert noted == [1]
    assert signals.signal_received() is None


def test_blocks_in_other_threads_do_not_handle_signals():
    def run():
        with signals.stopped_by_sigterm("page"), signals.noting_sigterm(print):
            seen.append(signal.getsignal(signal.SIGTERM))

    seen, before = [], signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(fulfilled):
    until = time.monotonic() + 30
    while not fulfilled() and time.monotonic() < until:
        time.sleep(0.02)
    return fulfilled()


def test_a_guarded_group_ends_with_its_run(tmp_path):
    code = f"""
import subprocess, sys, time
from pepseq.processes.programs import guarded
line = ["sh", "-c", "sleep 600 & echo $! >{tmp_path}/pid; wait"]
process = subprocess.Popen(line, start_new_session=True)
with guarded(process):
    print(process.pid, flush=True)
    time.sleep(600)
"""
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    program = int(run.stdout.readline())
    assert wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    child = int((tmp_path / "pid").read_text())
    run.kill()
    run.communicate()
    assert wait_until(lambda: not is_alive(program) and not is_alive(child))


def test_a_guard_ends_with_its_block():
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with guarded(process):
        assert process.poll() is None
    time.sleep(0.1)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_ctrl_c_before_any_import_gives_no_traceback():
    code = """
import os, runpy, signal, sys, time
class Early:
    def find_spec(self, name, *others):
        if name == "pepseq.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(9)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Early())
runpy.run_module("pepseq", run_name="__main__")
"""
    done = python(code)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
