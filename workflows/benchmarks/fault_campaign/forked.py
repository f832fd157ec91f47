"""Calls of pepseq in children of a process that has imported it, limited in memory and time."""

import atexit
import importlib
import os
import resource
import select
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path

MEMORY = 2 << 30
"""Bytes of addresses that a call may take beyond what its parent has."""
SECONDS = 60


def warm_up(arguments: list[str], folder: Path, expected: tuple[int, ...] = (0,)) -> None:
    """Run a call in a child, which must end with an expected code; import here what it imports."""
    for name in _modules_of(arguments, folder, expected):
        with suppress(Exception):  # one that is made at run time
            importlib.import_module(name)


def call(arguments: list[str], folder: Path, seconds: float = SECONDS) -> tuple[int | None, str]:
    """Return exit code (minus the signal; None after `seconds`) and messages of a call."""
    messages = os.memfd_create("messages")
    try:
        child = os.fork()
        if child == 0:
            _child(arguments, folder, messages)
        code = _wait(child, seconds)
        return code, os.pread(messages, 1 << 20, 0).decode("utf-8", "replace")
    finally:
        os.close(messages)


def _wait(child: int, seconds: float) -> int | None:
    watched = os.pidfd_open(child)
    try:
        ended = select.select([watched], [], [], seconds)[0]
        with suppress(ProcessLookupError):  # workers of the call, too
            os.killpg(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status if ended else None
    finally:
        os.close(watched)


def _child(arguments: list[str], folder: Path, messages: int, report: int | None = None) -> None:
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, place in enumerate((nothing, nothing, messages)):
            os.dup2(place, number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with open("/proc/self/statm") as pages:
            size = int(pages.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        from pepseq.cli.main import main

        atexit._clear()  # what the parent does at its end, such as ending its other children
        if report is not None:
            atexit.register(lambda: os.write(report, "\n".join(sys.modules).encode()))
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        atexit._run_exitfuncs()
    except BaseException:  # noqa: BLE001 - what main lets through is a fault to be seen
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _modules_of(arguments: list[str], folder: Path, expected: tuple[int, ...]) -> list[str]:
    """Return the modules that a call imports, in order."""
    messages, report = os.memfd_create("messages"), os.memfd_create("modules")
    child = os.fork()
    if child == 0:
        _child(arguments, folder, messages, report)
    code = _wait(child, 10 * SECONDS)
    size = os.fstat(report).st_size
    modules = os.pread(report, size, 0).decode().split("\n")
    if code not in expected:
        errors = os.pread(messages, 1 << 20, 0).decode("utf-8", "replace")
        raise RuntimeError(f"pepseq {' '.join(arguments)}: ended with {code}: {errors}")
    os.close(messages)
    os.close(report)
    return modules
