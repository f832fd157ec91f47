"""Rows of the tables of complexes: one for each complex, one for each interface."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class InterfaceRow:
    """A row of the table of interfaces, without the columns of the files.

    An interface is two chains of the reference in contact. None stands for what cannot be computed;
    all scores of an interface are None if a chain of the reference has no chain of the model.

    dockq, fnat, fnonnat, lddt: 0 to 1; irmsd, lrmsd: angstrom.
    reference_contacts, model_contacts: pairs of residues in contact.
    """

    reference_chain1: str
    reference_chain2: str
    model_chain1: str | None
    model_chain2: str | None
    reference_contacts: int
    model_contacts: int | None = None
    dockq: float | None = None
    irmsd: float | None = None
    lrmsd: float | None = None
    fnat: float | None = None
    fnonnat: float | None = None
    lddt: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the values by column of the table."""
        return {column.name: getattr(self, column.name) for column in fields(InterfaceRow)}


@dataclass(frozen=True)
class ComplexRow:
    """A row of the table of complexes, without the columns of the files.

    Columns with the names of `ScoreRow` mean the same, of all chains.

    chain_pairs: chains assigned for the TM-score, such as `A:B,B:A` (model:reference).
    dockq: mean of the interfaces whose chains are assigned; dockq_chain_pairs: chains assigned for
        the highest sum of DockQ.
    interfaces: of the reference; missing_interfaces: those without chains in the model.
    interface_lddt: lDDT of the distances between chains.
    """

    model_chains: int
    reference_chains: int
    chain_pairs: str
    model_residues: int
    reference_residues: int
    correspondence: str
    corresponding: int
    different: int
    tm_score: float
    normalised_by: str
    normalisation_length: int
    rmsd: float
    lddt: float | None
    lddt_atoms: str | None
    mean_plddt: float | None
    tm_score_by_model: float
    tm_score_by_reference: float
    dockq: float | None
    dockq_chain_pairs: str
    interfaces: int
    missing_interfaces: int
    interface_lddt: float | None
    model_left_out: str | None
    reference_left_out: str | None
    interface_rows: tuple[InterfaceRow, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the values by column of the table."""
        return {name: getattr(self, name) for name in COMPLEX_COLUMNS[len(_FILES) :]}


_FILES = ("id", "model", "reference")
COMPLEX_COLUMNS = (
    *_FILES,
    *(column.name for column in fields(ComplexRow) if column.name != "interface_rows"),
)
INTERFACE_COLUMNS = (*_FILES, *(column.name for column in fields(InterfaceRow)))
