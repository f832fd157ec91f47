"""Rows of the table of scores. Imports nothing heavy."""

from dataclasses import dataclass, fields
from typing import Any

from pepseq.structure.model_names import PairOfFiles

_DIGITS = 6
_DIGITS_OF = {"rmsd": 4, "irmsd": 4, "lrmsd": 4, "mean_plddt": 3}


@dataclass(frozen=True)
class ScoreRow:
    """A row of the table that `score` writes, without the columns of the files.

    None stands for what cannot be computed.

    corresponding: residues of the two chains that are compared; different: those of them whose
        amino acids differ.
    tm_score: 0 to 1, divided by the length of the chain `normalised_by`; tm_score_by_model,
        tm_score_by_reference: divided by either length.
    rmsd: of the corresponding CA atoms in angstrom, after the superposition that makes it least.
    lddt: 0 to 1; mean_plddt: 0 to 100.
    model_different, model_missing: residues in which the model differs from a given sequence, and
        residues of the sequence that it lacks; likewise of the reference.
    model_left_out, reference_left_out: what was not read, such as `altlocs=3;nucleotides=8`.
    """

    model_chain: str
    reference_chain: str
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
    model_different: int | None
    model_missing: int | None
    reference_different: int | None
    reference_missing: int | None
    model_left_out: str | None
    reference_left_out: str | None
    tm_score_by_model: float
    tm_score_by_reference: float

    def to_dict(self) -> dict[str, Any]:
        """Return the values by column of the table."""
        return {column.name: getattr(self, column.name) for column in fields(ScoreRow)}


SCORE_COLUMNS = ("id", "model", "reference", *(column.name for column in fields(ScoreRow)))


def format_row(pair: PairOfFiles, cells: dict[str, Any]) -> list[object]:
    """Return the cells of a row of a table of scores, after those of the files."""
    return [pair.id, pair.model, pair.reference] + [
        f"{value:.{_DIGITS_OF.get(column, _DIGITS)}f}" if isinstance(value, float) else value
        for column, value in cells.items()
    ]
