"""Other programs that predict structures: started without a shell, and never left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pepseq.errors import SettingsError, found
from pepseq.files import decode_text
from pepseq.process_groups import guarded
from pepseq.signals import held, is_urgent

SECONDS_TO_END = 5
"""How long a program that is told to end has before it is killed."""
SECONDS_TO_LOOK = 0.05
_TAIL = 4096


@contextmanager
def running(line: Sequence[str], log: Path) -> Iterator[subprocess.Popen]:
    """Start a program whose words go to `log`; its process group ends with the block.

    What it started is in that group, unless it left (`setsid`).

    Raises SettingsError if it cannot be started.
    """
    process = None
    try:
        with held():
            process = _started(line, log)
        with guarded(process):
            yield process
    finally:
        if process is not None:
            _end(process)


def _started(line: Sequence[str], log: Path) -> subprocess.Popen:
    with open(log, "wb") as words:
        try:
            return subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
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
    with open(log, "rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL))
        lines = decode_text(stream.read()).split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f"its last words: {found(said[-1], 200)}" if said else "it said nothing"


def how_ended(code: int) -> str:
    """Say how a program ended."""
    return f"ended by signal {-code}" if code < 0 else f"ended with {code}"
