"""Templates of each stratum of a reference, so that adding proteins hides none found without."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pepseq.templates.array_files import limit_resident
from pepseq.templates.finder import TemplateFinder, Templates, merge_templates
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference
from pepseq.templates.search_settings import RANKING
from pepseq.templates.soft_reads import Read


class StratifiedFinder:
    """Finds templates in each stratum of a reference; safe in several threads."""

    def __init__(self, reference: Reference, symbols: ReadSymbols, kind: str = "protein"):
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.strata = [TemplateFinder(part, symbols, kind) for part in reference.strata()]
        ends = np.cumsum([len(finder.reference) for finder in self.strata])
        self._first_proteins = [0, *ends[:-1].tolist()]
        emitted = np.array([finder.background @ symbols.emission for finder in self.strata])
        self._log_emitted = np.log(np.maximum(emitted, np.finfo(float).tiny))

    def find(self, read: Read, thorough: bool = False) -> Templates:
        """Return the templates of a read, as many as `TemplateFinder.find` finds in one stratum.

        Of several strata those are kept that are the most likely: their scores, less the bits of
        the places that they were chosen from.
        """
        of_strata = [finder.find_by_search(read, thorough) for finder in self.strata]
        limit_resident()
        return merge_templates([self._choose(search) for search in zip(*of_strata, strict=True)])

    def _choose(self, of_strata: Sequence[Templates]) -> Templates:
        """Return the most likely of the templates that one kind of search found in each stratum."""
        if len(of_strata) == 1:
            return of_strata[0]
        templates = merge_templates(
            [
                replace(part, proteins=part.proteins + first)
                for part, first in zip(of_strata, self._first_proteins, strict=True)
            ]
        )
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
