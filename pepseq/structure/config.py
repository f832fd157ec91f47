"""The settings of structures: folding, fetching, scoring. Imports nothing heavy."""

import math
from dataclasses import dataclass

from pepseq.errors import SettingsError, found

CORRESPONDENCES = ("index", "align")
NORMALISATIONS = ("reference", "model", "shorter")
LDDT_ATOMS = ("ca", "heavy", "none")
FOLD_THRESHOLD = 0.5
"""Two structures with a TM-score above it have mostly the same fold (Xu and Zhang 2010)."""
ESMFOLD, COLABFOLD, COMMAND = "esmfold", "colabfold", "command"
LONGEST_ESMFOLD = 1024
"""Residues that ESMFold folds unless told otherwise; its language model saw no longer stretch."""
LONGEST = 9999
"""Residues that a PDB file has numbers for."""
FOLD_PRECISIONS = ("auto", "fp32", "bf16", "fp16")
FORMATS = ("cif", "pdb")
MOST_CONNECTIONS = 8


@dataclass(frozen=True)
class ScoreConfig:
    """How a model structure is compared with its reference.

    correspondence: `index` (residues of the same number) or `align` (TM-align).
    normalise: the chain whose length divides the TM-score: `reference`, `model`, or `shorter`.
    chain: `A` in both files, or `MODEL:REFERENCE`; `_` is a chain without a name; None for the two
        chains whose sequences agree best.
    lddt: atoms it compares: `ca`, `heavy` (all but hydrogens), or `none`.
    time_limit: seconds for one pair.
    threads: pairs that are scored at once, each in a process; None for the number of cores.
    """

    correspondence: str = "index"
    normalise: str = "reference"
    chain: str | None = None
    lddt: str = "ca"
    time_limit: float = 120.0
    threads: int | None = None

    def __post_init__(self):
        for name, choices in (
            ("correspondence", CORRESPONDENCES),
            ("normalise", NORMALISATIONS),
            ("lddt", LDDT_ATOMS),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise SettingsError(
                    f"{name}: expected one of {', '.join(choices)}, found {found(str(value))}"
                )
        if not 0 < self.time_limit < math.inf:
            raise SettingsError(f"time_limit: expected seconds above 0, found {self.time_limit}")
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"threads: expected 1 or more, found {self.threads}")
        if self.chain is not None and not all(self.chains):
            raise SettingsError(
                f"chain: expected A or MODEL:REFERENCE such as A:B, found {found(self.chain)}"
            )

    @property
    def chains(self) -> tuple[str, str] | None:
        """The names of the model's and of the reference's chain, or None for the best two."""
        if self.chain is None:
            return None
        model, colon, reference = self.chain.partition(":")
        return (model, reference) if colon else (model, model)


@dataclass(frozen=True)
class FoldConfig:
    """How structures are predicted.

    engine: `esmfold`, `colabfold` or `colabfold:OPTIONS`, or `command:TEMPLATE`.
    model: of esmfold, a folder, a short name or a Hugging Face id; None for `esmfold`.
    device: of esmfold, `auto`, `cpu`, `cuda` or `mps`.
    precision: of esmfold's language model; auto is fp16 on a CUDA GPU, fp32 elsewhere.
    chunk_size: of esmfold, rows that the triangular attention takes at once; None for what fits.
    max_residues: longer proteins are left out; None for 1,024 with esmfold, else 9,999.
    timeout: of colabfold and command, seconds for one protein; None for no limit.
    offline: no network: a model must be on this machine, and colabfold must not ask for an MSA.
    threads: of esmfold, on a CPU; None for all cores.
    """

    engine: str = ESMFOLD
    model: str | None = None
    device: str = "auto"
    precision: str = "auto"
    chunk_size: int | None = None
    max_residues: int | None = None
    timeout: float | None = None
    offline: bool = False
    threads: int | None = None

    def __post_init__(self):
        name, colon, rest = self.engine.partition(":")
        if name not in (ESMFOLD, COLABFOLD, COMMAND) or (name == COMMAND) > bool(rest.strip()):
            raise SettingsError(
                "engine: expected esmfold, colabfold, colabfold:OPTIONS or command:TEMPLATE, "
                f"found {found(self.engine)}"
            )
        if name == ESMFOLD and (colon or self.timeout is not None):
            raise SettingsError("engine: esmfold takes neither options after a colon nor a timeout")
        if name != ESMFOLD and self.model is not None:
            raise SettingsError(f"model: expected engine esmfold, found {name}")
        if self.precision not in FOLD_PRECISIONS:
            raise SettingsError(
                f"precision: expected one of {', '.join(FOLD_PRECISIONS)}, found {self.precision}"
            )
        if self.timeout is not None and not 0 < self.timeout < math.inf:
            raise SettingsError(f"timeout: expected seconds above 0, found {self.timeout}")
        for setting in ("chunk_size", "max_residues", "threads"):
            value = getattr(self, setting)
            if value is not None and value < 1:
                raise SettingsError(f"{setting}: expected 1 or more, found {value}")
        if self.max_residues is not None and self.max_residues > LONGEST:
            raise SettingsError(
                f"max_residues: expected at most {LONGEST}, which a PDB file has numbers for, "
                f"found {self.max_residues}"
            )

    @property
    def longest(self) -> int:
        """The most residues of a protein that is folded."""
        return self.max_residues or (LONGEST_ESMFOLD if self.engine == ESMFOLD else LONGEST)


@dataclass(frozen=True)
class FetchConfig:
    """How reference models are fetched from AlphaFold DB.

    format: `cif` or `pdb`.
    server: address of the server; None for PEPSEQ_ALPHAFOLD_URL, else AlphaFold DB's own.
    connections: proteins that are asked for at once.
    """

    format: str = "cif"
    server: str | None = None
    connections: int = 4

    def __post_init__(self):
        if self.format not in FORMATS:
            raise SettingsError(f"format: expected cif or pdb, found {found(self.format)}")
        if not 1 <= self.connections <= MOST_CONNECTIONS:
            raise SettingsError(
                f"connections: expected 1 to {MOST_CONNECTIONS}, found {self.connections}"
            )
