"""Pairing by chance: what every method has to beat."""

import numpy as np

from pepseq.pairing.method_interface import Chosen, Families
from pepseq.pairing.pairs import free_rows


def pair_by_chance(families: Families, runs: int, seed: int) -> Chosen:
    """Choose one pairing of each species in each run, all being equally likely.

    A pairing is one-to-one and as large as the smaller side; known pairs are kept. There is no
    objective: `losses` has no steps.
    """
    random = np.random.default_rng([seed, 1])
    frequencies = []
    for species in families.species:
        times = np.zeros((len(species.a), len(species.b)))
        free_a, free_b = free_rows(species)
        size = min(len(free_a), len(free_b))
        for _ in range(runs):
            times[random.permutation(free_a)[:size], random.permutation(free_b)[:size]] += 1
        times[species.known[:, 0], species.known[:, 1]] = runs
        frequencies.append(times / runs)
    return Chosen(tuple(frequencies), np.zeros((runs, 0)))
