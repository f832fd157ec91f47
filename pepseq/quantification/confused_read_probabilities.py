"""Probabilities of reads of whole peptides whose labels are confused at rates of their own.

A residue with the true symbol s is read as r with probability `confusion[s, r]`, independently, and
the probability of a read is the product over its residues. As in `peptide_read_probabilities`, the
observed reads of one length, sorted, are walked as a tree, here from one residue that may be read
with a label to the next.
"""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel
from pepseq.quantification.symbol_sequences import end_of_symbol, first_hidden

_ROUNDING = 1 - 1e-9


class ConfusionRates(NamedTuple):
    """P(symbol | true symbol), float64 (symbols, symbols), as the kernels take it.

    `shown_as`: the symbols that each true one is read as, likeliest first, int64; `highest`: the
    probability of the likeliest, float64 (symbols,).
    """

    confusion: np.ndarray
    shown_as: np.ndarray
    highest: np.ndarray


def confusion_rates(confusion: np.ndarray) -> ConfusionRates:
    """Return a confusion matrix as the kernels take it."""
    shown_as = np.argsort(-confusion, axis=1, kind="stable")
    return ConfusionRates(confusion, shown_as, confusion.max(1))


@kernel
def follow_confused(
    symbols,
    begin,
    end,
    reads,
    low,
    high,
    rates,
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
    """Fill the five last arrays from `start` on; see `fill_in_tasks`.

    `low` to `high` are the reads as long as each peptide; `rates`: see `ConfusionRates`.
    """
    first, filled = start
    confusion, shown_as, highest = rates
    may_show = confusion[:, hidden] < 1
    for d in range(first, len(begin)):
        peptide = symbols[begin[d] : end[d]]
        places = np.flatnonzero(may_show[peptide])
        if len(places) == 0:
            continue
        last = _follow_reads(
            *(peptide, places, reads, low[d], high[d], confusion, highest, hidden, cutoffs[d]),
            *(found, values, filled),
        )
        if last < 0:
            return d, filled
        lengths[d] = last - filled
        filled = last
        without_label = 1.0
        for symbol in peptide:
            without_label *= confusion[symbol, hidden]
        visible[d] = 1 - without_label
        kept = _kept(peptide[places], confusion, shown_as, highest, cutoffs[d])
        if without_label >= cutoffs[d]:
            kept -= without_label
        residual[d, columns[d]] = max(0.0, visible[d] - kept)
    return len(begin), filled


@kernel
def _follow_reads(
    peptide, places, reads, low, high, confusion, highest, hidden, cutoff, found, values, filled
):
    """Find the reads of one peptide, depth first; see `ReadProbabilities`.

    `places`: residues that may be read with a label; `highest`: probability of the likeliest symbol
    of each true one. A node at depth m holds the reads that are alike up to place m, and the
    probability of what they have there.
    """
    symbols, begin = reads
    n = len(places)
    following, ends = np.zeros((2, n + 1), np.int64)
    so_far, rest = np.ones((2, n + 1))
    for m in range(n - 1, -1, -1):
        rest[m] = rest[m + 1] * highest[peptide[places[m]]]
    following[0] = first_hidden(symbols, begin, low, high, 0, places[0], hidden)
    ends[0] = high
    m = 0
    while m >= 0:
        low = following[m]
        if low == ends[m]:
            m -= 1
            continue
        place = places[m]
        following[m] = high = end_of_symbol(symbols, begin, low, ends[m], place)
        probability = so_far[m] * confusion[peptide[place], symbols[begin[low] + place]]
        if probability == 0 or probability * rest[m + 1] < cutoff * _ROUNDING:
            continue
        stop = len(peptide) if m + 1 == n else places[m + 1]
        low = first_hidden(symbols, begin, low, high, place + 1, stop, hidden)
        if low == high:
            continue
        if m + 1 < n:
            m += 1
            following[m], ends[m], so_far[m] = low, high, probability
        elif probability >= cutoff:
            if filled == len(found):
                return -1
            found[filled], values[filled] = low, probability
            filled += 1
    return filled


@kernel
def _kept(residues, confusion, shown_as, highest, cutoff):
    """Return the probability of all reads that reach the cutoff, without a label or with some.

    `residues`: true symbols; `shown_as`: the symbols that each is read as, likeliest first. Reads
    in which as many residues of each true symbol are read as each other one are equally probable:
    they are counted together, see `_sum_of_reads`.
    """
    numbers = np.bincount(residues, minlength=len(confusion))
    slots = len(confusion) * len(confusion)
    p, next_p, rest = np.zeros((3, slots))
    next_true, number = np.zeros((2, slots), np.int64)
    k = 0
    for s in np.flatnonzero(numbers):
        start = k
        for r in shown_as[s]:
            if confusion[s, r] > 0:
                p[k] = confusion[s, r]
                k += 1
        next_p[start : k - 1] = p[start + 1 : k]
        number[start] = numbers[s]
        next_true[start:k] = k
        rest[:start] *= highest[s] ** numbers[s]
        rest[start:k] = 1
    return _sum_of_reads(p[:k], next_p, rest, next_true, number, cutoff)


@kernel
def _sum_of_reads(p, next_p, rest, next_true, number, cutoff):
    """Return the probability of the reads that reach the cutoff.

    A slot is a pair of a true symbol and one that it is read as with probability `p`; slots of a
    true symbol follow each other, likeliest first, up to `next_true`; `number`: its residues, at
    its first slot. Of the residues that no slot before has, a slot takes all, then fewer and fewer,
    until even the best that can follow stays below the cutoff: `next_p`, of the next slot (0 after
    the last of a true symbol), for each residue that is left, and `rest` for all later true
    symbols. A level of the search is a slot that takes residues; `value` and `ways` are probability
    and number of the reads that agree up to it.
    """
    slot, given, left = np.zeros((3, len(p)), np.int64)
    value, of_left, ways = np.ones((3, len(p)))
    given[0], value[0] = number[0], p[0] ** number[0]
    total = 0.0
    m = 0
    while m >= 0:
        k = slot[m]
        is_possible = left[m] <= given[m] and of_left[m] > 0
        if not (is_possible and value[m] * of_left[m] * rest[k] >= cutoff):
            m -= 1
            continue
        now_left, now_value, now_ways = left[m], value[m], ways[m]
        ways[m] *= (given[m] - left[m]) / (left[m] + 1)
        left[m] += 1
        value[m] /= p[k]
        of_left[m] *= next_p[k]
        following = next_true[k] if now_left == 0 else k + 1
        if following == len(p):
            total += now_ways * now_value
            continue
        m += 1
        slot[m] = following
        given[m] = number[following] if now_left == 0 else now_left
        left[m], of_left[m], ways[m] = 0, 1.0, now_ways
        value[m] = now_value * p[following] ** given[m]
    return total
