"""DockQ and its parts: how well a model keeps an interface of two chains.

Basu and Wallner 2016, Mirabello and Wallner 2024, by the rules of the program DockQ 2.1.3.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pepseq.structure.least_squares import least_rmsd, least_squares_pose
from pepseq.structure.residue_contacts import residue_contacts
from pepseq.structure.structure_files import Chain

CONTACT_DISTANCE = 5.0
"""Residues with heavy atoms closer than this, in angstrom, are in contact."""
INTERFACE_DISTANCE = 10.0
"""Residues with heavy atoms closer than this, in angstrom, are of the interface."""
IRMSD_SCALE, LRMSD_SCALE = 1.5, 8.5
"""RMSD in angstrom of the interface and of the ligand at which its part of DockQ is one half."""
_BACKBONE = ("CA", "C", "N", "O")
_MIN_ATOMS = 3


@dataclass(frozen=True)
class InterfaceScores:
    """How well two chains of a model keep the interface of two chains of the reference.

    dockq, fnat, fnonnat: 0 to 1; irmsd, lrmsd: angstrom, or None if too few atoms correspond; then
    it adds nothing to DockQ.
    reference_contacts: pairs of residues in contact in the reference; model_contacts: likewise of
    the residues of the model that correspond to residues of the reference.
    """

    dockq: float
    irmsd: float | None
    lrmsd: float | None
    fnat: float
    fnonnat: float
    reference_contacts: int
    model_contacts: int


class DockingChain:
    """A chain and its backbone atoms: CA, C, N, O, float64 (residues, 4, 3), NaN if missing."""

    def __init__(self, chain: Chain):
        self.chain = chain

    @cached_property
    def backbone(self) -> np.ndarray:
        """The backbone atoms."""
        xyz = np.full((len(self.chain), len(_BACKBONE), 3), np.nan)
        place = {name: index for index, name in enumerate(_BACKBONE)}
        columns = np.array([place.get(name, -1) for name in self.chain.atom_names], np.int64)
        of_backbone = columns >= 0
        xyz[self.chain.atom_residues[of_backbone], columns[of_backbone]] = self.chain.atoms[
            of_backbone
        ]
        return xyz


@dataclass(frozen=True)
class Contacts:
    """Pairs of residues of two chains closer than 10 angstrom: indices and distances (pairs,)."""

    first: np.ndarray
    second: np.ndarray
    distances: np.ndarray

    @classmethod
    def between(cls, first: DockingChain, second: DockingChain) -> "Contacts":
        """Return the pairs of two chains."""
        return cls(*residue_contacts(first.chain, second.chain, INTERFACE_DISTANCE))

    def swapped(self) -> "Contacts":
        """Return the pairs with the second chain first."""
        return Contacts(self.second, self.first, self.distances)

    @cached_property
    def touching(self) -> np.ndarray:
        """Which pairs are in contact, bool (pairs,)."""
        return self.distances < CONTACT_DISTANCE


@dataclass(frozen=True)
class Side:
    """A chain of the reference, the chain of the model that stands for it, and residue pairs.

    pairs: indices of corresponding residues in model and reference, int (pairs, 2).
    """

    model: DockingChain
    reference: DockingChain
    pairs: np.ndarray

    @cached_property
    def partner(self) -> np.ndarray:
        """The residue of the model for each of the reference, or -1."""
        partner = np.full(len(self.reference.chain), -1)
        partner[self.pairs[:, 1]] = self.pairs[:, 0]
        return partner

    def backbones(self, residues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the backbone atoms that both chains have of residues of the reference.

        float64 (atoms, 3) of the model and of the reference.
        """
        residues = residues[self.partner[residues] >= 0]
        x = self.model.backbone[self.partner[residues]].reshape(-1, 3)
        y = self.reference.backbone[residues].reshape(-1, 3)
        both = np.isfinite(x[:, 0]) & np.isfinite(y[:, 0])
        return x[both], y[both]


def score_interface(
    first: Side, second: Side, of_reference: Contacts, of_model: Contacts
) -> InterfaceScores:
    """Return the scores of an interface, whose chains of the reference are in contact.

    The receptor, which is superposed for the RMSD of the other chain, is the longer chain of the
    reference, or the second of two equally long ones.
    """
    sides = first, second
    partners = [
        side.partner[residues]
        for side, residues in zip(sides, (of_reference.first, of_reference.second), strict=True)
    ]
    mapped = (partners[0] >= 0) & (partners[1] >= 0)
    has_partner = np.isin(of_model.first, first.pairs[:, 0]) & np.isin(
        of_model.second, second.pairs[:, 0]
    )
    counted = of_model.touching & has_partner
    width = len(second.model.chain)
    in_reference = (partners[0] * width + partners[1])[mapped & of_reference.touching]
    in_model = (of_model.first * width + of_model.second)[counted]
    kept, wanted = len(np.intersect1d(in_reference, in_model)), int(of_reference.touching.sum())
    irmsd = _interface_rmsd(sides, (of_reference.first[mapped], of_reference.second[mapped]))
    lrmsd = _ligand_rmsd(sides)
    fnat = kept / wanted
    return InterfaceScores(
        dockq=(fnat + _scaled(irmsd, IRMSD_SCALE) + _scaled(lrmsd, LRMSD_SCALE)) / 3,
        irmsd=irmsd,
        lrmsd=lrmsd,
        fnat=fnat,
        fnonnat=(len(in_model) - kept) / len(in_model) if len(in_model) else 0.0,
        reference_contacts=wanted,
        model_contacts=len(in_model),
    )


def _interface_rmsd(
    sides: tuple[Side, Side], residues: tuple[np.ndarray, np.ndarray]
) -> float | None:
    """Return the least RMSD of the backbones of the interface's residues in the reference."""
    atoms = [side.backbones(np.unique(rows)) for side, rows in zip(sides, residues, strict=True)]
    x, y = (np.concatenate(parts) for parts in zip(*atoms, strict=True))
    return least_rmsd(x, y) if len(x) >= _MIN_ATOMS else None


def _ligand_rmsd(sides: tuple[Side, Side]) -> float | None:
    """Return the RMSD of the backbones of the ligand after superposing those of the receptor."""
    lengths = [len(side.reference.chain) for side in sides]
    receptor, ligand = sides if lengths[0] > lengths[1] else sides[::-1]
    x, y = receptor.backbones(np.arange(len(receptor.reference.chain)))
    moved, fixed = ligand.backbones(np.arange(len(ligand.reference.chain)))
    if len(x) < _MIN_ATOMS or len(moved) == 0:
        return None
    rotation, translation = least_squares_pose(x, y)
    shifts = moved @ rotation.T + translation - fixed
    return float(np.sqrt((shifts * shifts).sum() / len(shifts)))


def _scaled(rmsd: float | None, scale: float) -> float:
    return 0.0 if rmsd is None else 1 / (1 + (rmsd / scale) ** 2)
