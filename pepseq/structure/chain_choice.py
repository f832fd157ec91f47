"""Which chains of two structures to compare, and how many residues of their sequences differ."""

from itertools import product

import gemmi
import numpy as np

from pepseq.sequences.residues import UNKNOWN
from pepseq.structure.structure_files import Chain, Structure
from pepseq.structure.tmscore import same_numbers


def choose_chains(
    model: Structure, reference: Structure, names: tuple[str, str] | None
) -> tuple[Chain, Chain]:
    """Return the chains of the given names, else the two whose sequences agree best.

    Best is the largest number of identical residues in a global alignment of the sequences, then
    at the same residue numbers, then the first in the files. Raises InputError.
    """
    if names is not None:
        return model.chain(names[0]), reference.chain(names[1])
    if len(model.chains) == len(reference.chains) == 1:
        return model.chains[0], reference.chains[0]
    identical: dict[tuple[str, str], int] = {}  # chains of one sequence are aligned once
    best, best_agreement = (model.chains[0], reference.chains[0]), (-1, -1)
    for pair in product(model.chains, reference.chains):
        key = pair[0].sequence, pair[1].sequence
        if key not in identical:
            identical[key] = sum(key[0][i] == key[1][j] for i, j in _aligned(*key))
        if identical[key] < best_agreement[0]:
            continue
        pairs = same_numbers(*pair)
        agreement = identical[key], len(pairs) - len(differing(*pair, pairs))
        if agreement > best_agreement:
            best, best_agreement = pair, agreement
    return best


def differing(model: Chain, reference: Chain, pairs: np.ndarray) -> list[int]:
    """Return the rows of `pairs`, int (pairs, 2), whose amino acids differ and are both known."""
    return [
        row
        for row, (i, j) in enumerate(pairs.tolist())
        if model.sequence[i] != reference.sequence[j]
        and not {model.sequence[i], reference.sequence[j]} & set(UNKNOWN)
    ]


def compare_to_sequence(chain: Chain, sequence: str) -> tuple[int, int]:
    """Return how many residues of a chain differ from a sequence, and how many it lacks of it.

    Residues are compared at their number if all lie within the sequence, or in a global alignment,
    whichever gives fewer differences; unknown residues differ from nothing. A residue that has no
    place in the sequence differs.
    """
    correspondences = [_aligned(chain.sequence, sequence)]
    if all(not code and 1 <= number <= len(sequence) for number, code in chain.numbers):
        correspondences.append([(i, number - 1) for i, (number, _) in enumerate(chain.numbers)])
    return min(_differences(chain.sequence, sequence, pairs) for pairs in correspondences)


def _differences(residues: str, sequence: str, pairs: list[tuple[int, int]]) -> tuple[int, int]:
    """Return how many residues differ or have no place, and how many places have no residue."""
    unknown = set(UNKNOWN)
    differ = sum(
        residues[i] != sequence[j] and not {residues[i], sequence[j]} & unknown for i, j in pairs
    )
    return differ + len(residues) - len(pairs), len(sequence) - len({j for _, j in pairs})


def _aligned(a: str, b: str) -> list[tuple[int, int]]:
    """Return pairs of indices in the same column of a global alignment of two sequences."""
    aligned = gemmi.align_string_sequences(list(a), list(b), [])
    rows = [aligned.add_gaps(row, which) for which, row in ((1, a), (2, b))]
    pairs, i, j = [], 0, 0
    for x, y in zip(*rows, strict=True):
        if x != "-" and y != "-":
            pairs.append((i, j))
        i += x != "-"
        j += y != "-"
    return pairs
