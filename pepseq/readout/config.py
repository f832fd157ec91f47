"""Error rates of a simulated experiment, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Range, check


@dataclass(frozen=True)
class NoiseRates:
    """Probabilities that something goes wrong with a residue; residues are independent.

    missed_label: a label is missed, and its residue becomes hidden.
    misread: a label is misread as another label of the readout, each equally often.
    lost_cycle: a residue is missing from the read, which is then shorter.
    extra_cycle: a cycle is empty. A hidden residue is inserted, and the next cycle may be empty
        too, so that a residue has extra_cycle / (1 - extra_cycle) empty cycles on average.

    A label that is both missed and misread is missed. Raises SettingsError for a rate outside 0-1,
    and for an `extra_cycle` of 1, with which no residue would be read.
    """

    missed_label: Annotated[float, Range(0, 1)] = 0.0
    misread: Annotated[float, Range(0, 1)] = 0.0
    lost_cycle: Annotated[float, Range(0, 1)] = 0.0
    extra_cycle: Annotated[float, Range(0, 1, high_open=True)] = 0.0

    def __post_init__(self) -> None:
        check(self)
