"""The organisms that the templates of reads come from, by the headers of the reference.

Names are compared word by word, since no tree of taxa is at hand: of names that differ, the lowest
common one is the species, or the genus.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SEVERAL = "several organisms"
"""The name of templates that fit a read equally well and whose organisms share no genus."""


@dataclass(frozen=True)
class OrganismSettings:
    """When templates tell the organism of a sample.

    Chosen on E. coli EC590, Sakai and W, E. albertii KF1, E. fergusonii ATCC 35469, K. pneumoniae
    HS11286 and NTUH-K2044, V. cholerae O395, S. aureus COL and JKD6008, and H. pylori G27 and
    ELS37, with E. coli K-12 or several of them as reference, none on a test set.

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


NO_READS = Counts(0, 0, 0)


@dataclass(frozen=True)
class SampleOrganisms:
    """The organisms that the templates of a sample come from.

    `all`: all reads; `by_name`: those with a template, by the name of its organism, or of its file
    if the header names none; `taxa`: taxonomy numbers of names that have one only; `files`: names
    that are of files.
    """

    all: Counts = NO_READS
    by_name: Mapping[str, Counts] = field(default_factory=dict)
    taxa: Mapping[str, int] = field(default_factory=dict)
    files: frozenset[str] = frozenset()

    @property
    def explained(self) -> Counts:
        """The reads that have a template."""
        total = NO_READS
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
        """The commonest shown organisms of each genus, if many reads are near, else none.

        Species of a genus share too many proteins, and so may files.
        """
        by_genus: dict[str, str] = {}
        for name, counts in self.shown:
            is_common = counts.reads >= ORGANISMS.shown * self.all.reads
            is_near = counts.near_share >= ORGANISMS.in_mixture
            if is_common and is_near and name != SEVERAL and name not in self.files:
                by_genus.setdefault(name.split(" ")[0], name)
        return list(by_genus.values()) if len(by_genus) > 1 else []

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
            name: self.by_name.get(name, NO_READS).plus(other.by_name.get(name, NO_READS))
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
        files = self.files | other.files
        return SampleOrganisms(self.all.plus(other.all), by_name, taxa, files)

    def describe(self) -> dict[str, Any]:
        """Return the entry of run records: counts, which can be added up."""
        organisms = [
            {"name": name, "taxon": self.taxa.get(name), "is_file": name in self.files}
            | counts._asdict()
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
            frozenset(name for name, row in rows.items() if row["is_file"]),
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
