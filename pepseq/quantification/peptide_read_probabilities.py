"""How probable each observed read of a whole peptide is, given the labels of the peptide.

Each labelled residue shows its label, is missed or is misread as another label, independently; all
others stay hidden. So a read has the length of its peptide, and its probability depends only on how
many labels of the peptide it misses and misreads. The observed reads of this length, sorted, are
walked as a tree, from one labelled residue to the next. Where labels have rates of their own, see
`confused_read_probabilities`.
"""

from typing import NamedTuple

import numpy as np

from pepseq.fluorosequencing.read_probabilities import ReadProbabilities, fill_in_tasks
from pepseq.kernels import kernel, leaf_kernel, read_only
from pepseq.quantification.confused_read_probabilities import (
    ConfusionRates,
    confusion_rates,
    follow_confused,
)
from pepseq.quantification.symbol_sequences import SymbolSequences, end_of_symbol, first_hidden
from pepseq.templates.read_symbols import ReadSymbols

LENGTH_CLASSES = 64
"""Columns of `ReadProbabilities.residual`; that of reads of length n is the one `length_class`."""
PEPTIDES_PER_TASK = 1024
_ROUNDING = 1 - 1e-9


class LabelChances(NamedTuple):
    """Probability that a labelled residue shows its label, none, or any one of the other labels."""

    correct: float
    missed: float
    misread: float


def label_chances(symbols: ReadSymbols) -> LabelChances:
    """Return what `ReadSymbols.confusion` says of any labelled residue, by equal rates.

    >>> from pepseq.readout.readout import Readout
    >>> from pepseq.templates.read_symbols import read_symbols
    >>> [round(p, 3) for p in label_chances(read_symbols(Readout("KCYM"), 0.1, 0.02))]
    [0.882, 0.1, 0.006]
    """
    misread = symbols.confusion[0, 1] if symbols.hidden > 1 else 0.0
    correct, missed = symbols.confusion[0, [0, symbols.hidden]]
    return LabelChances(float(correct), float(missed), float(misread))


def length_class(lengths: np.ndarray) -> np.ndarray:
    """Return the column of reads of each length: one for each, and one for all that are longer."""
    return np.minimum(lengths, LENGTH_CLASSES) - 1


def peptide_read_probabilities(
    peptides: SymbolSequences,
    reads: SymbolSequences,
    symbols: ReadSymbols,
    cutoffs: np.ndarray,
    threads: int,
) -> ReadProbabilities:
    """Return P(read | peptide) for all peptides and all observed reads.

    `peptides`: symbols as they are without errors; `reads`: distinct reads with a label, as
    `distinct_sequences` sorts them; `cutoffs`: float64 (D,), the probabilities below which a read
    of each peptide is left out. The columns of the result's `residual` are those of `length_class`.
    The result does not depend on `threads`.
    """
    lengths, read_lengths = peptides.lengths, reads.lengths
    low = np.searchsorted(read_lengths, lengths)
    high = np.searchsorted(read_lengths, lengths, side="right")
    rates = _rates(symbols, int(lengths.max(initial=0)))
    follow = _follow_all if symbols.has_equal_rates else follow_confused
    columns = length_class(lengths)
    given = read_only(reads.symbols), read_only(reads.begin)
    source = read_only(peptides.symbols)

    def fill(part: np.ndarray, start: tuple[int, int], *results: np.ndarray) -> tuple[int, int]:
        ranges = low[part], high[part]
        places = peptides.begin[part], peptides.end[part]
        return follow(
            *(source, *places, given, *ranges, rates, symbols.hidden, cutoffs[part]),
            *(columns[part], start, *results),
        )

    return fill_in_tasks(np.arange(len(peptides)), PEPTIDES_PER_TASK, LENGTH_CLASSES, fill, threads)


