"""The proteins that accepted reads come from, with a q-value of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from pepseq.identification.decoys import q_values
from pepseq.identification.fit_table import one_cell
from pepseq.identification.fits import ReadFits
from pepseq.io.tables import format_tsv
from pepseq.quantification.amounts_table import PROTEIN_SEPARATOR
from pepseq.templates.reference import Reference


@dataclass(frozen=True)
class FoundProtein:
    """A group of proteins that no accepted read tells apart.

    group: the first of its `proteins`, ids joined by `;`; `description` is that of the first.
    reads, unique_reads: accepted reads that may come from the group, see `likely_proteins`, and
        those of them that come from no other group; both are sums of counts.
    lead: of the best unique read, in bits; see `ReadFits`.
    """

    group: str
    proteins: str
    description: str
    reads: int
    unique_reads: int
    lead: float
    q_value: float


PROTEIN_COLUMNS = tuple(field.name for field in fields(FoundProtein))
_FORMATS = {"lead": ".2f", "q_value": ".4g"}


class _Read(NamedTuple):
    """The proteins, or decoys, that a read may come from; its lead, and how often it was seen."""

    proteins: tuple[int, ...]
    lead: float
    seen: int


class FoundProteins:
    """Gathers reads; `groups` then returns the groups of proteins that they come from."""

    def __init__(self, max_q: float) -> None:
        """Accept reads with a q-value up to `max_q`."""
        self._max_q = max_q
        self._accepted: list[_Read] = []
        self._decoys: list[_Read] = []

    def add(self, fits: ReadFits, q_value: float, count: int) -> None:
        """Add a read that was seen `count` times.

        In `q_value` a relative of a peptide counts as right, since both come from one protein.
        """
        if fits.lead <= fits.decoy_lead:
            self._decoys.append(_Read(fits.decoys, fits.decoy_lead, count))
        elif q_value <= self._max_q:
            self._accepted.append(_Read(fits.proteins, fits.lead, count))

    def groups(self, reference: Reference) -> list[FoundProtein]:
        """Return the groups with a unique read, the lowest q-value first.

        The lead of a group is that of its best unique read; its rival is the best lead of its own
        decoys, and the q-value is that of `q_values` over these pairs, so that a decoy counts only
        if its group has no better read (picked competition: Savitski et al. 2015, Molecular and
        Cellular Proteomics 14: 2394; The et al. 2016, Journal of the American Society for Mass
        Spectrometry 27: 1719). Decoys are accepted from the lowest lead of an accepted read.
        """
        least = min((read.lead for read in self._accepted), default=np.inf)
        found = _grouped(self._accepted)
        decoys = _grouped(read for read in self._decoys if read.lead >= least)
        group_of = {p: at for at, group in enumerate(found) for p in group.members}
        rivals = np.full(len(found), -np.inf)
        alone = []
        for decoy in decoys:
            own = {group_of[p] for p in decoy.members if p in group_of}
            for at in own:
                rivals[at] = max(rivals[at], decoy.lead)
            alone += [] if own else [decoy.lead]
        leads = [group.lead for group in found] + [-np.inf] * len(alone)
        values = q_values(leads, [*rivals.tolist(), *alone]).tolist()
        ranked = sorted(zip(values, found, strict=False), key=lambda pair: (pair[0], -pair[1].lead))
        return [_row(group, q_value, reference) for q_value, group in ranked]


def format_proteins(found: Sequence[FoundProtein]) -> bytes:
    """Return the table of proteins."""
    names = [(name, _FORMATS.get(name, "")) for name in PROTEIN_COLUMNS]
    cells = ([format(getattr(row, name), f) for name, f in names] for row in found)
    return format_tsv([PROTEIN_COLUMNS, *cells])


class _Group(NamedTuple):
    """Numbers of the proteins of a group, counts of its reads, and its best unique lead."""

    members: list[int]
    reads: int
    unique_reads: int
    lead: float


def _grouped(reads: Iterable[_Read]) -> list[_Group]:
    """Return the groups of proteins that no read tells apart, those that have a unique read."""
    by_set: dict[tuple[int, ...], list[_Read]] = {}
    for read in reads:
        by_set.setdefault(read.proteins, []).append(read)
    sets_of: dict[int, list[tuple[int, ...]]] = {}
    for proteins in by_set:
        for protein in proteins:
            sets_of.setdefault(protein, []).append(proteins)
    members: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for protein in sorted(sets_of):
        members.setdefault(tuple(sets_of[protein]), []).append(protein)
    return list(_with_unique_reads(members, by_set))


def _with_unique_reads(
    members: dict[tuple[tuple[int, ...], ...], list[int]],
    by_set: dict[tuple[int, ...], list[_Read]],
) -> Iterator[_Group]:
    """Yield the groups of which a set of proteins has no others."""
    for sets, group in members.items():
        unique = by_set.get(tuple(group), [])
        if unique:
            counts = [read.seen for proteins in sets for read in by_set[proteins]]
            own = sum(read.seen for read in unique)
            yield _Group(group, sum(counts), own, max(read.lead for read in unique))


def _row(group: _Group, q_value: float, reference: Reference) -> FoundProtein:
    names = [reference.name(protein) for protein in group.members]
    _, _, description = reference.header(group.members[0]).partition(" ")
    return FoundProtein(
        names[0],
        PROTEIN_SEPARATOR.join(names),
        one_cell(description),
        group.reads,
        group.unique_reads,
        group.lead,
        q_value,
    )
