"""Progress on standard error: a bar on a terminal, else a log line every half minute."""

import logging
import sys
import time
from contextlib import suppress
from datetime import timedelta

from tqdm import tqdm

log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 30
SECONDS_BEFORE_SPEED = 5
SECONDS_OF_KNOWN_SPEED = 300
_COUNT = "{desc}: {n_fmt}{unit} [{elapsed}{postfix}]"
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt}{unit} [{elapsed}{postfix}]"


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
    """A count of work done, of `total` (0: unknown), with speed and time left: a context manager.

    The speed is measured from the end of the first piece of work, which may include compilation
    and loading. It is shown as soon as it says something of the rest: after a twentieth of the rest
    that takes at least `SECONDS_BEFORE_SPEED`, or after `SECONDS_OF_KNOWN_SPEED`.
    """

    def __init__(self, what: str, total: int, unit: str, done: int = 0):
        self._what, self._total, self._unit = what, total, unit
        self._done = done
        self._last_line = time.monotonic()
        self._first_end: tuple[float, int] | None = None
        self._bar = (
            tqdm(
                desc=what,
                total=total or None,
                unit=f" {unit}",
                initial=done,
                unit_scale=total > 10_000,
                bar_format=_BAR if total else _COUNT,
            )
            if shows_bars()
            else None
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, amount: int) -> None:
        """Count `amount` more units as done; to be called when they are, not before or later."""
        self._done += amount
        now = time.monotonic()
        if self._first_end is None:
            self._first_end = now, self._done
        if self._bar is not None:
            self._bar.set_postfix_str(self._speed(now), refresh=False)
            self._bar.update(amount)
        elif now - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = now
            of_total = f" of {self._total:,}" if self._total else ""
            speed = self._speed(now)
            log.info(
                "%s: %s%s %s%s",
                self._what,
                f"{self._done:,}",
                of_total,
                self._unit,
                f", {speed}" if speed else "",
            )

    def _speed(self, now: float) -> str:
        """Return the speed and the time left as a text; empty while the speed is not known."""
        start, first = self._first_end or (now, self._done)
        seconds, done = now - start, self._done - first
        is_known = 20 * done >= self._total - first or seconds >= SECONDS_OF_KNOWN_SPEED
        if not is_known or seconds < SECONDS_BEFORE_SPEED or not done:
            return ""
        speed = done / seconds
        if not self._total:
            return format_rate(speed)
        left = timedelta(seconds=round(max(self._total - self._done, 0) / speed))
        return f"{format_rate(speed)}, {left} left"

    def log_line(self, message: str) -> None:
        """Log a line without breaking the bar."""
        if self._bar is not None:
            self._bar.clear()
        log.info(message)
