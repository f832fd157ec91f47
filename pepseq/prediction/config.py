"""Settings of predict, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.models.windows import check_overlap
from pepseq.readout.readout import READ_KINDS
from pepseq.settings import DEVICES, Choice, Range, check, require
from pepseq.templates.search_settings import PART_RESIDUES

MODES = ("auto", "templates", "model")
PREDICT_PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")


@dataclass(frozen=True)
class PredictConfig:
    """Settings of predict and reconstruct.

    mode: source of predicted residues: reference proteins only (`templates`), the network only
        (`model`), or both (`auto`).
    kind: what reads are of: a whole `protein`, its first residues (`prefix`), a `tryptic` peptide,
        or any `fragment`; it decides where in a known protein they may lie.
    missed_label: probability that a label is missed and its residue is hidden.
    misread: probability that a label is misread as another one.
    probabilities: reads are tables as of `read_label_probabilities`.
    min_confidence: probability below which a predicted residue is written as X.
    part_residues: a larger reference is searched in parts of about this many residues, each with
        its own candidates. It decides the result, and what several jobs of `search` can share.
    candidates: amino acids that a hidden residue may be: `hidden` (those outside the readout) or
        `all` twenty.
    window: residues that the network sees at once; None for those it was trained with.
    overlap: residues that neighbouring windows share; None for 128, or half a smaller window.
    batch_residues: residues in one batch; None for a number that suits the device.
    precision: `auto` is fp32 on a CPU, bf16 or fp16 on a GPU; int8 is for CPUs.
    """

    mode: Annotated[str, Choice(MODES)] = "auto"
    kind: Annotated[str, Choice(READ_KINDS)] = "protein"
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    probabilities: bool = False
    min_confidence: Annotated[float, Range(0, 1)] = 0.0
    part_residues: Annotated[int, Range(1)] = PART_RESIDUES
    candidates: Annotated[str, Choice(("hidden", "all"))] = "hidden"
    window: Annotated[int | None, Range(1)] = None
    overlap: Annotated[int | None, Range(0)] = None
    batch_residues: Annotated[int | None, Range(1)] = None
    device: Annotated[str, Choice(DEVICES)] = "auto"
    precision: Annotated[str, Choice(PREDICT_PRECISIONS)] = "auto"
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
        require(
            not self.probabilities or not (self.missed_label or self.misread),
            "missed_label, misread: probabilities of labels contain the errors; give none of them",
        )
        if self.window is not None and self.overlap is not None:
            check_overlap(self.window, self.overlap)
