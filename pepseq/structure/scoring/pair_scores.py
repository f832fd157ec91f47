"""Scores of one model structure against its reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import gemmi
import numpy as np

from pepseq.errors import InputError
from pepseq.sequences.sequence_records import sequence_records
from pepseq.settings import check_config, require
from pepseq.structure.alignment_rows import AlignedChains, align_rows
from pepseq.structure.chain_choice import choose_chains, compare_to_sequence, differing
from pepseq.structure.lddt import lddt
from pepseq.structure.scoring.complex_rows import ComplexRow
from pepseq.structure.scoring.complex_scores import ComplexScores, compare_complexes
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.scoring.row_values import left_out, normalise
from pepseq.structure.scoring.rows import ScoreRow
from pepseq.structure.structure_files import Chain, Structure, mean_plddt, read_structure
from pepseq.structure.structure_objects import load_structure
from pepseq.structure.tmscore import Superposition, superpose

if TYPE_CHECKING:
    from pepseq.structure.structure_objects import StructureLike

MAX_PDB_COORDINATE = 9999.0
"""Coordinates in angstrom that a PDB file has columns for."""


@dataclass(frozen=True)
class StructureScores(ScoreRow):
    """How well a model structure agrees with its reference: a row, and the residues behind it.

    residue_pairs: numbers of corresponding residues of model and reference, such as ("52", "52A").
    alignment: the chains as rows of an alignment.
    superposition: rotation and translation of the model onto the reference.
    """

    residue_pairs: tuple[tuple[str, str], ...] = field(repr=False)
    alignment: tuple[AlignedChains, ...] = field(repr=False)
    superposition: Superposition = field(repr=False, compare=False)


@dataclass(frozen=True)
class ScoringJob:
    """A pair of files to score.

    sequence: the reconstruction that the model is of, if known.
    superposed: format of the superposed model, `pdb` or `cif`, or None for none.
    """

    model: str
    reference: str
    config: ScoreConfig
    sequence: str | None = None
    superposed: str | None = None


@dataclass(frozen=True)
class ScoredPair:
    """The row of a pair of files, its alignment, and the superposed model if it is requested."""

    row: ScoreRow | ComplexRow
    alignment: tuple[AlignedChains, ...]
    superposed: bytes | None


def score_structures(
    model: StructureLike,
    reference: StructureLike,
    *,
    sequence: str | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 - frozen
) -> StructureScores:
    """Return the scores of a model structure against its reference.

    Each is the path of a PDB or mmCIF file, a Structure, Model or Chain of Biopython, an AtomArray
    of biotite, or a Structure of gemmi. `sequence`, the reconstruction, is compared with both.
    `time_limit` and `threads` of `config` have no meaning here.

    >>> import pepseq
    >>> from tmtools.testing import get_pdb_path
    >>> path = get_pdb_path("2gtl")
    >>> config = pepseq.ScoreConfig(chain="A:B", correspondence="align")
    >>> scores = pepseq.score_structures(path, path, config=config)
    >>> round(scores.tm_score, 2), round(scores.rmsd, 1), scores.corresponding
    (0.9, 1.7, 143)

    Raises InputError for an input that is not a structure, or if too few residues correspond, and
    SettingsError.
    """
    check_config(config, ScoreConfig)
    require(not config.complex, "config: for complexes use pepseq.score_complexes")
    if sequence is not None:
        sequence = sequence_records([sequence], "sequence")[0].sequence
    structures = load_structure(model, "model"), load_structure(reference, "reference")
    return compare_structures(*structures, sequence, config)


def score_pair(job: ScoringJob) -> ScoredPair:
    """Return the scores of a pair of files, and the superposed model; raises InputError."""
    model, reference = read_structure(job.model), read_structure(job.reference)
    scores: StructureScores | ComplexScores
    row: ScoreRow | ComplexRow
    if job.config.complex:
        scores = compare_complexes(model, reference, job.config)
        row = ComplexRow(**scores.to_dict(), interface_rows=scores.interface_rows)
    else:
        scores = compare_structures(model, reference, job.sequence, job.config)
        row = ScoreRow(**scores.to_dict())
    superposed = None
    if job.superposed is not None:
        superposed = format_superposed(model, scores.superposition, job.superposed)
    return ScoredPair(row, scores.alignment, superposed)


def compare_structures(
    model: Structure, reference: Structure, sequence: str | None, config: ScoreConfig
) -> StructureScores:
    """Return the scores of the chains that `config` names or that agree best."""
    chains = choose_chains(model, reference, config.chains)
    model_chain, reference_chain = chains
    superposition = superpose(model_chain, reference_chain, config.residues_by)
    pairs = superposition.pairs
    normalised_by, length, tm_score = normalise(superposition, *chains, config.normalise)
    model_counts, reference_counts = (_compare(chain, sequence) for chain in chains)
    atoms = None if config.lddt == "none" else config.lddt
    return StructureScores(
        model_chain=model_chain.name,
        reference_chain=reference_chain.name,
        model_residues=len(model_chain),
        reference_residues=len(reference_chain),
        correspondence=config.residues_by,
        corresponding=len(pairs),
        different=len(differing(model_chain, reference_chain, pairs)),
        tm_score=tm_score,
        normalised_by=normalised_by,
        normalisation_length=length,
        rmsd=superposition.rmsd,
        lddt=None if atoms is None else lddt(model_chain, reference_chain, pairs, atoms),
        lddt_atoms=atoms,
        mean_plddt=mean_plddt(model, model_chain),
        model_different=model_counts[0],
        model_missing=model_counts[1],
        reference_different=reference_counts[0],
        reference_missing=reference_counts[1],
        model_left_out=left_out(model),
        reference_left_out=left_out(reference),
        tm_score_by_model=float(superposition.by_model),
        tm_score_by_reference=float(superposition.by_reference),
        residue_pairs=_residue_pairs(model_chain, reference_chain, pairs),
        alignment=(align_rows(model_chain, reference_chain, pairs),),
        superposition=superposition,
    )


def _compare(chain: Chain, sequence: str | None) -> tuple[int, int] | tuple[None, None]:
    return (None, None) if sequence is None else compare_to_sequence(chain, sequence)


def _residue_pairs(
    model: Chain, reference: Chain, pairs: np.ndarray
) -> tuple[tuple[str, str], ...]:
    names = [[f"{number}{code}" for number, code in chain.numbers] for chain in (model, reference)]
    return tuple((names[0][i], names[1][j]) for i, j in pairs.tolist())


def format_superposed(structure: Structure, superposition: Superposition, form: str) -> bytes:
    """Return the first model of a structure, superposed, as a file: `form` is `pdb` or `cif`.

    Raises InputError if a PDB file cannot hold it.
    """
    moved = structure.source.clone()
    transform = gemmi.Transform()
    transform.mat.fromlist(superposition.rotation.tolist())
    transform.vec.fromlist(superposition.translation.tolist())
    moved[0].transform_pos_and_adp(transform)
    if form == "cif":
        return moved.make_mmcif_document().as_string().encode()
    farthest = max(abs(x) for cra in moved[0].all() for x in cra.atom.pos.tolist())
    if max(len(chain.name) for chain in moved[0]) > 1 or not farthest <= MAX_PDB_COORDINATE:
        raise InputError(
            f"{structure.path}: expected chain names of one character and coordinates up to "
            f"{MAX_PDB_COORDINATE:g} angstrom for a PDB file, found longer ones; write .cif"
        )
    return moved.make_pdb_string().encode()
