"""Counts of the organisms that the templates of reads come from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.organisms import Organism, read_organism
from pepseq.templates.substitution import encode
from pepseq.templates.template_organisms import (
    NO_READS,
    ORGANISMS,
    Counts,
    SampleOrganisms,
    common_name,
)

if TYPE_CHECKING:  # compiles kernels, which takes time where no template is used
    from pepseq.templates.reference import Reference

_MAX_TIED = 50


class OrganismTally:
    """Counts the organisms of the templates of reads, one read after the other."""

    def __init__(self, reference: "Reference"):
        self._reference = reference
        self._all = NO_READS
        self._by_name: dict[str, Counts] = {}
        self._taxa: dict[str, set[int | None]] = {}
        self._unnamed: dict[int, Counts] = {}
        self._organisms: dict[int, Organism | None] = {}

    def add(self, templates: Sequence[int], residues: int, identity: float = 0.0) -> None:
        """Add a read of so many residues with the numbers of its equally good templates.

        `identity`: share of labels that it has in common with the first of them, 0 to 1. Without
        templates it has none.
        """
        counts = Counts(1, residues, int(identity >= ORGANISMS.near))
        self._all = self._all.plus(Counts(1, residues, 0))
        if not len(templates):
            return
        tied = [self._organism(int(protein)) for protein in templates[:_MAX_TIED]]
        named = [organism for organism in tied if organism is not None]
        if tied[0] is None:
            first = int(templates[0])
            self._unnamed[first] = self._unnamed.get(first, NO_READS).plus(counts)
            return
        name = common_name(map(_species, named))
        self._by_name[name] = self._by_name.get(name, NO_READS).plus(counts)
        self._taxa.setdefault(name, set()).update(
            organism.taxon if _species(organism) == name else None for organism in named
        )

    def _organism(self, protein: int) -> Organism | None:
        if protein not in self._organisms:
            self._organisms[protein] = read_organism(self._reference.header(protein))
        return self._organisms[protein]

    def result(self) -> SampleOrganisms:
        """Return the organisms of all reads that were added."""
        by_name = dict(self._by_name)
        files = self._files(list(self._unnamed))
        for protein, counts in self._unnamed.items():
            name = files[protein]
            by_name[name] = by_name.get(name, NO_READS).plus(counts)
        taxa = {name: numbers for name, numbers in self._taxa.items() if len(numbers) == 1}
        single = {name: next(iter(numbers)) for name, numbers in taxa.items()}
        taken = {n: t for n, t in single.items() if t}
        return SampleOrganisms(self._all, by_name, taken, frozenset(files.values()))

    def _files(self, proteins: Sequence[int]) -> dict[int, str]:
        """Return the name of the first file that has each protein."""
        paths = [str(file["path"]) for file in self._reference.described.get("files", ())]
        names = [Path(path).name for path in paths]
        if len(names) < 2 or not proteins:
            return dict.fromkeys(proteins, names[0] if names else "reference")
        wanted = {_key(self._reference.protein(p).tobytes()): p for p in proteins}
        found: dict[int, str] = {}
        for path, name in zip(paths, names, strict=True):
            if not Path(path).is_file():
                continue
            for record in read_fasta(path, bad=[], repeated_ids=True):
                protein = wanted.get(_key(encode(record.sequence).tobytes()))
                if protein is not None:
                    found.setdefault(protein, name)
        return {p: found.get(p, "reference") for p in proteins}


def _species(organism: Organism) -> str:
    return organism.species or f"taxon {organism.taxon}"


def _key(residues: bytes) -> bytes:
    return hashlib.blake2b(residues, digest_size=16).digest()
