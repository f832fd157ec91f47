"""Settings of design, with their bounds. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Choice, Range, check

EXHAUSTIVE, GREEDY = "exhaustive", "greedy"
DEFAULT_MAX_LABELS = 4
MAX_SETS = 2000
"""Most sets of labels that an exhaustive search compares."""


@dataclass(frozen=True)
class DesignConfig:
    """Which sets of labels are compared, and the experiment in which they are.

    candidates: labels to choose from, amino acids or groups, with commas between them. The default
        are residues that can be labelled selectively; D and E share their chemistry.
    max_labels: most labels of a set; None is 4, or all candidates if these are fewer.
    search: `exhaustive` compares all sets; `greedy` adds the best label to the best set so far.
    cycles: of Edman degradation, so many residues of a peptide are read.
    reads: number of reads of all proteins in equal amounts; None is as many as are needed.
    min_peptides: different reads by which a protein is identified.
    min_share: smallest share of equal reads that must come from a peptide, or a protein, for them
        to identify it.
    error_scale: the probabilities of errors are multiplied by this.

    Raises SettingsError.
    """

    candidates: str = "DE,K,C,Y,W,M,H,R"
    max_labels: Annotated[int | None, Range(1, 10)] = None
    search: Annotated[str, Choice((EXHAUSTIVE, GREEDY))] = EXHAUSTIVE
    cycles: Annotated[int, Range(1, 63)] = 15
    reads: Annotated[int | None, Range(1)] = None
    min_peptides: Annotated[int, Range(1, 2)] = 1
    min_share: Annotated[float, Range(0.5, 1, low_open=True)] = 0.99
    error_scale: Annotated[float, Range(0)] = 1.0
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
