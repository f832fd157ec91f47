"""How many of the pairs of two families are right: pure functions of sets of pairs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class SpeciesPair(NamedTuple):
    """A species, and its proteins of family A and of family B."""

    species: str
    a: str
    b: str


@dataclass(frozen=True)
class PairCounts:
    """True pairs of the species in which there is something to choose, and those that were made.

    chance: how many of them a random pairing, one-to-one inside species, finds in the mean.
    """

    species: int
    true: int
    correct: int
    chance: float


def count_correct(
    pairs: Iterable[tuple[str, str, str]],
    truth: Iterable[tuple[str, str, str]],
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> PairCounts:
    """Count over the species in which there is something to choose.

    Those are the species with 2 or more proteins in A or in B: `sizes` has how many each species
    has in either; without it, every protein is taken to be in one true pair. A pair made of
    proteins that are in no true pair is not counted. Leave known pairs, and their proteins, out of
    `truth` and `sizes`: they count for no method.
    """
    true = {SpeciesPair(*pair) for pair in truth}
    if sizes is None:
        true_pairs = Counter(pair.species for pair in true)
        sizes = {species: (count, count) for species, count in true_pairs.items()}
    true = {pair for pair in true if max(sizes[pair.species]) > 1}
    return PairCounts(
        len({pair.species for pair in true}),
        len(true),
        len(true & {SpeciesPair(*pair) for pair in pairs}),
        sum(1 / max(sizes[pair.species]) for pair in sorted(true)),
    )


def fraction_correct(
    pairs: Iterable[tuple[str, str, str]],
    truth: Iterable[tuple[str, str, str]],
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> float | None:
    """Return correct pairs / true pairs as `count_correct` counts them, or None if none is true.

    A true pair that was not made is in the denominator.

    >>> fraction_correct([("x", "a1", "b1"), ("x", "a2", "b3")], [("x", "a1", "b1"),
    ...     ("x", "a2", "b2"), ("y", "a", "b")], {"x": (2, 3), "y": (1, 1)})
    0.5
    """
    counts = count_correct(pairs, truth, sizes)
    return counts.correct / counts.true if counts.true else None
