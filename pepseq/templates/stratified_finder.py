"""Templates of each stratum of a reference, so that adding proteins hides none found without."""

from collections.abc import Container, Sequence
from dataclasses import replace

import numpy as np

from pepseq.templates.array_files import limit_resident
from pepseq.templates.finder import TemplateFinder, Templates, merge_templates
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference
from pepseq.templates.reference_parts import ReferencePart, Searches, divide_stratum
from pepseq.templates.search_settings import PART_RESIDUES, RANKING
from pepseq.templates.soft_reads import Read


class StratifiedFinder:
    """Finds templates in each stratum of a reference; safe in several threads.

    A stratum of more than `part_residues` residues is searched in parts, see `divide_stratum`, by
    the functions in `searches`; `parts` are those of each stratum.
    """

    def __init__(
        self,
        reference: Reference,
        symbols: ReadSymbols,
        kind: str = "protein",
        part_residues: int = PART_RESIDUES,
    ):
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.searches = Searches()
        self.strata = [TemplateFinder(part, symbols, kind) for part in reference.strata()]
        self.parts: list[list[ReferencePart]] = []
        for stratum in self.strata:
            self.parts.append(divide_stratum(stratum, part_residues, self.number_of_parts))
        ends = np.cumsum([len(finder.reference) for finder in self.strata])
        self._first_proteins = [0, *ends[:-1].tolist()]
        emitted = np.array([finder.background @ symbols.emission for finder in self.strata])
        self._log_emitted = np.log(np.maximum(emitted, np.finfo(float).tiny))

    @property
    def number_of_parts(self) -> int:
        """The number of parts of all strata."""
        return sum(map(len, self.parts))

    def find(self, read: Read, thorough: bool = False) -> Templates:
        """Return the templates of a read, as many as `TemplateFinder.find` finds in one stratum.

        Of several strata those are kept that are the most likely: their scores, less the bits of
        the places that they were chosen from.
        """
        of_strata = [
            self._search_stratum(parts, first, read, thorough)
            for parts, first in zip(self.parts, self._first_proteins, strict=True)
            if parts
        ]
        limit_resident()
        return merge_templates([self._choose(search) for search in zip(*of_strata, strict=True)])

    def keep_parts(self, numbers: Container[int]) -> None:
        """Search only the parts with these numbers from now on."""
        self.parts = [[part for part in parts if part.number in numbers] for parts in self.parts]

    def _search_stratum(
        self, parts: Sequence[ReferencePart], first: int, read: Read, thorough: bool
    ) -> list[Templates]:
        """Return the templates that each kind of search finds in all parts of a stratum.

        `first`: the stratum's first protein in the reference.
        """
        found = [self.searches.search(part, read, thorough) for part in parts]
        places = sum(of_part.places for of_part in found)
        together = []
        for search in zip(*(of_part.searches for of_part in found), strict=True):
            moved = [
                replace(templates, proteins=templates.proteins + (part.first + first))
                for part, templates in zip(parts, search, strict=True)
            ]
            best = moved[0]
            if len(parts) > 1:
                count = RANKING.count_templates(self.kind, len(read))
                best = merge_templates(moved).select(np.s_[:count])
                best = replace(best, places=np.full(len(best.proteins), places))
            together.append(best)
        return together

    def mean_likelihoods(self, read: Read, emission: np.ndarray) -> np.ndarray:
        """Return how well a read fits the reference and its decoys, (2, distances).

        The sum over strata of the mean over their places, see `PlaceSearch.mean_likelihoods`.
        """
        total = np.zeros((2, emission.shape[2]))
        for parts in filter(None, self.parts):
            found = [self.searches.mean_likelihoods(part, read, emission) for part in parts]
            if len(found) > 1:
                shares = np.array([of_part.places for of_part in found], float)
                shares /= max(shares.sum(), 1)
                total[0] += sum(s * f.known for s, f in zip(shares, found, strict=True))
                total[1] += sum(s * f.decoys for s, f in zip(shares, found, strict=True))
            else:
                total += found[0].known, found[0].decoys
        return total

    def _choose(self, of_strata: Sequence[Templates]) -> Templates:
        """Return the most likely of the templates that one kind of search found in each stratum."""
        if len(of_strata) == 1:
            return of_strata[0]
        templates = merge_templates(of_strata)
        count = max(RANKING.max_templates, *(len(part.proteins) for part in of_strata))
        likelihood = templates.scores - np.log2(np.maximum(templates.places, 1))
        best = np.argsort(-likelihood, kind="stable")[:count]
        return templates.select(np.sort(best))

    def likeliest_stratum(self, read: Read) -> int:
        """Return the stratum whose amino acid frequencies explain a read best."""
        if not isinstance(read, str):
            emitted = read.emission @ np.array([finder.background for finder in self.strata]).T
            return int(np.log(np.maximum(emitted, np.finfo(float).tiny)).sum(0).argmax())
        symbols = self.symbols.encode(read)
        counts = np.bincount(symbols, minlength=self.symbols.hidden + 1)
        return int((self._log_emitted @ counts).argmax())
