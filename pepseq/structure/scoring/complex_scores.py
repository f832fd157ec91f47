"""Scores of the whole complex of a model against that of its reference, and of its interfaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from pepseq.errors import InputError
from pepseq.settings import check_config
from pepseq.structure.alignment_rows import AlignedChains, align_rows
from pepseq.structure.chain_choice import differing
from pepseq.structure.joined_chains import JoinedChains, join_chains
from pepseq.structure.lddt import lddt
from pepseq.structure.least_squares import least_rmsd
from pepseq.structure.scoring.chain_pairs import ChainPairs, find_chain_pairs, identical_pairs
from pepseq.structure.scoring.complex_rows import ComplexRow, InterfaceRow
from pepseq.structure.scoring.complex_superposition import (
    AssignmentSearch,
    ComplexSuperposition,
    corresponding_points,
    realign,
    superpose_complex,
)
from pepseq.structure.scoring.config import ScoreConfig
from pepseq.structure.scoring.docking_assignment import Assignment, Docking
from pepseq.structure.scoring.row_values import left_out, normalise
from pepseq.structure.structure_files import MIN_RESIDUES, Structure, mean_plddt
from pepseq.structure.structure_objects import load_structure
from pepseq.structure.tmscore import Superposition

if TYPE_CHECKING:
    from pepseq.structure.structure_objects import StructureLike


@dataclass(frozen=True)
class ComplexScores(ComplexRow):
    """How well a model of a complex agrees with its reference: a row, and what it is made from.

    alignment: assigned chains as rows of an alignment, in the order of `chain_pairs`.
    superposition: rotation and translation of the model onto the reference.
    """

    alignment: tuple[AlignedChains, ...] = field(repr=False)
    superposition: Superposition = field(repr=False, compare=False)


def score_complexes(
    model: StructureLike,
    reference: StructureLike,
    *,
    config: ScoreConfig = ScoreConfig(complex=True),  # noqa: B008 - frozen
) -> ComplexScores:
    """Return the scores of all chains of a model against those of its reference.

    Each is the path of a PDB or mmCIF file, a Structure, Model or Chain of Biopython, an AtomArray
    of biotite, or a Structure of gemmi. `complex`, `time_limit` and `threads` of `config` have no
    meaning here.

    >>> import gemmi, pepseq
    >>> from tmtools.testing import get_pdb_path
    >>> structure = gemmi.read_structure(str(get_pdb_path("2gtl")))
    >>> for name in "CDEFGHIJKLMNO":
    ...     structure[0].remove_chain(name)
    >>> model = structure.clone()
    >>> model[0]["A"].name, model[0]["B"].name = "X", "Y"
    >>> scores = pepseq.score_complexes(model, structure)
    >>> scores.chain_pairs, round(scores.tm_score, 2)
    ('X:A,Y:B', 1.0)

    Raises InputError for an input that is not a structure, or if too few residues correspond.
    """
    check_config(config, ScoreConfig)
    structures = load_structure(model, "model"), load_structure(reference, "reference")
    return compare_complexes(*structures, replace(config, complex=True, chain=None))


def compare_complexes(model: Structure, reference: Structure, config: ScoreConfig) -> ComplexScores:
    """Return the scores of all chains of two structures; raises InputError."""
    pairs = find_chain_pairs(model, reference, config.residues_by)
    docking = Docking(model, reference, _compared_by_dockq(model, reference, pairs, config))
    search = AssignmentSearch(model, reference, pairs)
    docked = docking.best()
    if docked is None:
        docked = max(search.assignments(), key=docking.total, default=())
    best = search.best([docked])
    if best is None:
        raise InputError(_too_few(model, reference, config))
    if config.residues_by == "align":
        best = realign(model, reference, best)
    sides = join_chains(model.chains), join_chains(reference.chains)
    superposition = _superposition(model, reference, best, sides)
    joined = sides[0].chain, sides[1].chain
    by, length, tm_score = normalise(superposition, *joined, config.normalise)
    atoms = None if config.lddt == "none" else config.lddt
    docked_pairs = _joined_pairs({key: pairs[key] for key in docked}, sides)
    interfaces = _interface_rows(model, reference, docking, pairs, docked, atoms)
    dockq = [row.dockq for row in interfaces if row.dockq is not None]
    return ComplexScores(
        model_chains=len(model.chains),
        reference_chains=len(reference.chains),
        chain_pairs=_names(model, reference, best.pairs),
        model_residues=len(joined[0]),
        reference_residues=len(joined[1]),
        correspondence=config.residues_by,
        corresponding=len(superposition.pairs),
        different=len(differing(*joined, superposition.pairs)),
        tm_score=tm_score,
        normalised_by=by,
        normalisation_length=length,
        rmsd=superposition.rmsd,
        lddt=None if atoms is None else lddt(*joined, superposition.pairs, atoms),
        lddt_atoms=atoms,
        mean_plddt=mean_plddt(model, joined[0]),
        tm_score_by_model=superposition.by_model,
        tm_score_by_reference=superposition.by_reference,
        dockq=sum(dockq) / len(dockq) if dockq else None,
        dockq_chain_pairs=_names(model, reference, docked),
        interfaces=len(interfaces),
        missing_interfaces=len(interfaces) - len(dockq),
        interface_lddt=None
        if atoms is None
        else lddt(*joined, docked_pairs, atoms, sides[1].of_residue),
        model_left_out=left_out(model),
        reference_left_out=left_out(reference),
        interface_rows=tuple(interfaces),
        alignment=tuple(
            align_rows(model.chains[i], reference.chains[j], best.pairs[i, j])
            for i, j in sorted(best.pairs, key=itemgetter(1))
        ),
        superposition=superposition,
    )


def _compared_by_dockq(
    model: Structure, reference: Structure, pairs: ChainPairs, config: ScoreConfig
) -> ChainPairs:
    """Return the residue pairs that DockQ compares: by sequence, only those that are identical."""
    if config.residues_by != "sequence":
        return pairs
    return {
        (i, j): identical_pairs(model.chains[i], reference.chains[j], residues)
        for (i, j), residues in pairs.items()
    }


def _superposition(
    model: Structure,
    reference: Structure,
    best: ComplexSuperposition,
    sides: tuple[JoinedChains, JoinedChains],
) -> Superposition:
    """Return the superposition of joined chains."""
    of_model, of_reference = (len(side.chain) for side in sides)
    by_model = best.tm_score
    if of_model != of_reference:
        other = superpose_complex(model, reference, best.pairs, of_model)
        by_model = best.tm_score if other is None else other.tm_score
    x, y = corresponding_points(model, reference, best.pairs)
    pairs = _joined_pairs(best.pairs, sides)
    return Superposition(by_model, best.tm_score, least_rmsd(x, y), pairs, *best.pose)


def _joined_pairs(pairs: ChainPairs, sides: tuple[JoinedChains, JoinedChains]) -> np.ndarray:
    """Return residue pairs of assigned chains as indices of the joined ones, int (pairs, 2)."""
    parts = [
        residues + np.array([sides[0].starts[i], sides[1].starts[j]])
        for (i, j), residues in pairs.items()
    ]
    return np.concatenate([np.zeros((0, 2), np.int64), *parts])


def _interface_rows(
    model: Structure,
    reference: Structure,
    docking: Docking,
    pairs: ChainPairs,
    docked: Assignment,
    atoms: str | None,
) -> list[InterfaceRow]:
    """Return the row of each interface of the reference."""
    scored = docking.scores(docked)
    chain_of = {j: i for i, j in docked}
    rows = []
    for chains, contacts in docking.interfaces.items():
        partners = [chain_of.get(j) for j in chains]
        names = [None if i is None else model.chains[i].name for i in partners]
        scores = scored.get(chains)
        touching = int(contacts.touching.sum())
        values = {"reference_contacts": touching} if scores is None else asdict(scores)
        row = InterfaceRow(
            reference_chain1=reference.chains[chains[0]].name,
            reference_chain2=reference.chains[chains[1]].name,
            model_chain1=names[0],
            model_chain2=names[1],
            lddt=_interface_lddt(model, reference, pairs, (partners, chains), atoms),
            **values,
        )
        rows.append(row)
    return rows


def _interface_lddt(
    model: Structure,
    reference: Structure,
    pairs: ChainPairs,
    assigned: tuple[list[int | None], tuple[int, int]],
    atoms: str | None,
) -> float | None:
    """Return the lDDT of the distances between two chains; None if one has no partner."""
    partners = [i for i in assigned[0] if i is not None]
    if atoms is None or len(partners) < len(assigned[1]):
        return None
    sides = (
        join_chains(tuple(model.chains[i] for i in partners)),
        join_chains(tuple(reference.chains[j] for j in assigned[1])),
    )
    of_two = {(k, k): pairs[key] for k, key in enumerate(zip(partners, assigned[1], strict=True))}
    joined = _joined_pairs(of_two, sides)
    return lddt(sides[0].chain, sides[1].chain, joined, atoms, sides[1].of_residue)


def _names(model: Structure, reference: Structure, assignment: Iterable[tuple[int, int]]) -> str:
    """Return assigned chains as `A:B,B:A`, in the order of the reference."""
    ordered = sorted(assignment, key=itemgetter(1))
    return ",".join(f"{model.chains[i].name}:{reference.chains[j].name}" for i, j in ordered)


def _too_few(model: Structure, reference: Structure, config: ScoreConfig) -> str:
    other = "sequence or align" if config.residues_by == "index" else "align"
    return (
        f"expected at least {MIN_RESIDUES} corresponding residues in the chains of {model.path} "
        f"and {reference.path}, found fewer; correspondence {other} compares them"
    )
