"""The interface of engines that predict structures.

An engine has a `name`, which holds everything that makes a difference to its structures, and
`fold(targets, work)`, which yields for each target, in any order, its structure or the reason why
there is none. `work` is a folder for intermediate files.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from pepseq.structure.folding.confidences import Confidences, no_confidences
from pepseq.structure.folding.folding_inputs import FoldingInput


@dataclass(frozen=True)
class FoldingTarget:
    """A protein or complex to fold, and the name of its file without suffix."""

    record: FoldingInput
    stem: str


@dataclass(frozen=True)
class FoldedStructure:
    """A structure in a file of its own, `.pdb` or `.cif`.

    seconds: time of the prediction; confidences: the scores that the engine gives.
    """

    path: Path
    seconds: float
    confidences: Confidences = field(default_factory=no_confidences)


FoldingResults: TypeAlias = Generator[tuple[FoldingTarget, FoldedStructure | str], None, None]
"""Yields each target with its structure, or with the reason why there is none."""


class Engine(Protocol):
    """The interface of all engines."""

    name: str

    def check(self, records: Sequence[FoldingInput]) -> None:
        """Raise SettingsError if the engine may not fold these; log what it sends to a server."""
        ...

    def fold(self, targets: Sequence[FoldingTarget], work: Path) -> FoldingResults:
        """Yield each target with its structure, or with the reason why there is none."""
        ...
