"""What a set of labels identifies: peptides, proteins, and residues of completed peptides."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pepseq.design.completion import completion_accuracy
from pepseq.design.config import DesignConfig
from pepseq.design.distinct_peptides import SHARED, DistinctPeptides
from pepseq.design.label_keys import label_keys, number_keys
from pepseq.design.single_errors import CycleRates, Reads, cycle_rates, spread_reads
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.sampling import MIN_VISIBLE_SHARE
from pepseq.kernels import kernel, read_only
from pepseq.quantification.sample import channel_of_code
from pepseq.readout.readout import Readout

LabelSet = tuple[int, ...]
"""Numbers of candidates, ascending."""
_NO_PEPTIDE = -2


@dataclass(frozen=True)
class Identified:
    """Shares that a set of labels identifies, 0 to 1; their columns are in docs/reference.

    `completion` is NaN if no residue is hidden.
    """

    proteins: float
    peptides: float
    identifying_reads: float
    completion: float
    readable_peptides: float
    error_free_reads: float

    @property
    def merit(self) -> tuple[float, ...]:
        """Numbers by which sets are ranked, the first one before the others."""
        return self.proteins, self.peptides, float(np.nan_to_num(self.completion))


class Merged(NamedTuple):
    """Peptides merged by a key: how many there are of each key, their number and only protein.

    `peptide` is one of them.
    """

    peptides: np.ndarray
    numbers: np.ndarray
    protein: np.ndarray
    peptide: np.ndarray


class ExpectedReads(NamedTuple):
    """Reads of an experiment with a set of labels.

    `read`: int32 (P,), number of the error-free read of each peptide, -1 for none; `merged`: the
    peptides of each read; `reads`: expected numbers; `total`: number of all that are seen.
    """

    read: np.ndarray
    merged: Merged
    reads: Reads
    total: float


class Experiment:
    """Peptides, candidates and errors, for which sets of labels are compared; safe in threads."""

    def __init__(
        self,
        peptides: DistinctPeptides,
        candidates: Readout,
        errors: SequencingErrors,
        config: DesignConfig,
    ):
        """Find the labels of all peptides; `errors` has a channel for each candidate."""
        self.peptides, self.candidates = peptides, candidates
        self._errors, self._config = errors, config
        self._label_of_code = channel_of_code(candidates)
        count = len(candidates.labels)
        self._keys = label_keys(peptides, self._label_of_code, count, config.cycles)

    @cached_property
    def _rates(self) -> CycleRates | None:
        """The error rates, None if all are 0."""
        rates = self._errors.rates(self._config.cycles)
        return cycle_rates(rates) if any(np.any(rate) for rate in rates) else None

    def labels(self, chosen: LabelSet) -> str:
        """Return a set in the notation of `Readout.from_labels`."""
        return ",".join(self.candidates.labels[c] for c in chosen)

    def identify(self, chosen: LabelSet) -> Identified:
        """Return what a set of labels identifies."""
        peptides, config = self.peptides, self._config
        found = self.expect_reads(chosen)
        if not found.total:
            return Identified(0.0, 0.0, 0.0, float("nan"), 0.0, 0.0)
        clean, same, other = found.reads
        needed = config.min_share * (clean + same + other)
        names_peptide = (clean > 0) & (found.merged.peptides == 1) & (clean >= needed)
        names_protein = (clean > 0) & (found.merged.protein != SHARED) & (clean + same >= needed)
        expected = None if config.reads is None else clean * (config.reads / found.total)
        seen = names_peptide if expected is None else -np.expm1(-expected[names_peptide])
        proteins = _count_proteins(
            found.merged.protein[names_protein],
            None if expected is None else expected[names_protein],
            config.min_peptides,
        )
        single = [c for c in chosen if len(self.candidates.labels[c]) == 1]
        is_hidden = ~np.isin(self._label_of_code, single)
        return Identified(
            proteins=proteins / peptides.protein_count,
            peptides=float(seen.sum()) / len(peptides),
            identifying_reads=float(clean[names_peptide].sum()) / found.total,
            completion=completion_accuracy(peptides, found.read, is_hidden),
            readable_peptides=float((found.read >= 0).mean()),
            error_free_reads=float(clean.sum()) / found.total,
        )

    def expect_reads(self, chosen: LabelSet) -> ExpectedReads:
        """Return the reads of a set of labels; `total` is 0 if hardly a molecule gives a read."""
        peptides = self.peptides
        heads = np.bitwise_xor.reduce(self._keys.heads[list(chosen)], axis=0)
        read, count, table = number_keys(heads)
        merged = _merge(peptides, read, count)
        if self._rates is None:
            nothing = np.zeros(count)
            total = float(merged.numbers.sum())
            return ExpectedReads(read, merged, Reads(merged.numbers, nothing, nothing), total)
        keys = heads ^ np.bitwise_xor.reduce(self._keys.tails[list(chosen)], axis=0)
        number, patterns, _ = number_keys(keys)
        different = _merge(peptides, number, patterns)
        reads = Reads(*np.zeros((3, count)))
        label_of_code = np.where(np.isin(self._label_of_code, chosen), self._label_of_code, -1)
        total = spread_reads(
            (read_only(peptides.residues), peptides.offsets),
            *(different.peptide, different.numbers, different.protein),
            *(label_of_code, self._rates, table, merged.protein, reads),
        )
        if total < MIN_VISIBLE_SHARE * different.numbers.sum():
            total = 0.0
        return ExpectedReads(read, merged, reads, total)


def _merge(peptides: DistinctPeptides, key: np.ndarray, count: int) -> Merged:
    """Return the peptides of each of `count` keys; `key`: int32 (P,), -1 for none."""
    merged = Merged(
        np.zeros(count, np.int64),
        np.zeros(count),
        np.full(count, _NO_PEPTIDE),
        np.zeros(count, np.int64),
    )
    _fill_merged(peptides.numbers, peptides.proteins, key, merged)
    return merged


@kernel
def _fill_merged(numbers, proteins, key, merged):
    for p in range(len(key)):
        k = key[p]
        if k < 0:
            continue
        merged.peptides[k] += 1
        merged.numbers[k] += numbers[p]
        if merged.protein[k] == _NO_PEPTIDE:
            merged.protein[k], merged.peptide[k] = proteins[p], p
        elif merged.protein[k] != proteins[p]:
            merged.protein[k] = SHARED


def _count_proteins(proteins: np.ndarray, expected: np.ndarray | None, needed: int) -> float:
    """Return the expected number of proteins with at least one or two kinds of identifying reads.

    `proteins`: int, the protein of each kind; `expected`: number of these reads, Poisson
    distributed, None for as many as are needed; `needed`: 1 or 2.
    """
    number, each = np.unique(proteins, return_inverse=True)
    if expected is None:
        return float((np.bincount(each, minlength=len(number)) >= needed).sum())
    all_of_protein = np.bincount(each, expected, len(number))
    none = np.exp(-all_of_protein)
    missed = none.sum()
    if needed == 2:
        only_this = np.exp(expected - all_of_protein[each]) - none[each]
        missed += only_this.sum()
    return float(len(number) - missed)
