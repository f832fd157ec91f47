"""Settings of `quantify`, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Range, check, require


@dataclass(frozen=True)
class QuantifyConfig:
    """How amounts of proteins are estimated from reads.

    dye_sequences: reads are dye sequences, called cycle by cycle.
    scores: reads are scores of dye sequences; without both, reads are of whole peptides.
    probabilities, patterns: of whole peptides, as in `LookupConfig`.
    cycles: of the experiment that gave dye sequences; None is the length of the longest read.
    error_scale: the probabilities of errors are multiplied by this.
    missed_label, misread: of whole peptides, as in `LookupConfig`.
    max_q: groups with a larger q-value are left out of the table.
    seed: of the shuffled decoys that small references get.

    Raises SettingsError.
    """

    dye_sequences: bool = False
    scores: bool = False
    probabilities: bool = False
    patterns: bool = False
    cycles: Annotated[int | None, Range(1, 63)] = None
    error_scale: Annotated[float, Range(0)] = 1.0
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    max_q: Annotated[float, Range(0, 1)] = 0.01
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
        require(
            self.dye_sequences + self.scores + self.probabilities + self.patterns < 2,
            "dye_sequences, scores, probabilities, patterns: give one of them",
        )
        require(
            not self.probabilities or not (self.missed_label or self.misread),
            "missed_label, misread: probabilities of labels contain the errors; give none of them",
        )
        require(
            not (self.dye_sequences or self.scores) or not (self.missed_label or self.misread),
            "missed_label, misread: errors of whole peptides; for dye sequences give error rates",
        )
        require(
            self.cycles is None or self.dye_sequences, "cycles: give them for dye sequences only"
        )
