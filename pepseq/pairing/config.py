"""The settings of pairing, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass

from pepseq.errors import SettingsError

METHODS = ("auto", "random")
SPECIES = "auto"


@dataclass(frozen=True)
class PairConfig:
    """How two families are paired.

    method: how pairs are chosen; `auto` takes the best that can run here.
    species: the rule that reads a protein's species from its header, see `pairing.species`.
    runs: repetitions; a pair's confidence is the share of them that chose it.
    seed: of every random number.
    align: align a family that is not aligned.
    """

    method: str = "auto"
    species: str = SPECIES
    runs: int = 20
    seed: int = 1
    align: bool = False
    threads: int | None = None
    max_depth: int = 6000

    def __post_init__(self):
        if self.method not in METHODS:
            raise SettingsError(f"method: expected one of {', '.join(METHODS)}")
        if self.runs < 1:
            raise SettingsError(f"runs: expected 1 or more, found {self.runs}")
        if not 0 <= self.seed < 2**32:
            raise SettingsError(f"seed: expected 0 to 2**32 - 1, found {self.seed}")
