"""Templates of each stratum of a reference, so that adding proteins hides none found without."""

from dataclasses import replace

import numpy as np

from pepseq.templates.finder import KEPT, TemplateFinder, Templates, together
from pepseq.templates.read_symbols import ReadSymbols
from pepseq.templates.reference import Reference


class StratifiedFinder:
    """Finds templates in the strata of a reference, each by itself; safe in several threads."""

    def __init__(self, reference: Reference, symbols: ReadSymbols, kind: str = "protein"):
        self.reference, self.symbols, self.kind = reference, symbols, kind
        self.strata = [TemplateFinder(part, symbols, kind) for part in reference.strata()]
        ends = np.cumsum([len(one.reference) for one in self.strata])
        self._first = [0, *ends[:-1].tolist()]
        read = np.array([one.background @ symbols.emission for one in self.strata])
        self._read = np.log(np.maximum(read, np.finfo(float).tiny))

    def find(self, residues: str, thorough: bool = False) -> Templates:
        """Return the templates of a readout, as many as `TemplateFinder.find` finds in one stratum.

        Of several strata those are kept that are the likeliest: their scores, less the bits of the
        places that they were chosen from.
        """
        found = [one.found(residues, thorough) for one in self.strata]
        return together([self._best(search) for search in zip(*found, strict=True)])

    def _best(self, found: tuple[Templates, ...]) -> Templates:
        """Return the likeliest of what one kind of search found in each stratum."""
        if len(found) == 1:
            return found[0]
        every = together(
            [
                replace(one, proteins=one.proteins + first)
                for one, first in zip(found, self._first, strict=True)
            ]
        )
        most = max(len(one.proteins) for one in found)
        likely = every.scores - np.log2(np.maximum(every.places, 1))
        best = np.argsort(-likely, kind="stable")[: max(most, KEPT)]
        return every.chosen(np.sort(best))

    def likeliest(self, residues: str) -> int:
        """Return the stratum whose amino acid frequencies explain the readout's symbols best."""
        symbols = self.symbols.encode(residues)
        counts = np.bincount(symbols, minlength=self.symbols.hidden + 1)
        return int((self._read @ counts).argmax())
