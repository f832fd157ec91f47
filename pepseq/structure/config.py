"""The settings of scoring structures, with their defaults. Imports nothing heavy."""

import math
from dataclasses import dataclass

from pepseq.errors import SettingsError, found

CORRESPONDENCES = ("index", "align")
NORMALISATIONS = ("reference", "model", "shorter")
LDDT_ATOMS = ("ca", "heavy", "none")
FOLD_THRESHOLD = 0.5
"""Two structures with a TM-score above it have mostly the same fold (Xu and Zhang 2010)."""


@dataclass(frozen=True)
class ScoreConfig:
    """How a model structure is compared with its reference.

    correspondence: `index` (residues of the same number) or `align` (TM-align).
    normalise: the chain whose length divides the TM-score: `reference`, `model`, or `shorter`.
    chain: `A` in both files, or `MODEL:REFERENCE`; `_` is a chain without a name; None for the two
        chains whose sequences agree best.
    lddt: atoms it compares: `ca`, `heavy` (all but hydrogens), or `none`.
    time_limit: seconds for one pair.
    threads: pairs that are scored at once, each in a process; None for the number of cores.
    """

    correspondence: str = "index"
    normalise: str = "reference"
    chain: str | None = None
    lddt: str = "ca"
    time_limit: float = 120.0
    threads: int | None = None

    def __post_init__(self):
        for name, choices in (
            ("correspondence", CORRESPONDENCES),
            ("normalise", NORMALISATIONS),
            ("lddt", LDDT_ATOMS),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise SettingsError(
                    f"{name}: expected one of {', '.join(choices)}, found {found(str(value))}"
                )
        if not 0 < self.time_limit < math.inf:
            raise SettingsError(f"time_limit: expected seconds above 0, found {self.time_limit}")
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"threads: expected 1 or more, found {self.threads}")
        if self.chain is not None and not all(self.chains):
            raise SettingsError(
                f"chain: expected A or MODEL:REFERENCE such as A:B, found {found(self.chain)}"
            )

    @property
    def chains(self) -> tuple[str, str] | None:
        """The names of the model's and of the reference's chain, or None for the best two."""
        if self.chain is None:
            return None
        model, colon, reference = self.chain.partition(":")
        return (model, reference) if colon else (model, model)
