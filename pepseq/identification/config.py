"""Settings of lookup, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.readout.readout import READ_KINDS
from pepseq.settings import Choice, Range, check, require


@dataclass(frozen=True)
class LookupConfig:
    """How reads are looked up.

    kind: as in PredictConfig; None: `tryptic` for dye sequences, else `protein`.
    missed_label, misread: as in PredictConfig.
    best: maximum number of known proteins listed for each read.
    max_q: q-value up to which a read counts as assigned.
    probabilities: reads are tables as of `read_label_probabilities`.
    patterns: reads are tables as of `read_patterns`.
    dye_sequences: reads are dye sequences in whatprot's format, which end at the last label. Those
        of peptides (`tryptic`) are compared with a digested reference by the errors of sequencing.
    cycles: of the experiment that gave dye sequences of peptides; None is the length of the longest
        read.
    error_scale: the probabilities of errors of these are multiplied by this.
    """

    kind: Annotated[str | None, Choice(READ_KINDS)] = None
    missed_label: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    misread: Annotated[float, Range(0, 1, high_open=True)] = 0.0
    best: Annotated[int, Range(1)] = 5
    max_q: Annotated[float, Range(0, 1)] = 0.01
    probabilities: bool = False
    patterns: bool = False
    dye_sequences: bool = False
    cycles: Annotated[int | None, Range(1, 63)] = None
    error_scale: Annotated[float, Range(0)] = 1.0
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
        require(
            self.probabilities + self.patterns + self.dye_sequences < 2,
            "probabilities, patterns, dye_sequences: give one of them",
        )
        require(
            not self.probabilities or not (self.missed_label or self.misread),
            "missed_label, misread: probabilities of labels contain the errors; give none of them",
        )
        require(
            not self.digested or not (self.missed_label or self.misread),
            "missed_label, misread: errors of whole reads; for dye sequences of peptides give "
            "error rates",
        )
        require(
            self.cycles is None or self.digested,
            "cycles: give them for dye sequences of peptides only",
        )

    @property
    def read_kind(self) -> str:
        """What reads are of; a dye sequence of a protein is one of its first residues."""
        if not self.dye_sequences:
            return self.kind or "protein"
        return "prefix" if self.kind == "protein" else self.kind or "tryptic"

    @property
    def weighted(self) -> bool:
        """Whether residues of reads have probabilities or patterns of labels, not one symbol."""
        return self.probabilities or self.patterns

    @property
    def digested(self) -> bool:
        """Whether reads are dye sequences of peptides, to be compared with a digested reference."""
        return self.dye_sequences and self.read_kind == "tryptic"
