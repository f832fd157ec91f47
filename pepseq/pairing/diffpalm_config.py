"""The settings of DiffPALM, with their defaults. Imports nothing heavy."""

import math
from dataclasses import dataclass

from pepseq.errors import SettingsError

PRECISIONS = ("auto", "fp32", "bf16")


@dataclass(frozen=True)
class DiffPalmConfig:
    """How DiffPALM pairs; defaults are the published ones.

    runs: repetitions; a pair's frequency is the share of them that chose it.
    steps: of the optimiser in a run.
    mask_share: share of the permuted family's residues that are hidden at each step.
    learning_rate, weight_decay: of Adadelta.
    factor, patience: the learning rate falls by `factor` after so many steps without a lower loss.
    noise: Gumbel noise as a share of the logits' standard deviation, at the first learning rate.
    sinkhorn_rounds, temperature: of the Sinkhorn normalisation.
    max_depth: rows that the network sees at once; deeper alignments go through it in parts.
    precision: bf16 keeps the linear maps' weights and inputs in 16 bits; auto is fp32 on a CPU.
    """

    runs: int = 20
    steps: int = 100
    mask_share: float = 0.7
    learning_rate: float = 9.0
    weight_decay: float = 0.1
    factor: float = 0.8
    patience: int = 20
    noise: float = 0.1
    sinkhorn_rounds: int = 10
    temperature: float = 1.0
    max_depth: int = 256
    seed: int = 1
    device: str = "auto"
    precision: str = "auto"
    threads: int | None = None

    def __post_init__(self):
        for name in ("runs", "steps", "patience", "sinkhorn_rounds"):
            self._check(name, 1, math.inf, "1 or more")
        self._check("max_depth", 2, math.inf, "2 rows or more")
        self._check("mask_share", 0.01, 1, "a share from 0.01 to 1")
        self._check("factor", 0.01, 0.99, "a share from 0.01 to 0.99")
        for name in ("learning_rate", "temperature"):
            self._check(name, 1e-6, 1e6, "a number above 0")
        for name in ("weight_decay", "noise"):
            self._check(name, 0, 1e6, "0 or more")
        self._check("seed", 0, 2**32 - 1, "0 to 2**32 - 1")
        if self.precision not in PRECISIONS:
            raise SettingsError(f"precision: expected one of {', '.join(PRECISIONS)}")

    def _check(self, name: str, least: float, most: float, expected: str) -> None:
        value = getattr(self, name)
        if not least <= value <= most:
            raise SettingsError(f"{name}: expected {expected}, found {value}")
