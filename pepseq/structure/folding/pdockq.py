"""pDockQ, a quality of an interface predicted from pLDDT and contacts (Bryant et al. 2022).

Bryant P, Pozzati G, Elofsson A. Improved prediction of protein-protein interactions using
AlphaFold2. Nat Commun 13: 1265, doi:10.1038/s41467-022-28865-w.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

from pepseq.structure.structure_files import Chain

CONTACT_DISTANCE = 8.0
"""Distance in angstrom between the CB atoms (CA of glycine) of residues in contact."""
_HEIGHT, _MIDDLE, _SLOPE, _BASE = 0.724, 152.611, 0.052, 0.018


def pdockq(chains: Sequence[Chain]) -> float | None:
    """Return the pDockQ of a complex: the mean over the pairs of chains in contact.

    The B-factors of the CA atoms are taken as pLDDT, 0 to 100. 0 if no chains are in contact, None
    for one chain.
    """
    if len(chains) < 2:
        return None
    values = [_pair_pdockq(a, b) for a, b in combinations(chains, 2)]
    in_contact = [value for value in values if value]
    return sum(in_contact) / len(in_contact) if in_contact else 0.0


def _pair_pdockq(a: Chain, b: Chain) -> float:
    """Return the pDockQ of two chains, 0 without a contact."""
    trees = [cKDTree(_beta_atoms(chain)) for chain in (a, b)]
    neighbours = trees[0].query_ball_tree(trees[1], CONTACT_DISTANCE)
    contacts = sum(map(len, neighbours))
    if not contacts:
        return 0.0
    of_a = [i for i, others in enumerate(neighbours) if others]
    of_b = sorted({j for others in neighbours for j in others})
    plddt = np.concatenate([a.b_factors[of_a], b.b_factors[of_b]]).mean()
    exponent = -_SLOPE * (plddt * np.log10(contacts) - _MIDDLE)
    return float(_HEIGHT / (1 + np.exp(exponent)) + _BASE)


def _beta_atoms(chain: Chain) -> np.ndarray:
    """Return the CB atom of each residue, its CA atom without one, float64 (residues, 3)."""
    beta = chain.ca.copy()
    is_beta = [name == "CB" for name in chain.atom_names]
    beta[chain.atom_residues[is_beta]] = chain.atoms[is_beta]
    return beta
