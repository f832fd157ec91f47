"""Settings of `reference suggest`, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.readout.readout import READ_KINDS
from pepseq.settings import Choice, Range, check


@dataclass(frozen=True)
class SuggestConfig:
    """How references are compared.

    sample: maximum number of distinct reads that are compared.
    kind, missed_label, misread: as in PredictConfig.
    """

    sample: Annotated[int, Range(1, 100_000)] = 200
    kind: Annotated[str, Choice(READ_KINDS)] = "protein"
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
