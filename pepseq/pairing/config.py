"""Settings of pairing, with their defaults and bounds. Imports nothing heavy."""

from dataclasses import dataclass, fields
from typing import Annotated

from pepseq.errors import SettingsError
from pepseq.settings import DEVICES, Choice, Range, check, require

AUTO = "auto"
METHOD_NAMES = (AUTO, "information", "mirrortree", "diffpalm", "order", "random")
PRECISIONS = ("auto", "fp32", "bf16")
DIFFPALM_SETTINGS = ("model", "device", "precision", "steps")
"""Settings of PairConfig that only method diffpalm has."""
INFORMATION_MAX_DEPTH = 6000
"""Rows that methods information and mirrortree pair at once, in about 1.6 GB for each thread."""

_Count = Annotated[int, Range(1)]
_Seed = Annotated[int, Range(0, 2**32 - 1)]
_Threads = Annotated[int | None, Range(1, 1024)]
_Device = Annotated[str, Choice(DEVICES)]
_Precision = Annotated[str, Choice(PRECISIONS)]


@dataclass(frozen=True)
class DiffPalmConfig:
    """How DiffPALM pairs. The defaults are the published ones.

    runs: repetitions; the frequency of a pair is the share of runs that chose it.
    steps: of the optimiser in a run.
    mask_share: share of the residues of the permuted family that are hidden at each step.
    learning_rate, weight_decay: of Adadelta.
    factor, patience: after `patience` steps without a lower loss, the learning rate is multiplied
        by `factor`.
    noise: Gumbel noise as a share of the logits' standard deviation, at the first learning rate.
    sinkhorn_rounds, temperature: of the Sinkhorn normalisation.
    max_depth: rows that the network sees at once; deeper alignments are computed in parts. More
        rows give each residue more context and need more memory.
    precision: bf16 keeps weights and inputs of linear maps in 16 bits; auto is fp32 on a CPU.
    """

    runs: _Count = 20
    steps: _Count = 100
    mask_share: Annotated[float, Range(0.01, 1)] = 0.7
    learning_rate: Annotated[float, Range(1e-6, 1e6)] = 9.0
    weight_decay: Annotated[float, Range(0, 1e6)] = 0.1
    factor: Annotated[float, Range(0.01, 0.99)] = 0.8
    patience: _Count = 20
    noise: Annotated[float, Range(0, 1e6)] = 0.1
    sinkhorn_rounds: _Count = 10
    temperature: Annotated[float, Range(1e-6, 1e6)] = 1.0
    max_depth: Annotated[int, Range(2)] = 256
    seed: _Seed = 1
    device: _Device = "auto"
    precision: _Precision = "auto"
    threads: _Threads = None

    def __post_init__(self):
        check(self)


@dataclass(frozen=True)
class PairConfig:
    """How two families are paired.

    method: how pairs are chosen; `auto` is resolved by `method_choice.choose_method`.
    species: rule that reads the species of a protein from its header, see
        `sequences.species.read_species`.
    runs: repetitions; the confidence of a pair is the share of runs that chose it (method
        information: the mean share over its two steps).
    rounds: all runs are made this many times.
    known_confidence: pairs of at least this confidence are known pairs in later rounds.
    seed: of all random numbers.
    min_confidence: pairs of lower confidence are left out of the paired alignment.
    align: align a family that is not aligned.
    alignment_a, alignment_b: number of the alignment, if the file of family A or B holds several.
    model: weights of the MSA Transformer, a file or `msa-transformer`; None is the latter if it is
        on this machine.
    device, precision, steps: as in `DiffPalmConfig`.
    max_depth: rows that are paired at once; deeper alignments are paired in parts. None:
        `DiffPalmConfig.max_depth` for method diffpalm, else INFORMATION_MAX_DEPTH.
    """

    method: Annotated[str, Choice(METHOD_NAMES)] = AUTO
    species: str = AUTO
    runs: _Count = DiffPalmConfig.runs
    rounds: _Count = 1
    known_confidence: Annotated[float, Range(0, 1, low_open=True)] = 0.95
    seed: _Seed = DiffPalmConfig.seed
    min_confidence: Annotated[float, Range(0, 1)] = 0.0
    align: bool = False
    alignment_a: _Count = 1
    alignment_b: _Count = 1
    threads: _Threads = None
    model: str | None = None
    device: _Device = DiffPalmConfig.device
    precision: _Precision = DiffPalmConfig.precision
    max_depth: Annotated[int | None, Range(2)] = None
    steps: _Count = DiffPalmConfig.steps

    def __post_init__(self):
        check(self)
        changed = {f.name for f in fields(self) if getattr(self, f.name) != f.default}
        require(
            self.rounds > 1 or "known_confidence" not in changed,
            "known_confidence: applies to later rounds, and there is one round only. "
            "Add --rounds 2 or more",
        )
        for name in DIFFPALM_SETTINGS if self.method not in (AUTO, "diffpalm") else ():
            if name in changed:
                raise SettingsError(
                    f"{name.replace('_', '-')}: applies to methods diffpalm and auto only, not to "
                    f"{self.method}"
                )

    def diffpalm_config(self) -> DiffPalmConfig:
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
