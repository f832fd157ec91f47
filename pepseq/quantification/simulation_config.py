"""Settings of a simulated sample, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Range, check, require

EQUAL = "equal"
LOGNORMAL = "lognormal:"


@dataclass(frozen=True)
class SimulateConfig:
    """How reads of a sample are simulated.

    dye_sequences: reads are dye sequences, called cycle by cycle; else whole peptides.
    abundance: copies of each protein: `equal`; `lognormal:S`, whose natural logarithm has the
        standard deviation S; or the path of a table with the columns protein and copies.
    present: number of proteins that the sample has, drawn by the seed; None for all.
    cycles: of an experiment that gives dye sequences.
    error_scale: the probabilities of its errors are multiplied by this.
    missed_label, misread: of whole peptides, as in `LookupConfig`.

    Raises SettingsError.
    """

    dye_sequences: bool = False
    abundance: str = EQUAL
    present: Annotated[int | None, Range(1)] = None
    cycles: Annotated[int, Range(1, 63)] = 15
    error_scale: Annotated[float, Range(0)] = 1.0
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
        require(
            not self.dye_sequences or not (self.missed_label or self.misread),
            "missed_label, misread: errors of whole peptides; for dye sequences give error rates",
        )
