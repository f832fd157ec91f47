"""Test of q-values with entrapment proteins: hits, their tables for FDRBench, and estimates."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.proteases import TRYPSIN
from pepseq.identification.config import LookupConfig
from pepseq.identification.entrapment_proteins import SUFFIX, add_entrapment
from pepseq.identification.false_discoveries import (
    Interval,
    combined_estimate,
    lower_bound,
    paired_estimate,
)
from pepseq.identification.fits import Fit, ReadFits
from pepseq.io.outputs import Outputs
from pepseq.io.tables import format_tsv
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN
from pepseq.templates.reference import Reference

MOST_FITS = 100
"""Reads with more equal fits are ambiguous, even if all of them are the same peptide."""
PEPTIDE_COLUMNS = ("peptide", "protein", "q_value", "score")
PROTEIN_COLUMNS = ("protein", "q_value", "score")
PAIR_COLUMNS = ("sequence", "decoy", "proteins", "peptide_type", "peptide_pair_index")
_LETTERS = np.frombuffer((AMINO_ACIDS + UNKNOWN[0]).encode(), np.uint8)


@dataclass(frozen=True)
class Hit:
    """A peptide or protein, `name`, that reads fit best, by the read with the lowest q-value.

    `lead`: see `ReadFits`; `proteins`: ids of the proteins; `pair`, `partner`: the peptide or
    protein of the reference, and its entrapment partner.
    """

    name: str
    proteins: tuple[str, ...]
    pair: str
    partner: str
    is_entrapment: bool
    q_value: float
    lead: float


class Estimates(NamedTuple):
    """Estimated shares of wrong ones among `accepted` reads, or peptides or proteins.

    `entrapment` of them are entrapment hits; `paired` is None for reads.
    """

    accepted: int
    entrapment: int
    lower_bound: Interval
    combined: Interval
    paired: float | None


def pairs_path(path: str | Path) -> str:
    """Return the name of the file of pairs beside FDRBench's input."""
    return f"{Path(path)}.pairs.tsv"


class EntrapmentTest:
    """Hits of reads in a reference of n proteins and their n entrapment proteins, `reference`.

    `unit`: "peptide", or "protein" for reads that are not of tryptic peptides. A read counts if its
    best fit has a q-value below 1 and all its equal fits are one peptide or one protein.
    """

    def __init__(self, known: Reference, config: LookupConfig, digestion: DigestConfig):
        """Add entrapment proteins to `known`; see `add_entrapment`."""
        by_peptide = config.read_kind == "tryptic"
        protease = digestion.protease if config.digested else TRYPSIN
        self.unit = "peptide" if by_peptide else "protein"
        self.reference = add_entrapment(known, protease if by_peptide else None)
        self._number = len(known)
        self._reads: list[tuple[float, bool]] = []
        self._hits: dict[str, Hit] = {}

    def add(
        self, results: Iterable[ReadFits], q_values: np.ndarray, best: int
    ) -> Iterator[ReadFits]:
        """Take the MOST_FITS best fits of each read, and yield them with the `best` ones."""
        for fits, q_value in zip(results, q_values.tolist(), strict=True):
            if q_value < 1 and fits.equal <= len(fits.best):
                self._add_read(fits.best[: fits.equal], fits.lead, q_value)
            yield replace(fits, best=fits.best[:best])

    def _add_read(self, equal: Sequence[Fit], lead: float, q_value: float) -> None:
        names = {self._name(fit, 0) for fit in equal}
        if len(names) > 1:
            return
        known = [fit for fit in equal if fit.protein < self._number]
        fit = (known or equal)[0]
        self._reads.append((q_value, not known))
        (name,) = names
        before = self._hits.get(name)
        if before and (before.q_value, -before.lead) <= (q_value, -lead):
            return
        other = self._name(fit, self._number)
        proteins = dict.fromkeys(self.reference.name(f.protein) for f in known or equal)
        pair, partner = (name, other) if known else (other, name)
        self._hits[name] = Hit(name, tuple(proteins), pair, partner, not known, q_value, lead)

    def _name(self, fit: Fit, shift: int) -> str:
        """Return the peptide or protein of a fit, or with `shift` that of its partner."""
        protein = (fit.protein + shift) % (2 * self._number)
        if self.unit == "protein":
            return self.reference.name(protein)
        residues = self.reference.protein(protein)[fit.begin - 1 : fit.end]
        return _LETTERS[residues].tobytes().decode()

    def of_reads(self, max_q: float) -> Estimates:
        """Return the estimates for the reads with a q-value up to `max_q`."""
        accepted = [is_entrapment for q, is_entrapment in self._reads if q <= max_q]
        return _estimates(len(accepted), sum(accepted), None)

    def of_hits(self, max_q: float) -> Estimates:
        """Return the estimates for the peptides or proteins with a q-value up to `max_q`."""
        accepted = [hit for hit in self._hits.values() if hit.q_value <= max_q]
        ranks = sorted({(-hit.q_value, hit.lead) for hit in accepted})
        score = {ranking: float(number) for number, ranking in enumerate(ranks)}
        targets, entrapment = (
            {h.pair: score[-h.q_value, h.lead] for h in accepted if h.is_entrapment == which}
            for which in (False, True)
        )
        paired = paired_estimate(targets, entrapment)
        return _estimates(len(accepted), len(entrapment), paired)

    def write(self, outputs: Outputs, path: str | Path) -> None:
        """Add FDRBench's input, and for peptides its file of pairs, to the outputs of a run."""
        outputs.add(path, format_tsv(self.table()), "entrapment")
        if self.unit == "peptide":
            outputs.add(pairs_path(path), format_tsv(self.pairs()), "pairs")

    def table(self) -> Iterator[Sequence[object]]:
        """Yield the rows of FDRBench's input, lowest q-value first, with the column names.

        `score` is the lead in bits, of which more is better.
        """
        columns = PEPTIDE_COLUMNS if self.unit == "peptide" else PROTEIN_COLUMNS
        yield columns
        for hit in sorted(self._hits.values(), key=lambda h: (h.q_value, -h.lead, h.name)):
            row = hit.name, ";".join(hit.proteins), f"{hit.q_value:.6g}", f"{hit.lead:.6f}"
            yield row[-len(columns) :]

    def pairs(self) -> Iterator[Sequence[object]]:
        """Yield the rows of FDRBench's file of pairs of peptides, with the column names.

        There are those of the peptides in `table` and their partners.
        """
        yield PAIR_COLUMNS
        proteins: dict[str, dict[str, None]] = {}
        partners: dict[str, str] = {}
        for hit in self._hits.values():
            partners[hit.pair] = hit.partner
            own = (name.removesuffix(SUFFIX) for name in hit.proteins)
            proteins.setdefault(hit.pair, {}).update(dict.fromkeys(own))
        for number, (pair, partner) in enumerate(sorted(partners.items())):
            names = proteins[pair]
            yield pair, "No", ";".join(names), "target", number
            if partner != pair:
                trapped = ";".join(name + SUFFIX for name in names)
                yield partner, "No", trapped, "p_target", number


def _estimates(accepted: int, entrapment: int, paired: float | None) -> Estimates:
    bounds = lower_bound(entrapment, accepted), combined_estimate(entrapment, accepted)
    return Estimates(accepted, entrapment, *bounds, paired)
