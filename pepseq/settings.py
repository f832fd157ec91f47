"""Settings: fields of frozen dataclasses with their bounds, written once for Python and click.

A field is annotated with its bounds, `Annotated[float, Range(0, 1)]` or
`Annotated[str, Choice(("a", "b"))]`; `check` raises an error for a value outside them, and
`pepseq.cli.options.setting` makes a command-line option with the same default and bounds.
"""

import math
from dataclasses import Field, dataclass, fields
from numbers import Integral, Real
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pepseq.errors import SettingsError, found

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included unless open; None has no bound.

    >>> Range(0, 1, high_open=True).expected
    '0 or more and below 1'
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    @property
    def expected(self) -> str:
        """The range in words."""
        words = []
        if self.low is not None:
            words.append(f"above {self.low}" if self.low_open else f"{self.low} or more")
        if self.high is not None:
            words.append(f"below {self.high}" if self.high_open else f"{self.high} or less")
        return " and ".join(words) or "a number"

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Real):
            return False
        number, low, high = float(value), self.low, self.high
        above = low is None or (number > low if self.low_open else number >= low)
        below = high is None or (number < high if self.high_open else number <= high)
        return above and below and math.isfinite(number)


@dataclass(frozen=True)
class Choice:
    """One of several texts."""

    values: tuple[str, ...]

    @property
    def expected(self) -> str:
        """The choice in words."""
        return f"one of {', '.join(self.values)}"

    def __contains__(self, value: object) -> bool:
        return value in self.values


def bounds_of(config: type, name: str) -> Range | Choice | None:
    """Return the bounds of a field of a dataclass, or None."""
    hint = get_type_hints(config, include_extras=True)[name]
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, Range | Choice)), None)


def check(config: Any) -> None:
    """Raise SettingsError for a field of a dataclass that is outside its bounds.

    None is inside the bounds of a field whose default it is.
    """
    field: Field
    for field in fields(config):
        bounds, value = bounds_of(type(config), field.name), getattr(config, field.name)
        if bounds is None or (value is None and field.default is None):
            continue
        number = Integral if is_whole(type(config), field.name) else Real
        if isinstance(bounds, Range) and (not isinstance(value, number) or isinstance(value, bool)):
            kind = "a whole number" if number is Integral else "a number"
            raise SettingsError(f"{field.name}: expected {kind}, found {found(repr(value))}")
        if value not in bounds:
            shown = found(value) if isinstance(value, str) else value
            raise SettingsError(f"{field.name}: expected {bounds.expected}, found {shown}")


def is_whole(config: type, name: str) -> bool:
    """Return whether a field takes whole numbers only."""
    hint = get_type_hints(config)[name]
    return int in (hint, *get_args(hint)) and float not in (hint, *get_args(hint))


def require(condition: object, message: str) -> None:
    """Raise SettingsError with this message unless the condition holds."""
    if not condition:
        raise SettingsError(message)
