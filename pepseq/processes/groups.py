"""Groups of processes that other programs run in: none outlives the run that started it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from pepseq.processes.signals import held

_GUARD = 'read end; kill -s KILL -- "-$0"'
"""Waits for the end of its standard input, which comes with that of the run, however it ends."""


@contextmanager
def guarded(process: subprocess.Popen) -> Iterator[None]:
    """Let the group of a process be killed if this process ends within the block.

    `process` must lead its group, as with `start_new_session`.
    """
    with held():
        guard = subprocess.Popen(
            ["sh", "-c", _GUARD, str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield
    finally:
        guard.kill()
        guard.stdin.close()
        guard.wait()
