"""The settings of pairing, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass, fields

from pepseq.errors import SettingsError, found
from pepseq.pairing.diffpalm_config import DiffPalmConfig

AUTO = "auto"
METHODS = (AUTO, "information", "mirrortree", "diffpalm", "random")
SPECIES = "auto"
OF_DIFFPALM = ("model", "device", "precision", "steps")
"""Settings that no other method has."""


@dataclass(frozen=True)
class PairConfig:
    """How two families are paired.

    method: how pairs are chosen; `auto` takes what suits, see `pairing.choose`.
    species: the rule that reads a protein's species from its header, see `pairing.species`.
    runs: repetitions; a pair's confidence is the share of them that chose it.
    rounds, sure: all runs are made so many times; pairs as sure as this are known in later rounds.
    seed: of every random number.
    min_confidence: pairs that are less sure stay out of the paired alignment.
    align: align a family that is not aligned.
    alignment_a, alignment_b: number of the alignment, of those in the file of family A or B.
    model: weights of the MSA Transformer, a file or `msa-transformer`; None is the latter if here.
    device, precision, steps: as in `DiffPalmConfig`.
    max_depth: rows that are paired at once; deeper alignments go in parts. None: what suits the
        method.
    """

    method: str = AUTO
    species: str = SPECIES
    runs: int = DiffPalmConfig.runs
    rounds: int = 1
    sure: float = 0.95
    seed: int = DiffPalmConfig.seed
    min_confidence: float = 0.0
    align: bool = False
    alignment_a: int = 1
    alignment_b: int = 1
    threads: int | None = None
    model: str | None = None
    device: str = DiffPalmConfig.device
    precision: str = DiffPalmConfig.precision
    max_depth: int | None = None
    steps: int = DiffPalmConfig.steps

    def __post_init__(self):
        if self.method not in METHODS:
            raise SettingsError(f"method: expected one of {', '.join(METHODS)}")
        if min(self.alignment_a, self.alignment_b) < 1:
            raise SettingsError("alignment_a and alignment_b: expected 1 or more")
        if self.rounds < 1:
            raise SettingsError(f"rounds: expected 1 or more, found {self.rounds}")
        if not 0 < self.sure <= 1:
            raise SettingsError(f"sure: expected a number above 0, 1 at most, found {self.sure}")
        if not 0 <= self.min_confidence <= 1:
            raise SettingsError(
                f"min_confidence: expected a share from 0 to 1, found {self.min_confidence}"
            )
        self.diffpalm()  # has the other settings checked
        default = {field.name: field.default for field in fields(self)}
        if self.rounds == 1 and self.sure != default["sure"]:
            raise SettingsError("sure: expected 2 rounds or more with it (--rounds), found 1")
        for name in OF_DIFFPALM if self.method not in (AUTO, "diffpalm") else ():
            if getattr(self, name) != default[name]:
                raise SettingsError(
                    f"{name.replace('_', '-')}: expected method diffpalm or auto with it, found "
                    f"{found(self.method)}"
                )

    def diffpalm(self) -> DiffPalmConfig:
        """Return the settings of method diffpalm."""
        return DiffPalmConfig(
            runs=self.runs,
            steps=self.steps,
            max_depth=self.max_depth or DiffPalmConfig.max_depth,
            seed=self.seed,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
        )
