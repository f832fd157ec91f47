"""Settings of fold, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.errors import quoted
from pepseq.settings import DEVICES, Choice, Range, check, require

ESMFOLD, COLABFOLD, COMMAND = "esmfold", "colabfold", "command"
MAX_ESMFOLD_RESIDUES = 1024
"""Residues that ESMFold folds by default; its language model was trained on no longer stretch."""
MAX_PDB_RESIDUES = 9999
"""Residues that a PDB file has numbers for."""
MAX_CHAINS = 62
"""Chains of a complex: as many as a PDB file has names for."""
PAIRED, UNPAIRED, BOTH = "paired", "unpaired", "unpaired_paired"
PAIR_MODES = (BOTH, PAIRED, UNPAIRED)
FOLD_PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class FoldConfig:
    """How structures are predicted.

    engine: `esmfold`, `colabfold` or `colabfold:OPTIONS`, or `command:TEMPLATE`.
    model: of esmfold, a folder, a short name or a Hugging Face id; None for `esmfold`.
    device: of esmfold, `auto`, `cpu`, `cuda` or `mps`.
    precision: of esmfold's language model; auto is fp16 on a CUDA GPU, fp32 elsewhere.
    chunk_size: of esmfold, rows that the triangular attention takes at once; None for what fits.
    max_residues: longer proteins are left out; None for 1,024 with esmfold, else 9,999.
    pair_mode: rows of the alignment of a complex: `paired`, `unpaired`, or both.
    timeout: of colabfold and command, seconds for one protein; None for no limit.
    offline: no network: a model must be on this machine, and colabfold must not ask for an MSA.
    threads: of esmfold, on a CPU; None for all cores.
    """

    engine: str = ESMFOLD
    model: str | None = None
    device: Annotated[str, Choice(DEVICES)] = "auto"
    precision: Annotated[str, Choice(FOLD_PRECISIONS)] = "auto"
    chunk_size: Annotated[int | None, Range(1)] = None
    max_residues: Annotated[int | None, Range(1, MAX_PDB_RESIDUES)] = None
    pair_mode: Annotated[str, Choice(PAIR_MODES)] = BOTH
    timeout: Annotated[float | None, Range(0, low_open=True)] = None
    offline: bool = False
    threads: Annotated[int | None, Range(1, 1024)] = None

    def __post_init__(self) -> None:
        check(self)
        name, colon, rest = self.engine.partition(":")
        require(
            name in (ESMFOLD, COLABFOLD, COMMAND) and (name != COMMAND or rest.strip()),
            "engine: expected esmfold, colabfold, colabfold:OPTIONS or command:TEMPLATE, "
            f"found {quoted(self.engine)}",
        )
        require(
            name != ESMFOLD or not (colon or self.timeout is not None),
            "engine: esmfold takes neither options after a colon nor a timeout",
        )
        require(name == ESMFOLD or self.model is None, f"model: engine {name} takes no model")

    @property
    def residue_limit(self) -> int:
        """The most residues of a protein that is folded."""
        default = MAX_ESMFOLD_RESIDUES if self.engine == ESMFOLD else MAX_PDB_RESIDUES
        return self.max_residues or default
