"""Pairing in rounds: pairs that are sure become known, and help to find the others.

As the iterative pairing of Bitbol et al. (PNAS 2016) and Lupo, Sgarbossa and Bitbol (PNAS 2024).
"""

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pepseq.pairing.config import PairConfig
from pepseq.pairing.method_interface import Chosen, Families, Species
from pepseq.pairing.pairs import Pair, final_pairs

log = logging.getLogger(__name__)


def pair_in_rounds(
    families: Families, config: PairConfig, method: Callable[[Families], Chosen]
) -> Chosen:
    """Let `method` pair `config.rounds` times; pairs of confidence `config.sure` become known.

    They keep the confidence that they had then, and given pairs have 1. `losses` has the steps of
    all rounds one after the other. A round that adds no pair is the last: another would only repeat
    it. One round is `method` alone.
    """
    sure: dict[tuple[int, int], Pair] = {}
    losses, now = [], families
    for number in range(1, config.rounds + 1):
        chosen = method(now)
        losses.append(chosen.losses)
        if number == config.rounds:
            break
        new = [
            pair
            for pair in final_pairs(now, chosen, config.seed)
            if pair.confidence >= config.sure and not pair.known
        ]
        log.info("round %d of %d: %d more pairs are sure", number, config.rounds, len(new))
        if not new:
            break
        sure |= {(pair.a, pair.b): pair for pair in new}
        now = _with_known(families, sure)
    frequencies = [frequency.copy() for frequency in chosen.frequencies]
    for species, frequency in zip(families.species, frequencies, strict=True):
        for a, b in _positions(species, sure):
            frequency[a], frequency[:, b] = 0, 0
            frequency[a, b] = sure[int(species.a[a]), int(species.b[b])].confidence
    ends = np.cumsum([some.shape[1] for some in losses])[:-1]
    return Chosen(tuple(frequencies), np.hstack(losses), tuple(ends.tolist()))


def _with_known(families: Families, sure: dict[tuple[int, int], Pair]) -> Families:
    species = []
    for one in families.species:
        known = np.vstack([one.known, _positions(one, sure)])
        species.append(replace(one, known=known[np.lexsort(known.T[::-1])]))
    return replace(families, species=tuple(species))


def _positions(species: Species, sure: dict[tuple[int, int], Pair]) -> np.ndarray:
    """Return the sure pairs of a species as positions in its `a` and `b`, int64 (pairs, 2)."""
    at_a = {int(row): at for at, row in enumerate(species.a)}
    at_b = {int(row): at for at, row in enumerate(species.b)}
    found = [(at_a[a], at_b[b]) for a, b in sure if a in at_a]
    return np.array(found, np.int64).reshape(-1, 2)
