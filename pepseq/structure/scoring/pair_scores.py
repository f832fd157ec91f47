"""One pair of structure files to one row of numbers."""

from dataclasses import dataclass

import gemmi
import numpy as np

from pepseq.errors import InputError
from pepseq.structure.chain_choice import choose_chains, compare_to_sequence, differing
from pepseq.structure.lddt import lddt
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.structure_files import Chain, Structure, read_structure
from pepseq.structure.tmscore import Superposition, superpose

WIDEST_PDB = 9999.0
"""Coordinates in angstrom that a PDB file has columns for."""


@dataclass(frozen=True)
class Job:
    """A pair to score.

    sequence: the reconstruction that the model is of, if known.
    superposed: format of the superposed model, `pdb` or `cif`, or None for none.
    """

    model: str
    reference: str
    config: ScoreConfig
    sequence: str | None = None
    superposed: str | None = None


@dataclass(frozen=True)
class Measured:
    """The numbers of a pair by column, None for what cannot be computed; the superposed model."""

    numbers: dict[str, str | int | float | None]
    superposed: bytes | None


def measure(job: Job) -> Measured:
    """Score one pair. Raises InputError."""
    config = job.config
    model, reference = read_structure(job.model), read_structure(job.reference)
    one, other = choose_chains(model, reference, config.chains)
    result = superpose(one, other, config.correspondence)
    wrong = differing(one, other, result.pairs)
    by, length, tm_score = _normalised(result, one, other, config.normalise)
    kept = None if config.lddt == "none" else lddt(one, other, result.pairs, config.lddt)
    numbers = {
        "model_chain": one.name,
        "reference_chain": other.name,
        "model_residues": len(one),
        "reference_residues": len(other),
        "correspondence": config.correspondence,
        "corresponding": len(result.pairs),
        "different": len(wrong),
        "tm_score": tm_score,
        "normalised_by": by,
        "normalisation_length": length,
        "rmsd": result.rmsd,
        "lddt": kept,
        "lddt_atoms": None if config.lddt == "none" else config.lddt,
        "mean_plddt": mean_plddt(model, one),
    }
    for side, chain in (("model", one), ("reference", other)):
        counts = (None, None)
        if job.sequence is not None:
            counts = compare_to_sequence(chain, job.sequence)
        numbers[f"{side}_different"], numbers[f"{side}_missing"] = counts
    for side, structure in (("model", model), ("reference", reference)):
        left = structure.left_out.items()
        numbers[f"{side}_left_out"] = ";".join(f"{name}={count}" for name, count in left) or None
    form = job.superposed
    return Measured(numbers, None if form is None else superposed(model, result, form))


def _normalised(
    result: Superposition, model: Chain, reference: Chain, by: str
) -> tuple[str, int, float]:
    """Return which chain divides the TM-score, its length, and the TM-score."""
    if by == "shorter":
        by = "model" if len(model) < len(reference) else "reference"
    if by == "model":
        return by, len(model), result.by_model
    return by, len(reference), result.by_reference


def mean_plddt(structure: Structure, chain: Chain) -> float | None:
    """Return the mean of a chain's pLDDT, 0 to 100, or None if its B-factors hold none.

    B-factors of CA atoms are taken for pLDDT if the file names no experiment, all lie between 0
    and 100, and they are not all the same; if none exceeds 1 they are shares of 1.
    """
    values = chain.b_factors
    inside = (values >= 0) & (values <= 100)  # false for NaN
    if structure.experimental or not inside.all() or np.ptp(values) == 0:
        return None
    return float(values.mean()) * (100 if values.max() <= 1 else 1)


def superposed(structure: Structure, result: Superposition, form: str) -> bytes:
    """Return the whole first model, superposed by `result`, as `pdb` or `cif`.

    Raises InputError if a PDB file cannot hold it.
    """
    moved = structure.source.clone()
    transform = gemmi.Transform()
    transform.mat.fromlist(result.rotation.tolist())
    transform.vec.fromlist(result.translation.tolist())
    moved[0].transform_pos_and_adp(transform)
    if form == "cif":
        return moved.make_mmcif_document().as_string().encode()
    farthest = max(abs(x) for cra in moved[0].all() for x in cra.atom.pos.tolist())
    if max(len(chain.name) for chain in moved[0]) > 1 or not farthest <= WIDEST_PDB:
        raise InputError(
            f"{structure.path}: expected chain names of one character and coordinates up to "
            f"{WIDEST_PDB:g} angstrom for a PDB file, found longer ones; write .cif"
        )
    return moved.make_pdb_string().encode()
