"""Two alignments and the species of their proteins, put together for pairing.

Rows are in an order that depends only on their residues (and, between equal rows, on their ids), so
that a pairing depends neither on the order of a file nor on the names of species.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.pairing.known_pairs import KnownPair
from pepseq.pairing.method_interface import Families, Species
from pepseq.pairing.msa import Alignment
from pepseq.sequences.species import FamilySpecies

NO_SPECIES = "species not read"
ONE_FAMILY_ONLY = "species in this family only"
SURPLUS_PARALOG = "more paralogs than the other family has"


@dataclass(frozen=True)
class UnpairedProtein:
    """A protein without a pair: its family (A or B), its species if it was read, and the reason."""

    family: str
    species: str
    protein: str
    reason: str


@dataclass(frozen=True)
class FamilyCounts:
    """Numbers of proteins, species and known pairs, for the run record."""

    proteins_a: int
    proteins_b: int
    unread_a: int
    unread_b: int
    species_in_both: int
    species_in_a_only: int
    species_in_b_only: int
    species_with_paralogs: int
    known_pairs: int


@dataclass(frozen=True)
class GroupedFamilies:
    """Two families grouped by species.

    `proteins_a` and `proteins_b` are the ids of the rows of `families`; `unpaired` are the proteins
    whose species is unread or in one family only.
    """

    families: Families
    proteins_a: tuple[str, ...]
    proteins_b: tuple[str, ...]
    unpaired: tuple[UnpairedProtein, ...]
    counts: FamilyCounts


def group_by_species(
    a: Alignment, b: Alignment, read: FamilySpecies, known: Mapping[str, Sequence[KnownPair]]
) -> GroupedFamilies:
    """Return the proteins of each species that is in both families, with its known pairs.

    Raises InputError if there is no such species.
    """
    rows_of_a, rows_of_b = _rows_by_species(a, read.a), _rows_by_species(b, read.b)
    shared = rows_of_a.keys() & rows_of_b.keys()
    if not shared:
        example_a, example_b = (next(map(quoted, rows), "none") for rows in (rows_of_a, rows_of_b))
        raise InputError(
            f"{a.source}, {b.source}: no species is in both families: the rule {read.rule} reads "
            f"{example_a} in A and {example_b} in B. Specify another rule with --species"
        )

    def content(name: str) -> tuple[object, ...]:
        """Return the residues of a species, then its ids: species are in this order."""
        rows = (a, rows_of_a[name]), (b, rows_of_b[name])
        residues = tuple([family.codes[row].tobytes() for row in own] for family, own in rows)
        return residues, tuple([family.ids[row] for row in own] for family, own in rows)

    rows_a: list[int] = []
    rows_b: list[int] = []
    species = []
    for name in sorted(shared, key=content):
        own_a, own_b = rows_of_a[name], rows_of_b[name]
        position_a = {a.ids[row]: position for position, row in enumerate(own_a)}
        position_b = {b.ids[row]: position for position, row in enumerate(own_b)}
        known_pairs = sorted(
            (position_a[pair.protein_a], position_b[pair.protein_b]) for pair in known.get(name, ())
        )
        species.append(
            Species(
                name,
                np.arange(len(rows_a), len(rows_a) + len(own_a)),
                np.arange(len(rows_b), len(rows_b) + len(own_b)),
                np.array(known_pairs, np.int64).reshape(-1, 2),
            )
        )
        rows_a += own_a
        rows_b += own_b
    return GroupedFamilies(
        Families(a.codes[rows_a], b.codes[rows_b], tuple(species)),
        tuple(a.ids[row] for row in rows_a),
        tuple(b.ids[row] for row in rows_b),
        (*_without_partner("A", a, read.a, shared), *_without_partner("B", b, read.b, shared)),
        _count(read, species),
    )


def _rows_by_species(alignment: Alignment, species: Sequence[str | None]) -> dict[str, list[int]]:
    """Return the rows of each species, in order of residues, then id."""
    rows_by_species: dict[str, list[int]] = {}
    for row, name in enumerate(species):
        if name is not None:
            rows_by_species.setdefault(name, []).append(row)
    for rows in rows_by_species.values():
        rows.sort(key=lambda row: (alignment.codes[row].tobytes(), alignment.ids[row]))
    return rows_by_species


def _without_partner(
    family: str, alignment: Alignment, species: Sequence[str | None], shared: set[str]
) -> Iterator[UnpairedProtein]:
    """Yield the proteins whose species is not in both families."""
    for name, protein in sorted(zip((s or "" for s in species), alignment.ids, strict=True)):
        if name not in shared:
            reason = ONE_FAMILY_ONLY if name else NO_SPECIES
            yield UnpairedProtein(family, name, protein, reason)


def _count(read: FamilySpecies, shared_species: Sequence[Species]) -> FamilyCounts:
    a, b = (Counter(name for name in names if name) for names in (read.a, read.b))
    return FamilyCounts(
        proteins_a=len(read.a),
        proteins_b=len(read.b),
        unread_a=sum(name is None for name in read.a),
        unread_b=sum(name is None for name in read.b),
        species_in_both=len(shared_species),
        species_in_a_only=len(a.keys() - b.keys()),
        species_in_b_only=len(b.keys() - a.keys()),
        species_with_paralogs=sum(max(len(s.rows_a), len(s.rows_b)) > 1 for s in shared_species),
        known_pairs=sum(len(s.known) for s in shared_species),
    )