def _rates(symbols: ReadSymbols, longest: int) -> np.ndarray | ConfusionRates:
    """Return the powers of `label_chances` up to `longest` residues, or the confusion matrix."""
    if not symbols.has_equal_rates:
        return confusion_rates(symbols.confusion)
    chances = np.array(label_chances(symbols))
    of_best = np.array([chances, np.full(3, chances.max())])
    return of_best[:, :, None] ** np.arange(longest + 1)


@kernel
def _follow_all(
    symbols,
    begin,
    end,
    reads,
    low,
    high,
    powers,
    hidden,
    cutoffs,
    columns,
    start,
    lengths,
    found,
    values,
    visible,
    residual,
):
    """Fill the five last arrays from `start` on; see `fill_in_tasks`."""
    first, filled = start
    for d in range(first, len(begin)):
        peptide = symbols[begin[d] : end[d]]
        labelled = np.flatnonzero(peptide != hidden)
        if len(labelled) == 0:
            continue
        last = _follow_reads(
            *(peptide, labelled, reads, low[d], high[d], powers, hidden, cutoffs[d]),
            *(found, values, filled),
        )
        if last < 0:
            return d, filled
        lengths[d] = last - filled
        filled = last
        visible[d] = 1 - powers[0, 1, len(labelled)]
        kept = _kept(len(labelled), hidden - 1, powers, cutoffs[d])
        residual[d, columns[d]] = max(0.0, visible[d] - kept)
    return len(begin), filled


@leaf_kernel
def _chance(powers, labels, missed, misread):
    """Return the probability of a read of so many labels of which some are missed or misread."""
    correct = labels - missed - misread
    return powers[0, 0, correct] * powers[0, 1, missed] * powers[0, 2, misread]


@leaf_kernel
def _kept(labels, others, powers, cutoff):
    """Return the probability of all visible reads that reach the cutoff.

    `others`: labels as which one may be misread. A number of reads below overflows only if they
    are less probable than any cutoff.
    """
    total = 0.0
    ways_to_miss = 1.0
    for missed in range(labels):
        ways = ways_to_miss
        for misread in range(labels - missed + 1):
            p = _chance(powers, labels, missed, misread)
            if p >= cutoff:
                total += ways * p
            ways *= others * (labels - missed - misread) / (misread + 1)
        ways_to_miss *= (labels - missed) / (missed + 1)
    return total


@kernel
def _follow_reads(
    peptide, labelled, reads, low, high, powers, hidden, cutoff, found, values, filled
):
    """Find the reads of one peptide, depth first; see `ReadProbabilities`.

    A node at depth m holds the reads that are alike up to labelled residue m, and how many of these
    labels they miss and misread.
    """
    symbols, begin = reads
    n = len(labelled)
    following, ends, missed, misread = np.zeros((4, n + 1), np.int64)
    following[0] = first_hidden(symbols, begin, low, high, 0, labelled[0], hidden)
    ends[0] = high
    m = 0
    while m >= 0:
        low = following[m]
        if low == ends[m]:
            m -= 1
            continue
        place = labelled[m]
        following[m] = high = end_of_symbol(symbols, begin, low, ends[m], place)
        symbol = symbols[begin[low] + place]
        now_missed = missed[m] + (symbol == hidden)
        now_misread = misread[m] + (symbol != hidden and symbol != peptide[place])
        so_far = _chance(powers, m + 1, now_missed, now_misread)
        if so_far * powers[1, 0, n - m - 1] < cutoff * _ROUNDING or now_missed == n:
            continue
        stop = len(peptide) if m + 1 == n else labelled[m + 1]
        low = first_hidden(symbols, begin, low, high, place + 1, stop, hidden)
        if low == high:
            continue
        if m + 1 < n:
            m += 1
            following[m], ends[m], missed[m], misread[m] = low, high, now_missed, now_misread
        elif so_far >= cutoff:
            if filled == len(found):
                return -1
            found[filled], values[filled] = low, so_far
            filled += 1
    return filled
