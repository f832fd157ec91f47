"""SIGTERM and SIGINT (Ctrl-C): each ends a run as Stop, raised where Python code can bear it.

An exception within an import or while an object is freed may end native code by a crash, or get
lost. A signal that comes there waits until that is over, and one that a library swallows is raised
again. While the run is cleaning up, further signals are only counted.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pepseq.errors import TryAgainError

SECONDS_TO_NEXT_TRY = 0.05
_UNBEARABLE = ("<frozen importlib", "/weakref.py", "/_weakrefset.py", "/llvmlite/")
"""Parts of the names of files whose functions native code may have called."""
_asked: int | None = None
_times = 0
_held = 0
_ended = False


class Stop(BaseException):
    """A signal asks the run to end; `number` is the signal's."""

    def __init__(self, number: int):
        super().__init__(f"signal {number}")
        self.number = number


def listen() -> None:
    """Raise Stop on SIGTERM and SIGINT from now on; one that the caller ignores stays ignored."""
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _heard)


def end() -> None:
    """Ignore all signals from now on: the run has ended, and its exit code is known."""
    global _ended
    _ended = True


def asked() -> int | None:
    """Return the number of the signal that has asked the run to end, None if there is none."""
    return _asked


def is_urgent() -> bool:
    """Return whether a second signal has come: what can be cut short should be."""
    return _times > 1


@contextmanager
def held() -> Iterator[None]:
    """Let signals wait until the block has ended: it makes something that would be left behind."""
    global _held
    _held += 1
    try:
        yield
    finally:
        _held -= 1


@contextmanager
def stopped_by_sigterm(whole: str) -> Iterator[None]:
    """End the block with TryAgainError on SIGTERM; every `whole`, such as a page, is kept.

    Outside the main thread, which alone sees signals, nothing changes.
    """
    with _handled_by(_heard):
        try:
            yield
        except Stop as stop:
            if stop.number != signal.SIGTERM:
                raise
            raise TryAgainError(
                f"stopped; the same command goes on after the last whole {whole}"
            ) from stop


@contextmanager
def noting_sigterm(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` on a SIGTERM that comes within the block, or waits since before it.

    Outside the main thread, which alone sees signals, nothing changes.
    """
    with _handled_by(lambda number, frame: note()):
        if _asked == signal.SIGTERM:
            note()
        yield


@contextmanager
def _handled_by(handler: Callable) -> Iterator[None]:
    """Let `handler` have SIGTERM within the block, and nothing of it be left behind."""
    global _asked, _times
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if before is not _heard and _asked == signal.SIGTERM:
            _asked, _times = None, 0
            signal.setitimer(signal.ITIMER_REAL, 0)


def _heard(number, frame) -> None:
    """Raise Stop for the first signal that came, now or at one of the next tries."""
    global _asked, _times
    if number != signal.SIGALRM:
        _asked, _times = _asked or number, _times + 1
    if _ended or _asked is None:
        return
    signal.signal(signal.SIGALRM, _heard)
    signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_NEXT_TRY)
    ours = signal.getsignal(_asked) is _heard
    if ours and not _held and not _is_stopping() and _can_bear(frame):
        raise Stop(_asked)


def _is_stopping() -> bool:
    """Return whether Stop, or what followed from it, is being handled at this moment."""
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, Stop):
            return True
        error = error.__context__
    return False


def _can_bear(frame) -> bool:
    """Return whether a frame and its callers let an exception pass.

    Imports, finalizers, callbacks of weak references and those of LLVM do not.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or any(part in code.co_filename for part in _UNBEARABLE):
            return False
        frame = frame.f_back
    return True
