"""Two families whose pairs are known because they were made."""

from dataclasses import dataclass

import numpy as np

from pepseq.pairing.method_interface import Families, Species

CODES = 20
GAP = 20


@dataclass(frozen=True)
class Rule:
    """How partners depend on each other: `table[c, x]` is B's residue where A has x at contact c.

    `columns_a` and `columns_b`: the columns of each contact.
    """

    columns_a: np.ndarray
    columns_b: np.ndarray
    table: np.ndarray


def rule(seed: int, contacts: int = 8, length: int = 12) -> Rule:
    """Draw a rule of contacts between columns of two families of `length` columns each."""
    random = np.random.default_rng([seed, 1])
    return Rule(
        random.permutation(length)[:contacts],
        random.permutation(length)[:contacts],
        np.stack([random.permutation(CODES) for _ in range(contacts)]),
    )


def planted(
    seed: int,
    species: int = 6,
    sizes: tuple[int, int] = (4, 4),
    *,
    by: Rule | None = None,
    length: int = 12,
    strength: float = 0.95,
    clades: int = 3,
    mutation: float = 0.3,
    states: int = 5,
    surplus: tuple[int, int] = (0, 0),
    shuffled: bool = True,
) -> tuple[Families, tuple[np.ndarray, ...]]:
    """Return two families and the true pairs of each species, int64 positions (pairs, 2).

    Each species has `sizes[0]` to `sizes[1]` pairs, and `surplus[0]` more proteins of A and
    `surplus[1]` more of B that have no partner. Proteins are leaves of a tree: a family has
    `clades` ancestors, and a protein differs from one of them, drawn at random, in a share
    `mutation` of its columns; about one residue in twenty is a gap. Partners agree by the rule `by`
    (default: `rule(0)`): at each contact A has one of `states` residues, and with probability
    `strength` B has the one that the table gives, else any.
    """
    by = by or rule(0, length=length)
    random = np.random.default_rng([seed, 2])
    ancestors = random.integers(CODES, size=(2, clades, length))

    def leaves(family: int, number: int) -> np.ndarray:
        rows = ancestors[family, random.integers(clades, size=number)]
        changed = random.random(rows.shape) < mutation
        rows = np.where(changed, random.integers(CODES, size=rows.shape), rows)
        return np.where(random.random(rows.shape) < 0.05, GAP, rows)

    def contacts(number: int) -> np.ndarray:
        return random.integers(states, size=(number, len(by.columns_a)))

    all_a, all_b, members, truth = [], [], [], []
    rows = np.zeros(2, dtype=np.int64)
    for name in range(species):
        pairs = int(random.integers(sizes[0], sizes[1] + 1))
        a, b = leaves(0, pairs + surplus[0]), leaves(1, pairs + surplus[1])
        of_a, of_b = contacts(len(a)), contacts(len(b))
        of_b[:pairs] = of_a[:pairs]
        partner = np.take_along_axis(by.table, of_b.T, axis=1).T
        strayed = random.random(partner.shape) >= strength
        a[:, by.columns_a] = of_a
        b[:, by.columns_b] = np.where(strayed, random.integers(CODES, size=partner.shape), partner)
        order_a, order_b = np.arange(len(a)), np.arange(len(b))
        if shuffled:
            order_a, order_b = random.permutation(order_a), random.permutation(order_b)
        all_a.append(a[order_a])
        all_b.append(b[order_b])
        members.append(
            Species(
                f"species {name}",
                rows[0] + np.arange(len(a)),
                rows[1] + np.arange(len(b)),
                np.zeros((0, 2), dtype=np.int64),
            )
        )
        rows += len(a), len(b)
        truth.append(np.stack([np.argsort(order_a)[:pairs], np.argsort(order_b)[:pairs]], axis=1))
    codes = (np.concatenate(part).astype(np.uint8) for part in (all_a, all_b))
    return Families(*codes, tuple(members)), tuple(truth)
