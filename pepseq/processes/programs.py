"""Other programs: started without a shell, never left behind, and how they ended."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pepseq.errors import SettingsError, found
from pepseq.io.files import decode_text
from pepseq.processes.groups import guarded
from pepseq.processes.signals import held, is_urgent

SECONDS_TO_END = 5
"""How long a program that is told to end has before it is killed."""
SECONDS_TO_LOOK = 0.05
_TAIL = 4096
_SHELL = 128
"""A shell's exit code after a signal is this and the signal's number."""
_CRASHES = [signal.Signals[f"SIG{name}"] for name in ("SEGV", "BUS", "ILL", "FPE", "ABRT", "KILL")]


@contextmanager
def running(
    line: Sequence[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen]:
    """Start a program whose output goes to `log`; its process group ends with the block.

    What it started is in that group, unless it left (`setsid`).

    Raises SettingsError if it cannot be started.
    """
    process = None
    try:
        with held():
            process = _started(line, log, environment)
        with guarded(process):
            yield process
    finally:
        if process is not None:
            _end(process)


def _started(
    line: Sequence[str], log: Path, environment: dict[str, str] | None
) -> subprocess.Popen:
    with open(log, "wb") as words:
        try:
            return subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # one group, which ends as a whole
            )
        except OSError as error:
            raise SettingsError(f"{found(line[0], 200)}: cannot be run: {error.strerror}") from (
                error
            )


def _end(process: subprocess.Popen) -> None:
    """End a program's whole group, first kindly; at once if a second signal comes."""
    try:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            until = time.monotonic() + SECONDS_TO_END
            while process.poll() is None and time.monotonic() < until and not is_urgent():
                time.sleep(SECONDS_TO_LOOK)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_words(log: Path) -> str:
    """Return the last line that a program has written, quoted, or that there is none."""
    said = _last_lines(log)
    return f"its last words: {found(said[-1], 200)}" if said else "it said nothing"


def _last_lines(log: Path) -> list[str]:
    with open(log, "rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL))
        lines = decode_text(stream.read()).split("\n")
    return [line.strip() for line in lines if line.strip()]


def how_ended(code: int) -> str:
    """Say how a program ended, by its return code in `subprocess`."""
    name = _signal_of(code)
    if code < 0:
        return f"was ended by {name}"
    return f"ended with {code}, as after {name}" if name else f"ended with {code}"


def crash_of(code: int, log: Path) -> str | None:
    """Return the name of the signal that ended a program or, by its log, one that it ran; None."""
    said = "\n".join(_last_lines(log))
    shells = (number.name for number in _CRASHES if signal.strsignal(number) in said)
    return _signal_of(code) or next(shells, None)


def _signal_of(code: int) -> str | None:
    number = -code if code < 0 else code - _SHELL
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}" if code < 0 else None
