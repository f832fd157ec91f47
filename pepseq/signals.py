"""SIGTERM: the end of a run that a later one goes on with."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pepseq.errors import TryAgainError


@contextmanager
def stopped_by_sigterm(whole: str) -> Iterator[None]:
    """End the block with TryAgainError on SIGTERM; every `whole`, such as a page, is kept.

    Outside the main thread, which alone sees signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise TryAgainError(f"stopped; the same command goes on after the last whole {whole}")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
