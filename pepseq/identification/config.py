"""Settings of lookup, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.readout.readout import READ_KINDS
from pepseq.settings import Choice, Range, check


@dataclass(frozen=True)
class LookupConfig:
    """How reads are looked up.

    kind, missed_label, misread: as in PredictConfig.
    best: maximum number of known proteins listed for each read.
    max_q: q-value up to which a read counts as assigned.
    dye_sequences: reads are whatprot's dye sequences, whose unlabelled ends are unknown.
    """

    kind: Annotated[str, Choice(READ_KINDS)] = "protein"
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    best: Annotated[int, Range(1)] = 5
    max_q: Annotated[float, Range(0, 1)] = 0.01
    dye_sequences: bool = False
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self):
        check(self)
