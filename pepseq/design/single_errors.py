"""Reads of peptides without an error or with one, and the reads without errors that they look like.

The model is that of `pepseq.fluorosequencing.molecules`, without combinations of two errors. An
error is: a dye is a dud; a dye bleaches before its residue is removed, and shows there; Edman fails
in one cycle; the molecule detaches, or is blocked, before its last label.
"""

from typing import NamedTuple

import numpy as np

from pepseq.design.label_keys import find_key, label_key
from pepseq.fluorosequencing.error_model import Rates
from pepseq.kernels import kernel, leaf_kernel

_MAX_RATE = 0.99
"""Of Edman failure, duds and bleaching: a higher rate is taken for this one."""


class CycleRates(NamedTuple):
    """Error rates of T cycles with what follows from them, float64.

    `survival`: (T + 1,), probability that a molecule is neither blocked nor detached before cycle
    t, and that Edman succeeded in each. `detach`: (T,). `dud`: of each candidate; `stay`:
    (candidates, T + 1), probability that a dye does not bleach before cycle t.
    """

    survival: np.ndarray
    detach: np.ndarray
    edman_failure: float
    initial_block: float
    cyclic_block: float
    dud: np.ndarray
    stay: np.ndarray


class Reads(NamedTuple):
    """Expected numbers of reads for one copy of each protein, by error-free read: float64 (H,).

    `clean`: without an error. `same`, `other`: with one error, of peptides of the only protein
    that has this read, and of all others.
    """

    clean: np.ndarray
    same: np.ndarray
    other: np.ndarray


def cycle_rates(rates: Rates) -> CycleRates:
    """Return the rates of a run; `bleach` and `dud` are of the candidates."""
    edman_failure = min(rates.edman_failure, _MAX_RATE)
    each = (1 - rates.cyclic_block) * (1 - rates.detach) * (1 - edman_failure)
    survival = (1 - rates.initial_block) * np.concatenate([[1.0], np.cumprod(each)])
    cycles = np.arange(len(rates.detach) + 1)
    return CycleRates(
        survival,
        rates.detach,
        edman_failure,
        rates.initial_block,
        rates.cyclic_block,
        np.minimum(rates.dud, _MAX_RATE),
        (1 - np.minimum(rates.bleach, _MAX_RATE))[:, None] ** cycles,
    )


@kernel
def spread_reads(
    peptides, chosen, numbers, proteins, label_of_code, rates, table, protein_of_read, reads
):
    """Add the reads of peptides with different labels to `reads`; return the number of all.

    `peptides`: residues and offsets of peptides. `chosen`: int64 (D,), one for each combination of
    labels; `numbers`, `proteins`: how many have it, float64, and their only protein, int64, -1 for
    several. `table`: of the H keys of reads without error; `protein_of_read`: int64 (H,).
    """
    residues, offsets = peptides
    cycles = len(rates.detach)
    position, label = np.empty((2, cycles), np.int64)
    total = 0.0
    for d in range(len(chosen)):
        first, end = offsets[chosen[d]], offsets[chosen[d] + 1]
        n, left, quiet, key = 0, 0, 1.0, np.uint64(0)
        stays, tail = np.ones(cycles + 1), np.zeros(len(rates.dud), np.int64)
        for i in range(first, end):
            c = label_of_code[residues[i]]
            if c < 0:
                continue
            stays *= rates.stay[c]
            if i - first < cycles:
                position[n], label[n] = i - first, c
                key ^= label_key(i - first, c)
                n += 1
            else:
                tail[c] += 1
                quiet *= rates.dud[c] + (1 - rates.dud[c]) * rates.stay[c, cycles]
                left += 1
        labels, protein = (position[:n], label[:n]), proteins[d]
        sink = protein, table, protein_of_read, reads
        dark = _truncate(labels, left, stays, numbers[d], rates, sink)
        total += numbers[d] * max(0.0, 1 - dark)
        clean = numbers[d] * quiet * _chance_of_no_error(labels, left, rates)
        if clean == 0:
            continue
        hidden = _show_tail(labels, key, tail, left, clean, rates, sink)
        if n > 0:
            reads.clean[table[1][find_key(key, *table)]] += clean + hidden
            _miss_dyes(labels, key, left, clean, rates, sink)
            _fail_edman(labels, clean, rates, sink)
            if left == 0:
                _detach_with_last(labels, key, clean, rates, sink)
    return total


@leaf_kernel
def _add(key, amount, protein, table, protein_of_read, reads):
    """Add reads with an error if they look like one of the reads without."""
    read = table[1][find_key(key, *table)]
    if read >= 0:
        if protein >= 0 and protein == protein_of_read[read]:
            reads.same[read] += amount
        else:
            reads.other[read] += amount


@leaf_kernel
def _attached(first, rates):
    """Return the probability that a molecule does not detach from cycle `first` on."""
    result = 1.0
    for t in range(first, len(rates.detach)):
        result *= 1 - rates.detach[t]
    return result


