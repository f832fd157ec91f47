"""Pairs that are given: read from a table, and checked against the families."""

from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, found
from pepseq.io.tables import read_table

COLUMNS = ("protein_a", "protein_b")


@dataclass(frozen=True)
class KnownPair:
    """A given pair and the line that it stands in."""

    line: int
    protein_a: str
    protein_b: str


def read_known(
    path: str | Path, species_a: dict[str, str | None], species_b: dict[str, str | None]
) -> dict[str, list[KnownPair]]:
    """Return the pairs of a table (columns protein_a, protein_b), by species.

    `species_a` and `species_b` are the species of each protein of families A and B, by id; None
    where it is unread. A table of pairs that an earlier run wrote will do.

    Raises InputError naming the line for a protein that is in no family, of no species or in an
    earlier pair, and for two proteins of different species.
    """
    pairs: dict[str, list[KnownPair]] = {}
    seen: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for line, proteins in read_table(path, COLUMNS):
        of = []
        for family, protein, species, lines in zip(
            "AB", proteins, (species_a, species_b), seen, strict=True
        ):
            name = f"{path}:{line}: {found(protein)}"
            if protein not in species:
                raise InputError(f"{name}: expected a protein of family {family}, found none")
            if species[protein] is None:
                raise InputError(f"{name}: expected a protein with a species, found none read")
            if (earlier := lines.setdefault(protein, line)) != line:
                raise InputError(f"{name}: expected each protein once, found it in line {earlier}")
            of.append(species[protein])
        if of[0] != of[1]:
            raise InputError(
                f"{path}:{line}: expected two proteins of one species, found "
                f"{found(proteins[0])} of {found(of[0])} and {found(proteins[1])} of {found(of[1])}"
            )
        pairs.setdefault(of[0], []).append(KnownPair(line, *proteins))
    return pairs
