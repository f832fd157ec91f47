"""Settings of fetch-structures, with their defaults. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Annotated

from pepseq.settings import Choice, Range, check

STRUCTURE_FORMATS = ("cif", "pdb")


@dataclass(frozen=True)
class FetchConfig:
    """How reference models are fetched from AlphaFold DB.

    format: `cif` or `pdb`.
    server: address of the server; None for PEPSEQ_ALPHAFOLD_URL, else AlphaFold DB's own.
    connections: proteins that are requested at once.
    """

    format: Annotated[str, Choice(STRUCTURE_FORMATS)] = "cif"
    server: str | None = None
    connections: Annotated[int, Range(1, 8)] = 4

    def __post_init__(self) -> None:
        check(self)
