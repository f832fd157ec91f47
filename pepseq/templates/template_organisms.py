"""The organisms that the templates of reads come from, by the headers of the reference.

Names are compared word by word, since no tree of taxa is at hand: of names that differ, the lowest
common one is the species, or the genus.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.organisms import Organism, read_organism
from pepseq.templates.substitution import encode

if TYPE_CHECKING:  # compiles kernels, which takes time where no template is used
    from pepseq.templates.reference import Reference

SEVERAL = "several organisms"
"""The name of templates that fit a read equally well and whose organisms share no genus."""


@dataclass(frozen=True)
class OrganismSettings:
    """When templates tell the organism of a sample.

    Chosen on E. coli EC590, E. fergusonii ATCC 35469, K. pneumoniae HS11286, V. cholerae O395, S.
    aureus COL and H. pylori G27, with one another as reference and with E. coli K-12, none on a
    test set.

    min_explained: a protein has a template if at least this share of its residues is copied.
    tie: templates are alike if they have this share of the best one's weight; of a lookup those
        with equal fits are.
    shown: organisms with a lower share of the reads with a template are not shown, and are no part
        of a mixture.
    near: share of labels in common from which on a read has nearly the labels of its template.
    same_strain: share of such reads from which on a sample is of the templates' strain or a similar
        one. In diverse species, such as H. pylori, other strains have less.
    in_mixture: share of such reads from which on an organism is part of a mixture.
    min_reads, few: of a sample of at least so many whole proteins, too few have a template if a
        lower share has.
    """

    min_explained: float = 0.5
    tie: float = 0.5
    shown: float = 0.05
    near: float = 0.97
    same_strain: float = 0.75
    in_mixture: float = 0.4
    min_reads: int = 20
    few: float = 0.3


ORGANISMS = OrganismSettings()
ORGANISMS_OF_TEMPLATES = "organisms_of_templates"
"""Name of the entry of run records."""
_MAX_TIED = 50


class Counts(NamedTuple):
    """Numbers of reads and of their residues; of reads with nearly the labels of their template."""

    reads: int
    residues: int
    near: int

    def plus(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "Counts") -> "Counts":
        """Return the differences."""
        return Counts(*(a - b for a, b in zip(self, other, strict=True)))

    @property
    def near_share(self) -> float:
        """The share of reads with nearly the labels of their template, 0 to 1."""
        return self.near / self.reads if self.reads else 0.0


_NONE = Counts(0, 0, 0)


@dataclass(frozen=True)
class SampleOrganisms:
    """The organisms that the templates of a sample come from.

    `all`: all reads; `by_name`: those with a template, by the name of its organism, or of its file
    if the header names none; `taxa`: taxonomy numbers of names that have one only.
    """

    all: Counts = _NONE
    by_name: Mapping[str, Counts] = field(default_factory=dict)
    taxa: Mapping[str, int] = field(default_factory=dict)

    @property
    def explained(self) -> Counts:
        """The reads that have a template."""
        total = _NONE
        for counts in self.by_name.values():
            total = total.plus(counts)
        return total

    @property
    def shown(self) -> list[tuple[str, Counts]]:
        """The organisms with a share worth showing, the commonest first."""
        least = ORGANISMS.shown * self.explained.reads
        return [(name, counts) for name, counts in self.ordered if counts.reads >= least]

    @property
    def ordered(self) -> list[tuple[str, Counts]]:
        """All organisms, the commonest first."""
        return sorted(self.by_name.items(), key=lambda pair: (-pair[1].reads, pair[0]))

    @property
    def common(self) -> str:
        """The lowest common name of the shown organisms, empty if they share no genus."""
        name = common_name([name for name, _ in self.shown if name != SEVERAL])
        return "" if name == SEVERAL else name

    @property
    def mixture(self) -> list[str]:
        """The shown organisms that many of their reads are near to, if several, else none."""
        found = [
            name
            for name, counts in self.shown
            if name != SEVERAL
            and counts.reads >= ORGANISMS.shown * self.all.reads
            and counts.near_share >= ORGANISMS.in_mixture
        ]
        return found if len(found) > 1 else []

    @property
    def has_few_templates(self) -> bool:
        """Whether too few reads have a template."""
        enough = self.all.reads >= ORGANISMS.min_reads
        return enough and self.explained.reads < ORGANISMS.few * self.all.reads

    @property
    def is_relative(self) -> bool:
        """Whether reads differ from their templates more than those of a similar strain do."""
        enough = self.all.reads >= ORGANISMS.min_reads
        return enough and self.explained.near_share < ORGANISMS.same_strain

    def plus(self, other: "SampleOrganisms") -> "SampleOrganisms":
        """Return the organisms of both samples together."""
        names = {**self.by_name, **other.by_name}
        by_name = {
            name: self.by_name.get(name, _NONE).plus(other.by_name.get(name, _NONE))
            for name in names
        }
        both = {**self.taxa, **other.taxa}
        taxa = {
            name: taxon
            for name, taxon in both.items()
            if all(
                name not in part.by_name or part.taxa.get(name) == taxon for part in (self, other)
            )
        }
        return SampleOrganisms(self.all.plus(other.all), by_name, taxa)

    def describe(self) -> dict[str, Any]:
        """Return the entry of run records: counts, which can be added up."""
        organisms = [
            {"name": name, "taxon": self.taxa.get(name)} | counts._asdict()
            for name, counts in self.ordered
        ]
        return self.all._asdict() | {"common": self.common, "organisms": organisms}

    def text(self) -> str:
        """Return a line for the log, empty without reads.

        >>> coli = {"Escherichia coli": Counts(reads=9, residues=880, near=9)}
        >>> SampleOrganisms(Counts(10, 1000, 0), coli).text()
        'templates: Escherichia coli 90 % of reads, 88 % of residues (near: 100 %); none 10 %, 12 %'
        """
        if not self.all.reads:
            return ""
        parts = [
            f"{name} {self._shares(counts, ' of reads', ' of residues')} "
            f"(near: {100 * counts.near_share:.0f} %)"
            for name, counts in self.shown
        ]
        others, rest = self.explained, self.all
        for _, counts in self.shown:
            others = others.minus(counts)
        if others.reads:
            parts.append(f"others {self._shares(others)}")
        parts.append(f"none {self._shares(rest.minus(self.explained))}")
        return "templates: " + "; ".join(parts)

    def _shares(self, counts: Counts, of_reads: str = "", of_residues: str = "") -> str:
        reads, residues = self.all[:2]
        return (
            f"{100 * counts.reads / max(reads, 1):.0f} %{of_reads}, "
            f"{100 * counts.residues / max(residues, 1):.0f} %{of_residues}"
        )

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "SampleOrganisms":
        """Return the organisms of an entry of a run record; KeyError, TypeError for another."""
        rows = {str(row["name"]): row for row in described["organisms"]}
        return cls(
            _counts(described),
            {name: _counts(row) for name, row in rows.items()},
            {name: int(row["taxon"]) for name, row in rows.items() if row["taxon"] is not None},
        )


def _counts(row: Mapping[str, Any]) -> Counts:
    return Counts(int(row["reads"]), int(row["residues"]), int(row["near"]))


def common_name(names: Iterable[str]) -> str:
    """Return the lowest name that these have in common: the only one, their genus, or SEVERAL.

    >>> common_name(["Escherichia coli", "Escherichia fergusonii"])
    'Escherichia'
    """
    distinct = set(names)
    if len(distinct) == 1:
        return distinct.pop()
    genera = {name.split(" ")[0] for name in distinct if name != SEVERAL}
    return genera.pop() if len(genera) == 1 and SEVERAL not in distinct else SEVERAL


class OrganismTally:
    """Counts the organisms of the templates of reads, one read after the other."""

    def __init__(self, reference: "Reference"):
        self._reference = reference
        self._all = _NONE
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
            self._unnamed[first] = self._unnamed.get(first, _NONE).plus(counts)
            return
        name = common_name(map(_species, named))
        self._by_name[name] = self._by_name.get(name, _NONE).plus(counts)
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
            by_name[name] = by_name.get(name, _NONE).plus(counts)
        taxa = {name: numbers for name, numbers in self._taxa.items() if len(numbers) == 1}
        single = {name: next(iter(numbers)) for name, numbers in taxa.items()}
        return SampleOrganisms(self._all, by_name, {n: t for n, t in single.items() if t})

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
