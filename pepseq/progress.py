"""Progress on stderr: a bar on a terminal, else a log line every half minute."""

import logging
import sys
import time

from tqdm import tqdm

log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 30


class Progress:
    """Counts work done towards `total`, with speed and time left. Use as a context manager."""

    def __init__(self, what: str, total: int, unit: str, done: int = 0):
        self._what, self._total, self._unit = what, total, unit
        self._first, self._done = done, done
        self._start = self._said = time.monotonic()
        bar = sys.stderr.isatty() and log.isEnabledFor(logging.INFO)
        self._bar = (
            tqdm(desc=what, total=total, unit=f" {unit}", initial=done, unit_scale=total > 10_000)
            if bar
            else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, amount: int) -> None:
        """Count `amount` more."""
        self._done += amount
        if self._bar is not None:
            self._bar.update(amount)
        elif time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            speed = (self._done - self._first) / (self._said - self._start)
            left = time.strftime("%H:%M:%S", time.gmtime((self._total - self._done) / speed))
            log.info(
                "%s: %d of %d %s, %.3g a second, %s left",
                self._what,
                self._done,
                self._total,
                self._unit,
                speed,
                left,
            )

    def say(self, message: str) -> None:
        """Log a line without breaking the bar."""
        if self._bar is not None:
            self._bar.clear()
        log.info(message)
