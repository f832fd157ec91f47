"""Settings of predict, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.models.windows import check_overlap
from pepseq.readout.readout import READ_KINDS
from pepseq.settings import DEVICES, Choice, Range, check

MODES = ("auto", "templates", "model")


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

    mode: Annotated[str, Choice(MODES)] = "auto"
    kind: Annotated[str, Choice(READ_KINDS)] = "protein"
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    min_confidence: Annotated[float, Range(0, 1)] = 0.0
    candidates: Annotated[str, Choice(("hidden", "all"))] = "hidden"
    window: Annotated[int | None, Range(1)] = None
    overlap: Annotated[int | None, Range(0)] = None
    batch_residues: Annotated[int | None, Range(1)] = None
    device: Annotated[str, Choice(DEVICES)] = "auto"
    precision: str = "auto"
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self):
        check(self)
        if self.window is not None and self.overlap is not None:
            check_overlap(self.window, self.overlap)
