"""Other programs: started without a shell, never left behind, and how they ended."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pepseq.errors import SettingsError, quoted
from pepseq.processes.signals import is_urgent, signals_held

SECONDS_TO_END = 5
"""How long a program that is told to end has before it is killed."""
SECONDS_BETWEEN_POLLS = 0.05
_TAIL_BYTES = 4096
_SHELL_SIGNAL_CODE = 128
"""A shell's exit code after a signal is this and the signal's number."""
_GUARD = 'read end; kill -s KILL -- "-$0"'
"""Waits for the end of its standard input, which comes with that of the run, however it ends."""
_CRASHES = [signal.Signals[f"SIG{name}"] for name in ("SEGV", "BUS", "ILL", "FPE", "ABRT", "KILL")]


@contextmanager
def running(
    line: Sequence[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program whose output goes to `log`; its process group ends with the block.

    Processes that it starts belong to this group, unless they leave it (`setsid`).

    Raises SettingsError if it cannot be started.
    """
    process = None
    try:
        with signals_held():
            process = _start(line, log, environment)
        with guarded(process):
            yield process
    finally:
        if process is not None:
            _end_group(process)


@contextmanager
def guarded(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the group of a process if this process ends within the block.

    `process` must lead its group, as with `start_new_session`.
    """
    guard = None
    try:
        with signals_held():
            guard = subprocess.Popen(
                ["sh", "-c", _GUARD, str(process.pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        yield
    finally:
        if guard is not None:
            guard.kill()
            guard.communicate()


def _start(
    line: Sequence[str], log: Path, environment: dict[str, str] | None
) -> subprocess.Popen[bytes]:
    with open(log, "wb") as log_stream:
        try:
            return subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=log_stream,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # one group, which ends as a whole
            )
        except OSError as error:
            raise SettingsError(f"{quoted(line[0], 200)}: cannot be run: {error.strerror}") from (
                error
            )


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program's whole group, first kindly; at once if a second signal comes."""
    try:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            until = time.monotonic() + SECONDS_TO_END
            while process.poll() is None and time.monotonic() < until and not is_urgent():
                time.sleep(SECONDS_BETWEEN_POLLS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_output(log: Path) -> str:
    """Return the last line that a program has printed, quoted, or that there is none."""
    lines = _last_lines(log)
    return f"its last output: {quoted(lines[-1], 200)}" if lines else "it printed nothing"


def _last_lines(log: Path) -> list[str]:
    with open(log, "rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = stream.read().decode("utf-8", "surrogateescape").split("\n")
    return [line.strip() for line in lines if line.strip()]


def how_ended(code: int) -> str:
    """Say how a program ended, by its return code in `subprocess`."""
    name = _signal_of(code)
    if code < 0:
        return f"was ended by {name}"
    return f"ended with {code}, as after {name}" if name else f"ended with {code}"


def crash_of(code: int, log: Path) -> str | None:
    """Return the name of the signal that ended a program or, by its log, one that it ran; None."""
    printed = "\n".join(_last_lines(log))
    named = (number.name for number in _CRASHES if (signal.strsignal(number) or "?") in printed)
    return _signal_of(code) or next(named, None)


def _signal_of(code: int) -> str | None:
    number = -code if code < 0 else code - _SHELL_SIGNAL_CODE
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}" if code < 0 else None