@kernel
def _chance_of_no_error(labels, left, rates):
    """Return the probability that all labels of the cycles show, each in its cycle."""
    position, label = labels
    last = position[-1] if len(position) else -1
    result = rates.survival[last + 1]
    if left == 0:  # the last dye shows too if it detaches in its cycle
        detached = (1 - rates.cyclic_block) * rates.detach[last]
        result += rates.survival[last] * detached
    if left == 1:  # a dye that is alone would show when it detaches
        result *= _attached(last + 1, rates)
    for i in range(len(position)):
        result *= (1 - rates.dud[label[i]]) * rates.stay[label[i], position[i]]
    return result


@kernel
def _truncate(labels, left, stays, number, rates, sink):
    """Add reads that end before a label; return the probability that a molecule gives no read.

    The dyes that are left must not show: two or more may detach at once, and those of a blocked
    molecule must not bleach. `stays`: float64 (T + 1,), probability that none of all dyes bleaches.
    """
    position, label = labels
    n, cycles = len(position), len(rates.detach)
    if n == 0:
        return stays[cycles] * (_attached(0, rates) if left == 1 else 1.0)
    dark = rates.initial_block + (rates.dud[label[0]] if n + left == 1 else 0.0)
    shown, key, start = 1.0, np.uint64(0), 0
    for k in range(n):
        ends = 0.0
        for t in range(start, position[k] + 1):
            if n - k + left > 1:
                ends += rates.survival[t] * (1 - rates.cyclic_block) * rates.detach[t] * stays[t]
            ends += rates.survival[t] * rates.cyclic_block * stays[cycles]
        if k == 0:
            dark += ends
        else:
            _add(key, number * shown * ends, *sink)
        c = label[k]
        shown *= (1 - rates.dud[c]) * rates.stay[c, position[k]]
        stays /= rates.stay[c]
        key ^= label_key(position[k], c)
        start = position[k] + 1
    return dark


@kernel
def _miss_dyes(labels, key, left, clean, rates, sink):
    """Add reads of which a dye is a dud, or bleaches before its residue is removed."""
    position, label = labels
    n = len(position)
    for i in range(n):
        c, at = label[i], position[i]
        without = key ^ label_key(at, c)
        others = clean / rates.stay[c, at]
        if i == n - 1 and left == 0 and n > 1:  # the read ends earlier, at the label before
            others *= rates.survival[position[n - 2] + 1] / rates.survival[at + 1]
        _add(without, others * rates.dud[c] / (1 - rates.dud[c]), *sink)
        j = 0
        for t in range(at):
            amount = others * (rates.stay[c, t] - rates.stay[c, t + 1])
            while position[j] < t:
                j += 1
            shown = without
            if position[j] > t:
                shown ^= label_key(t, c)
            elif j == n - 2 and i == n - 1 and left == 0:  # the last two vanish: no label
                shown ^= label_key(t, label[j])
            elif c < label[j]:
                shown ^= label_key(t, label[j]) ^ label_key(t, c)
            _add(shown, amount, *sink)


@kernel
def _fail_edman(labels, clean, rates, sink):
    """Add reads with one cycle that removes no residue, so that labels come a cycle later."""
    position, label = labels
    n, cycles = len(position), len(rates.detach)
    odds = clean * rates.edman_failure / (1 - rates.edman_failure)
    key = np.uint64(0)
    for k in range(n):
        key ^= label_key(position[k], label[k])
    for k in range(n - 1, -1, -1):  # the failure is between label k - 1 and label k
        key ^= label_key(position[k], label[k])
        if position[k] + 1 < cycles:
            key ^= label_key(position[k] + 1, label[k])
        before = position[k - 1] if k > 0 else -1
        _add(key, odds * (position[k] - before), *sink)


@kernel
def _show_tail(labels, key, tail, left, clean, rates, sink):
    """Add reads in which a dye after the last cycle bleaches, or detaches alone.

    Returns the number of reads in which it does not show, because another dye is removed in this
    cycle. `tail`: int64, number of dyes of each candidate after the last cycle, `left` in all.
    """
    position, label = labels
    hidden = 0.0
    last = position[-1] if len(position) else -1
    for c in range(len(tail)):
        if tail[c] == 0:
            continue
        j = 0
        for t in range(len(rates.detach)):
            while j < len(position) and position[j] < t:
                j += 1
            amount = clean * tail[c] * (1 - rates.stay[c, 1])
            if j < len(position) and position[j] == t:
                without = key ^ label_key(t, label[j])
                if left == 1 and j == len(position) - 1:  # the last two vanish: no label
                    _add(without, amount, *sink)
                elif c < label[j]:
                    _add(without ^ label_key(t, c), amount, *sink)
                else:
                    hidden += amount
                continue
            if left == 1 and t > last:
                amount += clean * rates.detach[t]
            _add(key ^ label_key(t, c), amount, *sink)
    return hidden


@kernel
def _detach_with_last(labels, key, clean, rates, sink):
    """Add reads whose molecule detaches when one dye is left, which shows there."""
    position, label = labels
    last, c = position[-1], label[-1]
    for t in range(position[-2] + 1 if len(position) > 1 else 0, last):
        amount = clean * rates.detach[t] * rates.survival[t] / rates.survival[last + 1]
        _add(key ^ label_key(last, c) ^ label_key(t, c), amount, *sink)
