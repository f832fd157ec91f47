"""Two families of proteins that coevolve, made up, with the true pairs known."""

from dataclasses import dataclass

import numpy as np

from pepseq.pairing.method_interface import Families, Species

GAP_CODE = 20


@dataclass(frozen=True)
class Planted:
    """Made-up families and their true pairs.

    `true` has for each species the positions of each true pair in `Species.a` and `Species.b`,
    int64 (pairs, 2); a protein in none of them has lost its partner.
    """

    families: Families
    true: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class _Columns:
    """How columns change: `pairs` (pairs, 2) coupled columns of A and B, and what fits what.

    `fits` (pairs, 20): the residue of B that fits each residue of A; `fidelity`: how often B
    follows when A changes.
    """

    length_a: int
    pairs: np.ndarray
    fits: np.ndarray
    fidelity: float

    def change(self, random, protein: np.ndarray, rate: float) -> np.ndarray:
        """Return a descendant of an interacting pair, A's residues followed by B's.

        Each column is drawn anew with probability `rate`; coupled ones together.
        """
        new = np.where(
            random.random(len(protein)) < rate, random.integers(0, 20, len(protein)), protein
        )
        a, b = self.pairs[:, 0], self.pairs[:, 1] + self.length_a
        new[b] = protein[b]
        follows = (new[a] != protein[a]) & (random.random(len(a)) < self.fidelity)
        new[b[follows]] = self.fits[follows, new[a[follows]]]
        return new


def planted(
    seed: int,
    species: int = 30,
    sizes: tuple[int, int] = (2, 6),
    lengths: tuple[int, int] = (72, 64),
    *,
    coupled: int = 18,
    subfamilies: int = 8,
    between: float = 0.35,
    within: float = 0.3,
    fidelity: float = 0.9,
    lost: float = 0.1,
    gaps: float = 0.02,
) -> Planted:
    """Make two families whose members interact in pairs, and evolve with their partners.

    An ancestral pair gives rise to `subfamilies` (each column changed with probability `between`),
    and each of these evolves along one tree of `species` (in all, a column changes with about
    probability `within` from root to leaf), so that orthologs are alike in both families whoever
    pairs with whom, as in nature. A species has `sizes` (from, to) pairs of subfamilies drawn at
    random, twice the same perhaps. `coupled` columns of A and of B change together: B takes the
    residue that fits with probability `fidelity`. Each protein loses its partner with probability
    `lost` / 2, and each residue is a gap with probability `gaps`. Rows are in random order.
    """
    random = np.random.default_rng(seed)
    length_a, length_b = lengths
    columns = _Columns(
        length_a,
        np.stack([random.permutation(n)[:coupled] for n in lengths], axis=1),
        np.array([random.permutation(20) for _ in range(coupled)], int).reshape(-1, 20),
        fidelity,
    )
    ancestor = columns.change(random, random.integers(0, 20, length_a + length_b), 1.0)
    roots = [columns.change(random, ancestor, between) for _ in range(subfamilies)]
    leaves = _along_tree(random, columns, roots, species, within)
    rows_a, rows_b, members, true = [], [], [], []
    for of_species in leaves:
        drawn = random.integers(0, subfamilies, random.integers(sizes[0], sizes[1] + 1))
        pairs = [columns.change(random, of_species[number], within / 4) for number in drawn]
        a, b = (list(random.permutation(len(pairs))) for _ in "ab")
        for side in (a, b):
            without_partner = [number for number in side if random.random() < lost / 2]
            for number in without_partner[: len(side) - 1]:
                side.remove(number)
        members.append((len(rows_a), len(a), len(rows_b), len(b)))
        true.append([(a.index(pair), b.index(pair)) for pair in sorted(set(a) & set(b))])
        rows_a += [pairs[number][:length_a] for number in a]
        rows_b += [pairs[number][length_a:] for number in b]
    return _shuffled(random, rows_a, rows_b, members, true, gaps)


def _along_tree(random, columns, roots, species: int, within: float) -> list[list[np.ndarray]]:
    """Return the subfamilies' proteins in each species: all evolve along one random tree."""
    depth = int(np.ceil(np.log2(max(species, 2))))
    nodes = [roots]
    for _ in range(depth):
        rates = random.uniform(0.5, 1.5, 2 * len(nodes)) * within / depth
        children = [node for node in nodes for _ in "lr"]
        nodes = [
            [columns.change(random, protein, rate) for protein in node]
            for node, rate in zip(children, rates, strict=True)
        ]
    return [nodes[number] for number in sorted(random.permutation(len(nodes))[:species])]


def _shuffled(random, rows_a, rows_b, members, true, gaps: float) -> Planted:
    """Put rows in random order, and gaps in them."""
    codes, places = [], []
    for rows in (rows_a, rows_b):
        order = random.permutation(len(rows))
        table = np.array(rows, dtype=np.uint8)[order]
        table[random.random(table.shape) < gaps] = GAP_CODE
        codes.append(table)
        places.append(np.argsort(order))
    species = tuple(
        Species(
            f"species_{number:02}",
            places[0][a : a + size_a],
            places[1][b : b + size_b],
            np.empty((0, 2), np.int64),
        )
        for number, (a, size_a, b, size_b) in enumerate(members, 1)
    )
    pairs = tuple(np.array(positions, np.int64).reshape(-1, 2) for positions in true)
    return Planted(Families(*codes, species), pairs)
