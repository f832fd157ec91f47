"""Settings of evaluations, with their bounds. Imports nothing heavy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pepseq.errors import SettingsError, quoted
from pepseq.settings import Range, check

FIGURE_FORMATS = ("png", "svg", "pdf")
PNG = ("png",)


def check_figure_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return formats, each once; SettingsError for one that is not of FIGURE_FORMATS."""
    chosen = [formats] if isinstance(formats, str) else list(formats)
    for name in chosen:
        if name not in FIGURE_FORMATS:
            raise SettingsError(
                f"figures: expected {', '.join(FIGURE_FORMATS)}, found {quoted(str(name))}"
            )
    return tuple(dict.fromkeys(chosen))


def figure_files(names: Iterable[str]) -> tuple[str, ...]:
    """Return every file that figures of these names may be."""
    return tuple(f"{name}.{kind}" for name in names for kind in FIGURE_FORMATS)


@dataclass(frozen=True)
class QuantityEvaluationConfig:
    """Settings of `evaluate_quantities`.

    max_q: a group whose q-value is at most this is taken as found.
    """

    max_q: Annotated[float, Range(0, 1)] = 0.01

    def __post_init__(self) -> None:
        check(self)
