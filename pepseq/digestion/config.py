"""Settings of a digestion, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.digestion.proteases import TRYPSIN, Protease
from pepseq.settings import Range, check, require


@dataclass(frozen=True)
class DigestConfig:
    """How proteins are digested.

    protease: a `Protease`, or the name or rule of one.
    missed_cleavages: most sites inside a peptide that the protease may have missed.
    missed_cleavage_rate: probability that a site is missed, each independently; not used without
        missed cleavages.
    min_length, max_length: residues of a peptide that is kept; None is no limit.

    Raises SettingsError.
    """

    protease: Protease = TRYPSIN
    missed_cleavages: Annotated[int, Range(0, 20)] = 0
    missed_cleavage_rate: Annotated[float, Range(0, 1, high_open=True)] = 0.1
    min_length: Annotated[int, Range(1)] = 1
    max_length: Annotated[int | None, Range(1)] = None

    def __post_init__(self) -> None:
        if isinstance(self.protease, str):
            object.__setattr__(self, "protease", Protease.parse(self.protease))
        check(self)
        require(
            self.max_length is None or self.max_length >= self.min_length,
            f"max_length: expected min_length ({self.min_length}) or more, found {self.max_length}",
        )
