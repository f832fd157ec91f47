"""The settings of training and prediction, with their defaults. Imports nothing heavy."""

import math
from dataclasses import dataclass

from pepseq.errors import SettingsError

DEVICES = ("auto", "cpu", "cuda", "mps")
LOSSES = ("hidden", "all")
MODES = ("auto", "templates", "model")
KINDS = ("protein", "prefix", "tryptic", "fragment")
SCHEDULES = ("linear", "cosine", "constant")
DEFAULT_WINDOW, DEFAULT_OVERLAP = 1022, 128


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise SettingsError(message)


def check_overlap(window: int, overlap: int | None) -> int:
    """Return the overlap of windows, its default for None; SettingsError if it does not fit."""
    overlap = min(DEFAULT_OVERLAP, window // 2) if overlap is None else overlap
    _check(
        0 <= overlap < window,
        f"overlap: expected fewer residues than the window's {window}, found {overlap}",
    )
    return overlap


@dataclass(frozen=True)
class PredictConfig:
    """How readouts are completed.

    candidates: `hidden` (amino acids outside the readout) or `all` twenty.
    window: residues that the network sees at once; None for what it was trained with.
    overlap: residues that neighbouring windows share; None for 128, or half a smaller window.
    batch_residues: residues in one batch; None for what suits the device.
    precision: `auto` is fp32 on a CPU, bf16 or fp16 on a GPU; int8 is for CPUs.
    mode: `templates` asks known proteins alone, `model` the network alone, `auto` both.
    kind: what readouts are of: a whole `protein`, its first residues (`prefix`), a `tryptic`
        peptide, or any `fragment`; tells where in a known protein they may lie.
    missed_label: share of labelled residues that are not seen.
    misread: share of those seen that are taken for another label.
    min_confidence: less sure residues are written as X.
    """

    mode: str = "auto"
    kind: str = "protein"
    missed_label: float = 0.0
    misread: float = 0.0
    min_confidence: float = 0.0
    candidates: str = "hidden"
    window: int | None = None
    overlap: int | None = None
    batch_residues: int | None = None
    device: str = "auto"
    precision: str = "auto"
    threads: int | None = None

    def __post_init__(self):
        _check(self.candidates in ("hidden", "all"), "candidates: expected hidden or all")
        _check(self.mode in MODES, f"mode: expected one of {', '.join(MODES)}")
        _check(self.kind in KINDS, f"kind: expected one of {', '.join(KINDS)}")
        for name in ("missed_label", "misread"):
            value = getattr(self, name)
            _check(0 <= value < 1, f"{name}: expected a share from 0 to below 1, found {value}")
        _check(
            0 <= self.min_confidence <= 1,
            f"min_confidence: expected a share from 0 to 1, found {self.min_confidence}",
        )
        _check(self.window is None or self.window >= 1, "window: expected at least 1 residue")
        _check((self.overlap or 0) >= 0, "overlap: expected 0 residues or more")
        _check(
            not (self.window and self.overlap) or self.overlap < self.window,
            f"overlap: expected fewer residues than the window, found {self.overlap}",
        )
        _check(
            self.batch_residues is None or self.batch_residues >= 1,
            "batch_residues: expected 1 or more",
        )


@dataclass(frozen=True)
class LookupConfig:
    """How readouts are looked up.

    kind, missed_label, misread: as in PredictConfig.
    best: known proteins that are listed for each readout at most.
    max_q: q-value up to which a readout counts as assigned.
    dye_sequences: readouts are whatprot's dye sequences, whose unlabelled ends are unknown.
    """

    kind: str = "protein"
    missed_label: float = 0.0
    misread: float = 0.0
    best: int = 5
    max_q: float = 0.01
    dye_sequences: bool = False
    threads: int | None = None

    def __post_init__(self):
        _check(self.kind in KINDS, f"kind: expected one of {', '.join(KINDS)}")
        for name in ("missed_label", "misread"):
            value = getattr(self, name)
            _check(0 <= value < 1, f"{name}: expected a share from 0 to below 1, found {value}")
        _check(0 <= self.max_q <= 1, f"max_q: expected a share from 0 to 1, found {self.max_q}")
        _check(self.best >= 1, f"best: expected 1 or more, found {self.best}")


@dataclass(frozen=True)
class FinetuneConfig:
    """How a network is trained.

    loss: `hidden` scores hidden residues, among the candidates; `all` scores observed ones too,
        among the whole vocabulary, as the paper does.
    window: longer proteins are cut into windows of so many residues; None for DEFAULT_WINDOW, or
        what the network, or its teacher, can take if that is less.
    overlap: residues that neighbouring windows share; None for 128, or half a smaller window.
    batch_residues: tokens in one batch (padding included), on each device.
    accumulate: batches that are added up to one step of the optimiser.
    epochs, max_steps: when to end at the latest (max_steps 0: no limit).
    warmup: share of all steps over which the learning rate rises.
    evaluate_every: steps between validations; each is also a checkpoint.
    patience, threshold: end after `patience` validations in a row whose loss was not better than
    the best by more than `threshold`.
    lora: rank of low-rank adapters; 0 trains all weights.
    teacher_weight: share of the loss that is cross-entropy to a teacher's probabilities; the rest
    is to the truth. Without a teacher it must be left as it is.
    save_precision: of the final weights, fp32 or fp16.
    """

    loss: str = "hidden"
    window: int | None = None
    overlap: int | None = None
    batch_residues: int = 16384
    accumulate: int = 1
    epochs: float = 10.0
    max_steps: int = 0
    learning_rate: float = 5e-5
    schedule: str = "linear"
    warmup: float = 0.05
    weight_decay: float = 0.01
    evaluate_every: int = 500
    patience: int = 19
    threshold: float = 0.0
    lora: int = 0
    teacher_weight: float = 0.5
    gradient_checkpointing: bool = False
    seed: int = 1
    device: str = "auto"
    precision: str = "auto"
    save_precision: str = "fp32"
    threads: int | None = None

    def __post_init__(self):
        _check(self.loss in LOSSES, f"loss: expected one of {LOSSES}, found {self.loss!r}")
        _check(self.schedule in SCHEDULES, f"schedule: expected one of {SCHEDULES}")
        _check(
            self.window is None or self.window >= 1,
            f"window: expected 1 residue or more, found {self.window}",
        )
        if self.window is not None:
            object.__setattr__(self, "overlap", check_overlap(self.window, self.overlap))
        _check(
            self.epochs > 0 or self.max_steps > 0,
            f"epochs: expected more than 0, found {self.epochs}",
        )
        for name, least in (
            *((name, 1) for name in ("batch_residues", "accumulate", "evaluate_every", "patience")),
            *((name, 0) for name in ("weight_decay", "threshold", "lora", "max_steps", "seed")),
        ):
            value = getattr(self, name)
            _check(least <= value < math.inf, f"{name}: expected {least} or more, found {value}")
        _check(self.seed < 2**32, f"seed: expected less than 2**32, found {self.seed}")
        _check(
            0 < self.learning_rate < math.inf,
            f"learning_rate: expected more than 0, found {self.learning_rate}",
        )
        _check(
            0 <= self.warmup < 1,
            f"warmup: expected a share of the steps, from 0 to below 1, found {self.warmup}",
        )
        _check(
            0 < self.teacher_weight <= 1,
            f"teacher_weight: expected above 0 and up to 1, found {self.teacher_weight}",
        )
        _check(self.epochs < math.inf, f"epochs: expected a number, found {self.epochs}")
