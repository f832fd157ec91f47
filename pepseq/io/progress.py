"""Progress on standard error: a bar on a terminal, else a log line every half minute."""

import logging
import sys
import time
from contextlib import suppress
from datetime import timedelta

from tqdm import tqdm

log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 30


def format_rate(speed: float) -> str:
    """Return a speed, given per second, with three significant digits.

    >>> format_rate(10456.3), format_rate(2.5), format_rate(0.004)
    ('10,500/s', '2.5/s', '14.4/h')
    """
    number, unit = (speed, "s") if speed >= 0.1 else (3600 * speed, "h")
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}/{unit}" if rounded >= 100 else f"{rounded:g}/{unit}"


def shows_bars() -> bool:
    """Return whether standard error is a terminal that shows messages; it may be closed."""
    with suppress(AttributeError, ValueError):
        return sys.stderr.isatty() and log.isEnabledFor(logging.INFO)
    return False


class Progress:
    """A count of work done, of `total`, with speed and time left. Use as a context manager."""

    def __init__(self, what: str, total: int, unit: str, done: int = 0):
        self._what, self._total, self._unit = what, total, unit
        self._first, self._done = done, done
        self._start = self._last_line = time.monotonic()
        self._bar = (
            tqdm(desc=what, total=total, unit=f" {unit}", initial=done, unit_scale=total > 10_000)
            if shows_bars()
            else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, amount: int) -> None:
        """Count `amount` more units as done."""
        self._done += amount
        if self._bar is not None:
            self._bar.update(amount)
        elif time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            speed = (self._done - self._first) / (self._last_line - self._start)
            left = (self._total - self._done) / speed
            log.info(
                "%s: %s of %s %s, %s, %s left",
                self._what,
                f"{self._done:,}",
                f"{self._total:,}",
                self._unit,
                format_rate(speed),
                timedelta(seconds=round(left)),
            )

    def log_line(self, message: str) -> None:
        """Log a line without breaking the bar."""
        if self._bar is not None:
            self._bar.clear()
        log.info(message)
