"""SIGTERM, SIGINT (Ctrl-C) and SIGHUP (a closed terminal): each raises the exception Stop.

It is raised where Python code may raise.

An exception within an import, or while an object is freed, may crash native code or get lost. So a
signal that comes there waits until the import or the destruction has ended, and a Stop that a
library swallows is raised again. While the run cleans up, further signals are only counted.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pepseq.errors import TryAgainError

SECONDS_TO_NEXT_TRY = 0.05
_HELD_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
_MAY_NOT_RAISE = ("<frozen importlib", "/weakref.py", "/_weakrefset.py", "/llvmlite/")
"""Parts of the names of files whose functions native code may call: no Stop is raised in them."""
_signal: int | None = None
_signal_count = 0
_has_ended = False


class Stop(BaseException):
    """A signal asks the run to end; `number` is the signal's."""

    def __init__(self, number: int):
        super().__init__(f"signal {number}")
        self.number = number


def raise_stop_on_signals() -> None:
    """Raise Stop on SIGTERM, SIGINT and SIGHUP; a signal that the caller ignores stays ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise_stop)


def ignore_signals() -> None:
    """Ignore all further signals: the run has ended, and its exit code is known."""
    global _has_ended
    _has_ended = True


def signal_received() -> int | None:
    """Return the number of the signal that has asked the run to end, None if there is none."""
    return _signal


def is_urgent() -> bool:
    """Return whether a second signal has come, so that the rest of the run should be cut short."""
    return _signal_count > 1


@contextmanager
def signals_held() -> Iterator[list[int]]:
    """Hold signals until the block ends; yield the list of signals that came meanwhile.

    For a block that must not be interrupted half-way. Only the main thread receives signals: in
    other threads nothing changes.
    """
    held: list[int] = []
    before: dict[int, Any] = {}
    import threading

    if threading.current_thread() is threading.main_thread():
        for name in _HELD_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (None, signal.SIG_IGN):
                before[number] = signal.signal(number, lambda n, frame: held.append(n))
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(held):
            signal.raise_signal(number)


@contextmanager
def stopped_by_sigterm(unit: str) -> Iterator[None]:
    """End the block with TryAgainError on SIGTERM; every complete `unit`, such as a page, is kept.

    Only the main thread receives signals: in other threads nothing changes.
    """
    with _handled_by(_raise_stop):
        try:
            yield
        except Stop as stop:
            if stop.number != signal.SIGTERM:
                raise
            raise TryAgainError(
                f"stopped; to resume after the last complete {unit}, run the same command"
            ) from stop


@contextmanager
def noting_sigterm(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` on a SIGTERM that comes within the block, or came before it and waits.

    Only the main thread receives signals: in other threads nothing changes.
    """
    with _handled_by(lambda number, frame: note()):
        if _signal == signal.SIGTERM:
            note()
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let `handler` handle SIGTERM within the block; after it, restore the state before it."""
    global _signal, _signal_count
    import threading  # late: signals that come during start-up are not handled yet

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if before is not _raise_stop and _signal == signal.SIGTERM:
            _signal, _signal_count = None, 0
            signal.setitimer(signal.ITIMER_REAL, 0)


def _raise_stop(number: int, frame: FrameType | None) -> None:
    """Raise Stop for the first signal that came; otherwise a timer calls this function again.

    The timer is SIGALRM: it repeats until Stop has been raised and not swallowed.
    """
    global _signal, _signal_count
    if number != signal.SIGALRM:
        _signal, _signal_count = _signal or number, _signal_count + 1
    if _has_ended or _signal is None:
        return
    signal.signal(signal.SIGALRM, _raise_stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_NEXT_TRY)
    is_ours = signal.getsignal(_signal) is _raise_stop
    if is_ours and not _stop_is_handled() and _may_raise_in(frame):
        raise Stop(_signal)


def _stop_is_handled() -> bool:
    """Return whether Stop, or an exception that it caused, is being handled at this moment."""
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, Stop):
            return True
        error = error.__context__
    return False


def _may_raise_in(frame: FrameType | None) -> bool:
    """Return whether an exception may pass through a frame and its callers.

    It may not in imports, finalizers, callbacks of weak references and those of LLVM.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or any(part in code.co_filename for part in _MAY_NOT_RAISE):
            return False
        frame = frame.f_back
    return True
