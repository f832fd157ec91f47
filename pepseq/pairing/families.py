"""Two alignments and the species of their proteins, put together for pairing.

Rows are put in an order that depends on nothing but their residues (and, between equal ones, their
ids), so that a pairing depends neither on the order of a file nor on what a species is called.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from pepseq.errors import InputError, found
from pepseq.pairing.known_pairs import KnownPair
from pepseq.pairing.method_interface import Families, Species
from pepseq.pairing.msa import Alignment
from pepseq.sequences.species import FamilySpecies

NO_SPECIES = "species not read"
ONE_SIDE = "species in this family only"
LEFT_OVER = "more paralogs than the other family has"


@dataclass(frozen=True)
class Unpaired:
    """A protein without a pair: its family (A or B), its species if it was read, and why."""

    family: str
    species: str
    protein: str
    reason: str


@dataclass(frozen=True)
class Grouped:
    """What is to be paired, and what cannot be.

    `proteins_a` and `proteins_b` are the ids of the rows of `families`; `unpaired` are the proteins
    whose species is unread or in one family only, `counts` says how many there are of each.
    """

    families: Families
    proteins_a: tuple[str, ...]
    proteins_b: tuple[str, ...]
    unpaired: tuple[Unpaired, ...]
    counts: dict[str, int]


def group(
    a: Alignment, b: Alignment, read: FamilySpecies, known: dict[str, list[KnownPair]]
) -> Grouped:
    """Put together the proteins of each species that is in both families.

    Raises InputError if there is no such species.
    """
    rows_of_a, rows_of_b = _rows(a, read.a), _rows(b, read.b)
    both = rows_of_a.keys() & rows_of_b.keys()
    if not both:
        examples = [next((found(s) for s in some if s), "none") for some in (read.a, read.b)]
        raise InputError(
            f"{a.path}, {b.path}: expected a species that is in both families, found none: by "
            f"{read.rule} those of A are such as {examples[0]}, of B {examples[1]} (see --species)"
        )

    def content(name: str) -> tuple:
        rows = [(a, row) for row in rows_of_a[name]], [(b, row) for row in rows_of_b[name]]
        residues = [[family.codes[row].tobytes() for family, row in some] for some in rows]
        return residues, [[family.ids[row] for family, row in some] for some in rows]

    rows_a, rows_b, species = [], [], []
    for name in sorted(both, key=content):
        of_a, of_b = rows_of_a[name], rows_of_b[name]
        at_a = {a.ids[row]: at for at, row in enumerate(of_a)}
        at_b = {b.ids[row]: at for at, row in enumerate(of_b)}
        pairs = sorted((at_a[p.protein_a], at_b[p.protein_b]) for p in known.get(name, ()))
        species.append(
            Species(
                name,
                np.arange(len(rows_a), len(rows_a) + len(of_a)),
                np.arange(len(rows_b), len(rows_b) + len(of_b)),
                np.array(pairs, np.int64).reshape(-1, 2),
            )
        )
        rows_a += of_a
        rows_b += of_b
    return Grouped(
        Families(a.codes[rows_a], b.codes[rows_b], tuple(species)),
        tuple(a.ids[row] for row in rows_a),
        tuple(b.ids[row] for row in rows_b),
        (*_left("A", a, read.a, both), *_left("B", b, read.b, both)),
        _count(read, both, species),
    )


def _rows(alignment: Alignment, species: tuple[str | None, ...]) -> dict[str, list[int]]:
    """Return the rows of each species, in order of residues, then id."""
    of: dict[str, list[int]] = {}
    for row, name in enumerate(species):
        if name is not None:
            of.setdefault(name, []).append(row)
    for rows in of.values():
        rows.sort(key=lambda row: (alignment.codes[row].tobytes(), alignment.ids[row]))
    return of


def _left(family: str, alignment: Alignment, species: tuple[str | None, ...], both: set[str]):
    for name, protein in sorted(zip((s or "" for s in species), alignment.ids, strict=True)):
        if name not in both:
            yield Unpaired(family, name, protein, ONE_SIDE if name else NO_SPECIES)


def _count(read: FamilySpecies, both: set[str], species: list[Species]) -> dict[str, int]:
    a, b = (Counter(name for name in some if name) for some in (read.a, read.b))
    return {
        "proteins_a": len(read.a),
        "proteins_b": len(read.b),
        "unread_a": sum(name is None for name in read.a),
        "unread_b": sum(name is None for name in read.b),
        "species_in_both": len(both),
        "species_in_a_only": len(a.keys() - both),
        "species_in_b_only": len(b.keys() - both),
        "species_with_paralogs": sum(len(s.a) > 1 or len(s.b) > 1 for s in species),
        "known_pairs": sum(len(s.known) for s in species),
    }
