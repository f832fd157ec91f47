"""Pairs that are given: read from a table, and checked against the families."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, quoted
from pepseq.io.tables import read_table

COLUMNS = ("protein_a", "protein_b")
SpeciesOfProteins = Mapping[str, str | None]
"""Species of each protein of a family by id; None where it was not read."""


@dataclass(frozen=True)
class KnownPair:
    """A given pair, and where it was given: line 3 of a table is `pairs.tsv:3`."""

    place: str
    protein_a: str
    protein_b: str


def read_known_pairs(path: str | Path) -> list[KnownPair]:
    """Return the pairs of a table with columns protein_a and protein_b, such as an earlier output.

    Raises InputError for a table that cannot be read.
    """
    return [KnownPair(f"{path}:{line}", *proteins) for line, proteins in read_table(path, COLUMNS)]


def known_pairs_by_species(
    pairs: Iterable[KnownPair], species_a: SpeciesOfProteins, species_b: SpeciesOfProteins
) -> dict[str, list[KnownPair]]:
    """Return known pairs by species.

    Raises InputError naming the place of a pair: for a protein that is in no family, has no species
    or is in an earlier pair, and for two proteins of different species.
    """
    by_species: dict[str, list[KnownPair]] = {}
    earlier_a: dict[str, str] = {}
    earlier_b: dict[str, str] = {}
    for pair in pairs:
        of_a = _species_of("A", pair.protein_a, species_a, pair.place, earlier_a)
        of_b = _species_of("B", pair.protein_b, species_b, pair.place, earlier_b)
        if of_a != of_b:
            raise InputError(
                f"{pair.place}: a pair needs two proteins of one species, but "
                f"{quoted(pair.protein_a)} is of {quoted(of_a)} and {quoted(pair.protein_b)} of "
                f"{quoted(of_b)}"
            )
        by_species.setdefault(of_a, []).append(pair)
    return by_species


def _species_of(
    family: str, protein: str, species: SpeciesOfProteins, place: str, earlier: dict[str, str]
) -> str:
    """Return the species of a protein of a known pair, and note its place in `earlier`."""
    name = f"{place}: {quoted(protein)}"
    if protein not in species:
        raise InputError(f"{name}: there is no such protein in family {family}")
    of_protein = species[protein]
    if of_protein is None:
        raise InputError(f"{name}: the species of this protein could not be read (see --species)")
    if protein in earlier:
        raise InputError(f"{name}: is in an earlier pair, {earlier[protein]}")
    earlier[protein] = place
    return of_protein
