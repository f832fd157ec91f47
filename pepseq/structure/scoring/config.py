"""Settings of score, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.errors import quoted
from pepseq.settings import Choice, Range, check, require

CORRESPONDENCES = ("index", "sequence", "align")
NORMALISATIONS = ("reference", "model", "shorter")
LDDT_ATOMS = ("ca", "heavy", "none")
DOCKQ_CLASSES = {0.23: "acceptable", 0.49: "medium", 0.8: "high"}
"""DockQ from which an interface has a quality (Basu and Wallner 2016)."""
FOLD_THRESHOLD = 0.5
"""Two structures with a TM-score above it have mostly the same fold (Xu and Zhang 2010)."""


@dataclass(frozen=True)
class ScoreConfig:
    """How a model structure is compared with its reference.

    correspondence: `index` (residues of the same number), `sequence` (an alignment of the
        sequences) or `align` (TM-align); None for `index`, but `sequence` with `complex`, and
        `align` with `all_pairs`.
    all_pairs: compare each two structures of one folder.
    complex: compare all chains of each structure, and their interfaces.
    normalise: the chain whose length divides the TM-score: `reference`, `model`, or `shorter`.
    chain: `A` in both files, or `MODEL:REFERENCE`; `_` is a chain without a name; None for the two
        chains whose sequences agree best.
    lddt: atoms that lDDT compares: `ca`, `heavy` (all but hydrogens), or `none`.
    time_limit: seconds for one pair of files.
    threads: pairs of files scored at once, each in a process; None for the number of cores.
    """

    correspondence: Annotated[str | None, Choice(CORRESPONDENCES)] = None
    complex: bool = False
    all_pairs: bool = False
    normalise: Annotated[str, Choice(NORMALISATIONS)] = "reference"
    chain: str | None = None
    lddt: Annotated[str, Choice(LDDT_ATOMS)] = "ca"
    time_limit: Annotated[float, Range(0, low_open=True)] = 120.0
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
        require(
            self.chains is None or all(self.chains),
            f"chain: expected A or MODEL:REFERENCE such as A:B, found {quoted(self.chain or '')}",
        )

        require(
            not (self.complex and self.chain is not None),
            "chain: not used with complex, which compares all chains",
        )

    @property
    def residues_by(self) -> str:
        """The correspondence, or its default."""
        if self.correspondence is not None:
            return self.correspondence
        return "align" if self.all_pairs else "sequence" if self.complex else "index"

    @property
    def chains(self) -> tuple[str, str] | None:
        """The names of the model's and of the reference's chain, or None for the best two."""
        if self.chain is None:
            return None
        model, colon, reference = self.chain.partition(":")
        return (model, reference) if colon else (model, model)
