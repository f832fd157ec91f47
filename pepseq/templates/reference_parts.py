"""Parts of a reference, each searched by itself, so that several jobs can share a search."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pepseq.templates.decoys import decoys_of
from pepseq.templates.finder import TemplateFinder, Templates
from pepseq.templates.reference import Reference
from pepseq.templates.search_settings import SEED_SEARCH
from pepseq.templates.searches import PlaceSearch
from pepseq.templates.soft_reads import Read

_decoys_lock = threading.Lock()


class Found(NamedTuple):
    """What the search of one part found for a read.

    `searches`: the templates of each kind of search, their proteins counted from the part's first;
    `places`: how many places of the part the read was compared with.
    """

    searches: list[Templates]
    places: int


class MeanLikelihoods(NamedTuple):
    """Means over places of P(read | place, distance) / P(read), see `mean_likelihoods`.

    `known` and `decoys`, (distances,): of a part's proteins and of its decoys; `places`: number of
    places of the proteins.
    """

    known: np.ndarray
    decoys: np.ndarray
    places: int


@dataclass(frozen=True)
class ReferencePart:
    """A part of a stratum; `number`, from 0, counts the parts of all strata.

    `first`: its first protein in the stratum.
    """

    number: int
    first: int
    finder: TemplateFinder

    def search(self, read: Read, thorough: bool) -> Found:
        """Return the templates of a read in this part."""
        finder = self.finder
        return Found(finder.find_by_search(read, thorough), finder.count_places(len(read)))

    def mean_likelihoods(self, read: Read, emission: np.ndarray) -> MeanLikelihoods:
        """Return how well a read fits this part and its decoys, see `PlaceSearch`."""
        scored = self.finder.score(read)
        with _decoys_lock:  # they are made once
            decoy_search = self._decoy_search
        place_search = self.finder.place_search
        return MeanLikelihoods(
            place_search.mean_likelihoods(scored, emission),
            decoy_search.mean_likelihoods(scored, emission),
            place_search.count_places(len(read)),
        )

    @cached_property
    def _decoy_search(self) -> PlaceSearch:
        kind = self.finder.kind
        return PlaceSearch(decoys_of(self.finder.reference, kind), kind, SEED_SEARCH.candidates)


class Searches(NamedTuple):
    """The functions that search a part; others take their results from files, or record them."""

    search: Callable[[ReferencePart, Read, bool], Found] = ReferencePart.search
    mean_likelihoods: Callable[[ReferencePart, Read, np.ndarray], MeanLikelihoods] = (
        ReferencePart.mean_likelihoods
    )


def divide_stratum(
    stratum: TemplateFinder, part_residues: int, first_number: int
) -> list[ReferencePart]:
    """Return the parts of a stratum, equal in size, of no more than about `part_residues`.

    `first_number`: number of the first part.
    """
    reference = stratum.reference
    offsets = reference.offsets
    number = -(-len(reference.residues) // part_residues)
    if number <= 1:
        return [ReferencePart(first_number, 0, stratum)]
    wanted = np.linspace(0, offsets[-1], number + 1)[1:-1]
    ends = np.unique([0, *np.searchsorted(offsets, wanted), len(reference)]).tolist()
    return [
        ReferencePart(
            first_number + k,
            first,
            TemplateFinder(
                _slice_proteins(reference, first, last, f"part-{k + 1}-of-{len(ends) - 1}"),
                stratum.symbols,
                stratum.kind,
                background=stratum.background,
            ),
        )
        for k, (first, last) in enumerate(pairwise(ends))
    ]


def _slice_proteins(reference: Reference, first: int, last: int, name: str) -> Reference:
    """Return some proteins as a reference; its index lies in the folder `name` of the other one."""
    offsets = reference.offsets
    return replace(
        reference,
        residues=reference.residues[offsets[first] : offsets[last]],
        offsets=offsets[first : last + 1] - offsets[first],
        name_offsets=reference.name_offsets[first : last + 1],
        index=reference.index and reference.index.subfolder(name),
        described={},
        code_counts=None,
    )
