"""How many of the pairs of two families are right."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SpeciesPair = tuple[str, str, str]
"""Species, protein of family A, protein of family B."""


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
    pairs: Iterable[SpeciesPair],
    truth: Iterable[SpeciesPair],
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> PairCounts:
    """Count over the species in which there is something to choose.

    Those are the species with 2 or more proteins in A or in B: `sizes` has how many each species
    has in either; without it, every protein is taken to be in one true pair. A pair made of
    proteins that are in no true pair is not counted. Leave known pairs, and their proteins, out of
    `truth` and `sizes`: they count for no method.
    """
    true = set(truth)
    if sizes is None:
        sizes = {name: (count, count) for name, count in Counter(t[0] for t in true).items()}
    true = {one for one in true if max(sizes[one[0]]) > 1}
    return PairCounts(
        len({one[0] for one in true}),
        len(true),
        len(true & set(pairs)),
        sum(1 / max(sizes[one[0]]) for one in sorted(true)),
    )


def fraction_correct(
    pairs: Iterable[SpeciesPair],
    truth: Iterable[SpeciesPair],
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
