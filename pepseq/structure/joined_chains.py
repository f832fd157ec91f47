"""Several chains as one, so that a complex can be compared as a chain is."""

from dataclasses import dataclass

import numpy as np

from pepseq.structure.structure_files import Chain


@dataclass(frozen=True)
class JoinedChains:
    """Chains one after another.

    chain: their residues, numbered from 1 on.
    starts: index of the first residue of each chain.
    of_residue: index of the chain of each residue, int (residues,).
    """

    chain: Chain
    starts: tuple[int, ...]
    of_residue: np.ndarray


def join_chains(chains: tuple[Chain, ...]) -> JoinedChains:
    """Return chains joined in their order."""
    lengths = [len(chain) for chain in chains]
    starts = [sum(lengths[:place]) for place in range(len(chains))]
    joined = Chain(
        name=",".join(chain.name for chain in chains),
        numbers=tuple((number, "") for number in range(1, sum(lengths) + 1)),
        sequence="".join(chain.sequence for chain in chains),
        ca=np.concatenate([chain.ca for chain in chains]),
        b_factors=np.concatenate([chain.b_factors for chain in chains]),
        atom_residues=np.concatenate(
            [chain.atom_residues + start for chain, start in zip(chains, starts, strict=True)]
        ),
        atom_names=tuple(name for chain in chains for name in chain.atom_names),
        atoms=np.concatenate([chain.atoms for chain in chains]),
    )
    return JoinedChains(joined, tuple(starts), np.repeat(np.arange(len(chains)), lengths))
