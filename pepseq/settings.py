"""Settings: fields of frozen dataclasses with their bounds, written once for Python and click.

A field is annotated with its bounds, `Annotated[float, Range(0, 1)]` or
`Annotated[str, Choice(("a", "b"))]`; `check` raises an error for a value outside them, and
`pepseq.cli.options.setting` makes a command-line option with the same default and bounds.
"""

import math
import os
from dataclasses import dataclass, fields
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pepseq.errors import SettingsError, quoted

DEVICES = ("auto", "cpu", "cuda", "mps")
MAX_WHOLE_NUMBER = 2**63 - 1
"""Largest whole number of a setting; libraries count in 64 bits."""


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
        try:
            number, low, high = float(value), self.low, self.high
        except OverflowError:
            return False
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
        return isinstance(value, str) and value in self.values


def bounds_of(config: type, name: str) -> Range | Choice | None:
    """Return the bounds of a field of a dataclass, or None."""
    hint = get_type_hints(config, include_extras=True)[name]
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, Range | Choice)), None)


def check(config: Any) -> None:
    """Raise SettingsError for a field of a dataclass of another type, or outside its bounds.

    Numbers of numpy and the like become int and float, and paths texts. Fields that are tuples are
    not checked.
    """
    for field in fields(config):
        name, value = field.name, getattr(config, field.name)
        types, bounds = _types_of(type(config), name), bounds_of(type(config), name)
        if value is None and NoneType in types:
            continue
        if not isinstance(bounds, Choice):
            value = _convert(name, value, types)
        if bounds is not None and value not in bounds:
            shown = value if isinstance(bounds, Range) else quoted(str(value))
            raise SettingsError(f"{name}: expected {bounds.expected}, found {shown}")
        object.__setattr__(config, name, value)


def _types_of(config: type, name: str) -> tuple[Any, ...]:
    """Return the types that a field may have."""
    hint = get_type_hints(config)[name]
    return get_args(hint) if isinstance(hint, UnionType) else (hint,)


def _convert(name: str, value: Any, types: tuple[Any, ...]) -> Any:
    """Return a value as one of these types; SettingsError if it is of no such type."""
    is_bool = type(value).__name__ in ("bool", "bool_")  # those of numpy too
    if bool in types and is_bool:
        return bool(value)
    if str in types and isinstance(value, str | os.PathLike):
        return os.fsdecode(value)
    if not is_bool and isinstance(value, Integral) and abs(int(value)) > MAX_WHOLE_NUMBER:
        raise SettingsError(f"{name}: expected a number below 2**63, found a larger one")
    if float in types and isinstance(value, Real) and not is_bool:
        return float(value)
    if int in types and isinstance(value, Integral) and not is_bool:
        return int(value)
    expected = " or ".join(words for kind, words in _TYPES.items() if kind in types)
    if expected:
        raise SettingsError(f"{name}: expected {expected}, found {quoted(repr(value))}")
    return value


_TYPES = {bool: "True or False", float: "a number", int: "a whole number", str: "a text"}
"""The types that are checked, in words."""


def check_config(config: object, expected: type) -> None:
    """Raise SettingsError unless the argument `config` of a function is of this class."""
    if not isinstance(config, expected):
        name = f"pepseq.{expected.__name__}"
        raise SettingsError(
            f"config: expected {name}, found {quoted(repr(config), 80)}. Write "
            f"config={name}(NAME=VALUE), see help({name})"
        )


def is_whole(config: type, name: str) -> bool:
    """Return whether a field takes whole numbers only."""
    types = _types_of(config, name)
    return int in types and float not in types


def require(condition: object, message: str) -> None:
    """Raise SettingsError with this message unless the condition holds."""
    if not condition:
        raise SettingsError(message)
