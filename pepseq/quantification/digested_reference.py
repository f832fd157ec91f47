"""A reference as its peptides: groups that no read tells apart, their patterns, and decoys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import Peptides, digest
from pepseq.quantification.patterns import ProteinPatterns
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import encode

MIN_DECOYS = 1000
"""A smaller reference gets several sets of decoys, so that q-values can be small."""

Patterns = Callable[[np.ndarray, Peptides, int], ProteinPatterns[Any]]
"""Return the patterns of peptides of residue codes (uint8), and of so many proteins."""


@dataclass(frozen=True)
class DigestedReference:
    """Groups of proteins, and decoys of them.

    groups: numbers of the proteins of each group, G groups.
    invisible: number of proteins that give no read.
    patterns: distinct patterns; `patterns.weights` has a row for each group and then for each decoy
        of `sets` sets of G.
    """

    groups: list[list[int]]
    invisible: int
    patterns: ProteinPatterns[Any]
    sets: int


def encode_records(records: Sequence[Record]) -> tuple[np.ndarray, np.ndarray]:
    """Return the residue codes of all proteins, uint8, and where each begins, int64."""
    codes = [encode(record.sequence) for record in records]
    return np.concatenate(codes), np.cumsum([0, *map(len, codes)])


def digest_reference(
    residues: np.ndarray, offsets: np.ndarray, patterns: Patterns, config: DigestConfig, seed: int
) -> DigestedReference:
    """Return the groups of a reference's proteins, with decoys.

    A decoy has the peptides of a protein with all residues reversed, or shuffled in further sets,
    but for the residue at which the protease cleaves.
    """
    count = len(offsets) - 1
    weights = patterns(residues, digest(residues, offsets, config), count).weights
    groups = _equal_rows(weights)
    visible = sum(map(len, groups))
    firsts = [group[0] for group in groups]
    lengths = np.diff(offsets)[firsts]
    own = [residues[offsets[p] : offsets[p + 1]] for p in firsts]
    chosen = np.concatenate(own) if own else residues[:0]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    sets = -(-MIN_DECOYS // max(len(groups), 1))
    decoys = decoy_residues(chosen, starts, config, sets, seed)
    everything = np.concatenate([chosen, *decoys])
    all_starts = np.concatenate([starts, *(starts[1:] + (n + 1) * starts[-1] for n in range(sets))])
    peptides = digest(everything, all_starts, config)
    found = patterns(everything, peptides, len(all_starts) - 1)
    return DigestedReference(
        groups, count - visible, without_twins(found, len(groups)), sets if groups else 0
    )


def _row_keys(weights: csr_array) -> list[bytes]:
    """Return texts that are equal for equal rows, empty for rows of zeros."""
    ends = weights.indptr.tolist()
    return [weights.indices[a:b].tobytes() + weights.data[a:b].tobytes() for a, b in pairwise(ends)]


def _equal_rows(weights: csr_array) -> list[list[int]]:
    """Return the numbers of rows that are equal, without rows of zeros."""
    groups: dict[bytes, list[int]] = {}
    for protein, key in enumerate(_row_keys(weights)):
        if key:
            groups.setdefault(key, []).append(protein)
    return list(groups.values())


def without_twins(patterns: ProteinPatterns[Any], proteins: int) -> ProteinPatterns[Any]:
    """Return patterns without the decoys that equal a protein and would share its reads."""
    keys = _row_keys(patterns.weights)
    own = set(keys[:proteins])
    kept = np.array([n < proteins or key not in own for n, key in enumerate(keys)], float)
    weights = csr_array(patterns.weights * kept[:, None]) if len(keys) else patterns.weights
    weights.eliminate_zeros()
    return ProteinPatterns(patterns.sequences, weights)


def decoy_residues(
    residues: np.ndarray, offsets: np.ndarray, config: DigestConfig, sets: int = 1, seed: int = 0
) -> list[np.ndarray]:
    """Return the residues of each set of decoys, the first reversed and the others shuffled.

    Only the residue at which the protease cleaves stays at its place; `seed` is of the shuffling.
    """
    if not len(residues):
        return []
    pieces = digest(residues, offsets, DigestConfig(protease=config.protease))
    first, length = np.repeat(pieces.begin, pieces.end - pieces.begin), len(residues)
    last = np.repeat(pieces.end - 1, pieces.end - pieces.begin)
    place = np.arange(length)
    at_end = any(set(before) != {*AMINO_ACIDS, "X"} for before, _ in config.protease.sites())
    fixed = place == (last if at_end else first)
    low, high = (first, last - 1) if at_end else (first + 1, last)
    result = [residues[np.where(fixed, place, low + high - place)]]
    random = np.random.default_rng(seed)
    for _ in range(sets - 1):
        keys = random.random(length)
        keys[fixed] = 2.0 if at_end else -1.0
        result.append(residues[np.lexsort((keys, first))])
    return result
