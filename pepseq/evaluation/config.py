"""Settings of evaluations, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Range, check


@dataclass(frozen=True)
class QuantityEvaluationConfig:
    """Settings of `evaluate_quantities`.

    max_q: a group whose q-value is at most this is taken as found.
    """

    max_q: Annotated[float, Range(0, 1)] = 0.01

    def __post_init__(self) -> None:
        check(self)
