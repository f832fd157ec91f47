"""Chains of two complexes that may correspond, and their corresponding residues."""

from itertools import product
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from pepseq.errors import InputError
from pepseq.structure.chain_choice import differing
from pepseq.structure.sequence_alignment import align_sequences
from pepseq.structure.structure_files import Chain, Structure
from pepseq.structure.tmscore import corresponding_residues

MIN_IDENTITY = 0.5
"""Share of the residues of the shorter chain that are identical in chains that may correspond."""

ChainPairs: TypeAlias = dict[tuple[int, int], np.ndarray]
"""Residue pairs, int (pairs, 2), of the chains that may correspond: indices (model, reference)."""


def find_chain_pairs(model: Structure, reference: Structure, correspondence: str) -> ChainPairs:
    """Return the chains that may correspond, with their corresponding residues.

    Two chains may correspond if at least half of the residues of the shorter one are identical in
    an alignment of the sequences. A chain that has a partner without a difference in the aligned
    residues has no other. With correspondence `align`, all chains may correspond unless each chain
    of the smaller complex can have a partner by sequence.

    Raises InputError if no chains may correspond.
    """
    aligned = _aligned_pairs(model, reference)
    alike = _alike(model, reference, aligned)
    smaller = min(len(model.chains), len(reference.chains))
    if correspondence == "align" and most_partners(alike) < smaller:
        alike = list(aligned)
    if not alike:
        raise InputError(
            f"expected chains with the same sequence in {model.path} and {reference.path}, found "
            "none with half of their residues identical; correspondence align compares any chains"
        )
    if correspondence == "sequence":
        return {pair: aligned[pair] for pair in alike}
    return {
        (i, j): corresponding_residues(model.chains[i], reference.chains[j], correspondence)
        for i, j in alike
    }


def most_partners(pairs: list[tuple[int, int]]) -> int:
    """Return how many chains can have a partner of their own."""
    if not pairs:
        return 0
    rows, columns = np.array(pairs).T
    graph = csr_array((np.ones(len(pairs)), (rows, columns)))
    return int((maximum_bipartite_matching(graph) >= 0).sum())


def identical_pairs(model: Chain, reference: Chain, pairs: np.ndarray) -> np.ndarray:
    """Return the pairs of residues, int (pairs, 2), with the same amino acid."""
    same = [model.sequence[i] == reference.sequence[j] for i, j in pairs.tolist()]
    return pairs[np.array(same, dtype=bool)]


def _aligned_pairs(model: Structure, reference: Structure) -> ChainPairs:
    """Return the residue pairs of all chains by an alignment; equal sequences are aligned once."""
    of_sequences: dict[tuple[str, str], np.ndarray] = {}
    aligned = {}
    for (i, chain), (j, other) in product(enumerate(model.chains), enumerate(reference.chains)):
        key = chain.sequence, other.sequence
        if key not in of_sequences:
            of_sequences[key] = align_sequences(*key)
        aligned[i, j] = of_sequences[key]
    return aligned


def _alike(model: Structure, reference: Structure, aligned: ChainPairs) -> list[tuple[int, int]]:
    """Return the chains that may correspond by their sequences."""
    alike, exact = [], set()
    for (i, j), pairs in aligned.items():
        chains = model.chains[i], reference.chains[j]
        identical = len(identical_pairs(*chains, pairs))
        if identical >= MIN_IDENTITY * min(map(len, chains)):
            alike.append((i, j))
            if not differing(*chains, pairs):
                exact.add((i, j))
    taken = {i for i, _ in exact}, {j for _, j in exact}
    return [
        pair for pair in alike if pair in exact or not (pair[0] in taken[0] or pair[1] in taken[1])
    ]
