"""Pairing by order: paralogs are ranked by their identity to the query pair.

AlphaFold-Multimer pairs the members of a species so (Evans et al. 2021,
doi:10.1101/2021.10.04.463034): the most similar to the query with the most similar, and so on. It
is what a prediction gets without a method of pairing.
"""

import numpy as np

from pepseq.errors import SettingsError
from pepseq.io.progress import Progress
from pepseq.pairing.config import PairConfig
from pepseq.pairing.method_interface import Families, MethodResult, Species
from pepseq.pairing.msa import GAP_CODE
from pepseq.pairing.pairs import unknown_positions


def pair_in_order(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> MethodResult:
    """Pair the n-th protein of A with the n-th of B in each species, the surplus with none.

    Proteins are in descending order of identity to the known pairs: the share of the columns with a
    residue in which the two agree, the highest if there are several known pairs. Each pair has a
    frequency of 1. Raises SettingsError without a known pair.
    """
    known = [species for species in families.species if len(species.known)]
    if not known:
        raise SettingsError(
            "method order: ranks proteins by their identity to a known pair, and none is given. "
            "Give the pair of the query with --known"
        )
    ranks = [
        _identity(codes, codes[[row for species in known for row in _known_rows(species, side)]])
        for side, codes in enumerate((families.codes_a, families.codes_b))
    ]
    frequencies = []
    for species in families.species:
        counts = np.zeros((len(species.rows_a), len(species.rows_b)))
        free_a, free_b = (
            sorted(free, key=lambda position: -of_rows[rows[position]])
            for free, of_rows, rows in zip(
                unknown_positions(species), ranks, (species.rows_a, species.rows_b), strict=True
            )
        )
        size = min(len(free_a), len(free_b))
        counts[free_a[:size], free_b[:size]] = 1
        counts[species.known[:, 0], species.known[:, 1]] = 1
        frequencies.append(counts)
    return MethodResult(tuple(frequencies), np.zeros((config.runs, 0)))


def _known_rows(species: Species, side: int) -> np.ndarray:
    """Return the rows of the proteins of known pairs, of family A (0) or B (1)."""
    return (species.rows_a, species.rows_b)[side][species.known[:, side]]


def _identity(codes: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the highest identity of each row to the queries, float64 (rows,)."""
    best = np.zeros(len(codes))
    for query in queries:
        residues = query != GAP_CODE
        shared = ((codes == query) & residues).sum(1)
        best = np.maximum(best, shared / max(int(residues.sum()), 1))
    return best
