"""The one-to-one pairing that frequencies favour, and the files that it is written to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pepseq.io.tables import format_tsv
from pepseq.pairing.families import SURPLUS_PARALOG, GroupedFamilies, UnpairedProtein
from pepseq.pairing.method_interface import Families, MethodResult, Species

PAIR_COLUMNS = ("species", "protein_a", "protein_b", "confidence", "rank", "known")
UNPAIRED_COLUMNS = ("family", "species", "protein", "reason")


@dataclass(frozen=True)
class RowPair:
    """Two proteins that are taken to interact, as rows of `Families.codes_a` and `codes_b`.

    `confidence` is the share of runs that chose the pair, 0 to 1; `known` says that it was given.
    """

    species: str
    row_a: int = field(repr=False)
    row_b: int = field(repr=False)
    confidence: float
    known: bool


@dataclass(frozen=True)
class Pair(RowPair):
    """A pair with the ids of its proteins."""

    protein_a: str
    protein_b: str


def best_pairs(families: Families, result: MethodResult, seed: int) -> list[RowPair]:
    """Return the pairing of the greatest total frequency, most confident pair first.

    Within each species it is one-to-one and as large as the smaller side; known pairs are in it.
    The choice between equally good pairings depends only on `seed` and on the residues.
    """
    from scipy.optimize import linear_sum_assignment

    random = np.random.default_rng([seed, 0])
    pairs = []
    for species, frequencies in zip(families.species, result.frequencies, strict=True):
        known = {(int(a), int(b)) for a, b in species.known}
        free_a, free_b = (random.permutation(free) for free in unknown_positions(species))
        at_a, at_b = linear_sum_assignment(frequencies[np.ix_(free_a, free_b)], maximize=True)
        new = zip(free_a[at_a].tolist(), free_b[at_b].tolist(), strict=True)
        for a, b in sorted(known | set(new)):
            is_known = (a, b) in known
            confidence = 1.0 if is_known else float(frequencies[a, b])
            rows = int(species.rows_a[a]), int(species.rows_b[b])
            pairs.append(RowPair(species.name, *rows, confidence, is_known))
    return sorted(pairs, key=lambda pair: -pair.confidence)


def unknown_positions(species: Species) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions in `rows_a` and `rows_b` of the proteins in no known pair."""
    return (
        np.setdiff1d(np.arange(len(species.rows_a)), species.known[:, 0]),
        np.setdiff1d(np.arange(len(species.rows_b)), species.known[:, 1]),
    )


def with_protein_ids(pairs: Sequence[RowPair], grouped: GroupedFamilies) -> list[Pair]:
    """Return pairs of rows with the ids of their proteins."""
    ids_a, ids_b = grouped.proteins_a, grouped.proteins_b
    return [
        Pair(*(p.species, p.row_a, p.row_b, p.confidence, p.known), ids_a[p.row_a], ids_b[p.row_b])
        for p in pairs
    ]


def unpaired_proteins(grouped: GroupedFamilies, pairs: Sequence[Pair]) -> list[UnpairedProtein]:
    """Return all proteins without a pair, sorted, surplus paralogs of a species among them."""
    unpaired = list(grouped.unpaired)
    paired = {("A", p.protein_a) for p in pairs} | {("B", p.protein_b) for p in pairs}
    for species in grouped.families.species:
        proteins = [("A", grouped.proteins_a[row]) for row in species.rows_a]
        proteins += [("B", grouped.proteins_b[row]) for row in species.rows_b]
        unpaired += [
            UnpairedProtein(family, species.name, protein, SURPLUS_PARALOG)
            for family, protein in proteins
            if (family, protein) not in paired
        ]
    return sorted(unpaired, key=lambda row: (row.family, row.species, row.protein))


def format_pairs(pairs: Sequence[Pair]) -> bytes:
    """Return the table of pairs: PAIR_COLUMNS, rank 1 for the most confident."""
    yes_or_no = {True: "yes", False: "no"}
    rows = (
        (p.species, p.protein_a, p.protein_b, f"{p.confidence:.4f}", rank, yes_or_no[p.known])
        for rank, p in enumerate(pairs, 1)
    )
    return format_tsv([PAIR_COLUMNS, *rows])


def format_unpaired(unpaired: Sequence[UnpairedProtein]) -> bytes:
    """Return the table of proteins without a pair: UNPAIRED_COLUMNS."""
    rows = ((row.family, row.species, row.protein, row.reason) for row in unpaired)
    return format_tsv([UNPAIRED_COLUMNS, *rows])
