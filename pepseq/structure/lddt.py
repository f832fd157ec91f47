"""lDDT: share of the distances of a reference that its model keeps, without a superposition."""

import numpy as np

from pepseq.structure.structure_files import Chain

_SHARED_ATOMS = {"N", "CA", "C", "O", "CB"}
"""Atoms that are compared where the amino acids differ."""


def lddt(
    model: Chain,
    reference: Chain,
    pairs: np.ndarray,
    atoms: str,
    chains: np.ndarray | None = None,
) -> float | None:
    """Return the lDDT (Mariani et al. 2013) of a model over the distances of its reference.

    Distances up to 15 angstrom between atoms of different residues of the reference count; the
    share of them kept within 0.5, 1, 2 and 4 angstrom is averaged. `pairs` are indices of
    corresponding residues, int (pairs, 2). `atoms` is `ca`, or `heavy` for all but hydrogens,
    paired by name; where the amino acids differ only N, CA, C, O and CB are compared. Distances
    of atoms that the model lacks count as not kept. With `chains`, which numbers the chain of each
    residue of the reference, int (residues,), only distances between chains count. None if there
    are no distances.
    """
    from biotite.structure import AtomArray
    from biotite.structure import lddt as biotite_lddt

    partner = np.full(len(reference), -1)
    partner[pairs[:, 1]] = pairs[:, 0]
    if atoms == "ca":
        residues, xyz = np.arange(len(reference)), reference.ca
        of_model = np.where((partner >= 0)[:, None], model.ca[partner], np.nan)
    else:
        residues, xyz, of_model = _heavy(model, reference, partner)
    array = AtomArray(len(xyz))
    array.coord = xyz.astype(np.float32)
    array.res_id = residues
    if chains is not None:
        array.chain_id = chains[residues].astype("U4")
    value = float(
        biotite_lddt(array, of_model.astype(np.float32), exclude_same_chain=chains is not None)
    )
    return None if np.isnan(value) else value


def _heavy(
    model: Chain, reference: Chain, partner: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return residue indices (atoms,) and coordinates (atoms, 3) of reference and of model."""
    model_xyz = {
        (residue, name): xyz
        for residue, name, xyz in zip(
            model.atom_residues.tolist(), model.atom_names, model.atoms, strict=True
        )
    }
    missing = np.full(3, np.nan)
    kept, of_model = [], []
    for index, (residue, name) in enumerate(
        zip(reference.atom_residues.tolist(), reference.atom_names, strict=True)
    ):
        other = int(partner[residue])
        differs = other >= 0 and model.sequence[other] != reference.sequence[residue]
        if not differs or name in _SHARED_ATOMS:
            kept.append(index)
            of_model.append(model_xyz.get((other, name), missing))
    return reference.atom_residues[kept], reference.atoms[kept], np.array(of_model)
