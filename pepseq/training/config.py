"""Settings of finetune, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.models.windows import check_overlap
from pepseq.settings import DEVICES, Choice, Range, check, require

LOSSES = ("hidden", "all")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
SCHEDULES = ("linear", "cosine", "constant")


@dataclass(frozen=True)
class FinetuneConfig:
    """How a network is trained.

    loss: `hidden` scores hidden residues, among the candidates; `all` also scores observed
        residues, among the whole vocabulary, as the paper does.
    window: residues of the windows into which longer proteins are cut; None for DEFAULT_WINDOW, or
        the limit of the network or its teacher if that is smaller.
    overlap: residues that neighbouring windows share; None for 128, or half a smaller window.
    batch_residues: tokens in one batch (padding included), on each device.
    accumulate: batches that are added to one step of the optimiser.
    epochs, max_steps: upper limits (max_steps 0: no limit).
    warmup: share of all steps over which the learning rate rises.
    evaluate_every: steps between validations; each is also a checkpoint.
    patience, threshold: training ends after `patience` validations in a row without a loss that is
        more than `threshold` below the best.
    lora: rank of low-rank adapters; 0 trains all weights.
    teacher_weight: share of the loss that is cross-entropy to a teacher's probabilities; the rest
        is to the truth. Without a teacher it must have its default.
    save_precision: precision of the saved weights.
    """

    loss: Annotated[str, Choice(LOSSES)] = "hidden"
    window: Annotated[int | None, Range(1)] = None
    overlap: Annotated[int | None, Range(0)] = None
    batch_residues: Annotated[int, Range(1)] = 16384
    accumulate: Annotated[int, Range(1)] = 1
    epochs: Annotated[float, Range(0)] = 10.0
    max_steps: Annotated[int, Range(0)] = 0
    learning_rate: Annotated[float, Range(0, low_open=True)] = 5e-5
    schedule: Annotated[str, Choice(SCHEDULES)] = "linear"
    warmup: Annotated[float, Range(0, 1, high_open=True)] = 0.05
    weight_decay: Annotated[float, Range(0)] = 0.01
    evaluate_every: Annotated[int, Range(1)] = 500
    patience: Annotated[int, Range(1)] = 19
    threshold: Annotated[float, Range(0)] = 0.0
    lora: Annotated[int, Range(0)] = 0
    teacher_weight: Annotated[float, Range(0, 1, low_open=True)] = 0.5
    gradient_checkpointing: bool = False
    seed: Annotated[int, Range(0, 2**32 - 1)] = 1
    device: Annotated[str, Choice(DEVICES)] = "auto"
    precision: Annotated[str, Choice(PRECISIONS)] = "auto"
    save_precision: Annotated[str, Choice(("fp32", "fp16"))] = "fp32"
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self):
        check(self)
        require(
            self.epochs > 0 or self.max_steps > 0,
            f"epochs: expected more than 0, found {self.epochs:g}",
        )
        if self.window is not None:
            object.__setattr__(self, "overlap", check_overlap(self.window, self.overlap))
