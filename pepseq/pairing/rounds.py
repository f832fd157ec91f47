"""Pairing in rounds: confident pairs become known pairs, and help to find the others.

As the iterative pairing of Bitbol et al. (PNAS 2016) and Lupo, Sgarbossa and Bitbol (PNAS 2024).
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pepseq.pairing.config import PairConfig
from pepseq.pairing.method_interface import Families, MethodResult, Species
from pepseq.pairing.pairs import RowPair, best_pairs

log = logging.getLogger(__name__)
PairsByRows = dict[tuple[int, int], RowPair]


def pair_in_rounds(
    families: Families, config: PairConfig, method: Callable[[Families], MethodResult]
) -> MethodResult:
    """Return the result of up to `config.rounds` rounds of `method`.

    Pairs of confidence `config.known_confidence` are known pairs in later rounds; their frequency
    stays that confidence, while given pairs have 1. `losses` has the steps of all rounds one after
    the other. A round that adds no pair is the last, because another would only repeat it.
    """
    added: PairsByRows = {}
    losses, current = [], families
    for number in range(1, config.rounds + 1):
        result = method(current)
        losses.append(result.losses)
        if number == config.rounds:
            break
        new = [
            pair
            for pair in best_pairs(current, result, config.seed)
            if pair.confidence >= config.known_confidence and not pair.known
        ]
        log.info("round %d of %d: %d new known pairs", number, config.rounds, len(new))
        if not new:
            break
        added |= {(pair.row_a, pair.row_b): pair for pair in new}
        current = _with_known_pairs(families, added)
    frequencies = [frequency.copy() for frequency in result.frequencies]
    for species, frequency in zip(families.species, frequencies, strict=True):
        for a, b in _positions(species, added):
            frequency[a], frequency[:, b] = 0, 0
            rows = int(species.rows_a[a]), int(species.rows_b[b])
            frequency[a, b] = added[rows].confidence
    steps = np.cumsum([round_losses.shape[1] for round_losses in losses])
    return MethodResult(tuple(frequencies), np.hstack(losses), tuple(steps[:-1].tolist()))


def _with_known_pairs(families: Families, added: PairsByRows) -> Families:
    """Return the families with more known pairs, sorted in each species."""
    all_species = []
    for species in families.species:
        known = np.vstack([species.known, _positions(species, added)])
        all_species.append(replace(species, known=known[np.lexsort(known.T[::-1])]))
    return replace(families, species=tuple(all_species))


def _positions(species: Species, pairs: PairsByRows) -> np.ndarray:
    """Return pairs of a species as positions in `rows_a` and `rows_b`, int64 (pairs, 2)."""
    position_a = {int(row): position for position, row in enumerate(species.rows_a)}
    position_b = {int(row): position for position, row in enumerate(species.rows_b)}
    positions = [(position_a[a], position_b[b]) for a, b in pairs if a in position_a]
    return np.array(positions, np.int64).reshape(-1, 2)
