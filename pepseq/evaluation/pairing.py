"""How many of the pairs of two families are right."""

from collections import Counter
from collections.abc import Iterable, Mapping

SpeciesPair = tuple[str, str, str]
"""Species, protein of family A, protein of family B."""


def fraction_correct(
    pairs: Iterable[SpeciesPair],
    truth: Iterable[SpeciesPair],
    sizes: Mapping[str, tuple[int, int]] | None = None,
) -> float | None:
    """Return correct pairs / true pairs, over the species in which there is something to choose.

    Those are the species with 2 or more proteins in A or in B: `sizes` has how many each species
    has in either; without it, every protein is taken to be in one true pair. A true pair that was
    not made is in the denominator, a pair made of proteins that are in no true pair is not. None if
    there is no such species. Leave known pairs out of `truth`: they count for no method.

    >>> fraction_correct([("x", "a1", "b1"), ("x", "a2", "b3")], [("x", "a1", "b1"),
    ...     ("x", "a2", "b2"), ("y", "a", "b")], {"x": (2, 3), "y": (1, 1)})
    0.5
    """
    true = set(truth)
    if sizes is None:
        sizes = {name: (count, count) for name, count in Counter(t[0] for t in true).items()}
    true = {one for one in true if max(sizes[one[0]]) > 1}
    return len(true & set(pairs)) / len(true) if true else None
