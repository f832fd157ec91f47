"""How probable each observed read is, given the dye sequence of the peptide that it comes from.

A molecule is a hidden Markov chain: its state is whether it is blocked, how many residues Edman has
removed, and how many dyes of each channel still work. Dyes of one channel are exchangeable, so it
need not be known which of them do (whatprot: Smith et al. 2023, PLoS Comput Biol 19(5): e1011157).
A read is what is called of a molecule, one symbol for each cycle, see `molecules`. All possible
reads are followed at once, symbol by symbol, as a tree; a branch ends where its probability
falls below a cutoff. Whether a read lies below the cutoff must not depend on whether it was
observed: an estimate of amounts would be biased.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel

MAX_COUNT_STATES = 512
"""Combinations of numbers of dyes; of dyes beyond the last cycle, the rest is left out."""
MIN_STATE_SHARE = 0.01
"""States of a molecule less probable than this share of the cutoff are left out."""
MIN_BLEACHING = 1e-6
"""Combinations of dyes that bleach in one cycle, if less probable, are left out."""
DYE_SEQUENCES_PER_TASK = 64


class Rates(NamedTuple):
    """Error rates as the kernel takes them; `detach` by cycle, `bleach` and `dud` by channel."""

    edman_failure: float
    detach: np.ndarray
    initial_block: float
    cyclic_block: float
    bleach: np.ndarray
    dud: np.ndarray


@dataclass(frozen=True)
class DyeSequences:
    """Distinct dye sequences, as far as an experiment of T cycles can tell them apart.

    `channels`: int8 of shape (D, T), the channel of the dye on each residue, -1 for none; `tails`:
    int64 of shape (D, C), the number of dyes of each channel on the residues after these.
    """

    channels: np.ndarray
    tails: np.ndarray

    def __len__(self) -> int:
        return len(self.channels)


@dataclass(frozen=True)
class ReadProbabilities:
    """P(read | dye sequence) where it reaches the cutoff of the dye sequence.

    Dye sequence d gives read `reads[k]` (int32) with probability `values[k]` (float32) for k from
    `starts[d]` to `starts[d + 1]` (int64). `visible`: float64 (D,), the probability that a molecule
    gives a read at all; `residual`: float32 (D, T * C), that it gives a read below the cutoff, by
    the read's first label: column t * C + c for one of channel c in cycle t.
    """

    starts: np.ndarray
    reads: np.ndarray
    values: np.ndarray
    visible: np.ndarray
    residual: np.ndarray


def read_probabilities(
    dye_sequences: DyeSequences,
    reads: np.ndarray,
    rates: Rates,
    cutoffs: np.ndarray,
    threads: int,
) -> ReadProbabilities:
    """Return P(read | dye sequence) for all dye sequences and all observed reads.

    `reads`: int64, distinct called dye sequences as sorted codes, see `molecules`; `cutoffs`:
    float64 (D,), the probabilities below which a read of each dye sequence is left out. The result
    does not depend on `threads`.
    """
    count, cycles = dye_sequences.channels.shape
    classes = cycles * dye_sequences.tails.shape[1]
    firsts = range(0, count, DYE_SEQUENCES_PER_TASK)

    def compute(first: int) -> list[np.ndarray]:
        part = slice(first, min(first + DYE_SEQUENCES_PER_TASK, count))
        channels, tails = dye_sequences.channels[part], dye_sequences.tails[part]
        capacity = 1 << 14
        while True:
            parts: list[np.ndarray] = [np.zeros(len(channels), np.int64)]
            parts.append(np.empty(capacity, np.int32))
            parts += [np.empty(capacity, np.float32), np.zeros(len(channels))]
            parts.append(np.zeros((len(channels), classes), np.float32))
            filled = _follow_all(channels, tails, reads, rates, cutoffs[part], *parts)
            if filled >= 0:
                return [parts[0], parts[1][:filled].copy(), parts[2][:filled].copy(), *parts[3:]]
            capacity *= 4

    with ThreadPoolExecutor(threads) as pool:
        tasks = list(pool.map(compute, firsts))
    lengths, found, values, visible, residual = map(np.concatenate, zip(*tasks, strict=True))
    return ReadProbabilities(
        np.concatenate([[0], np.cumsum(lengths)]), found, values, visible, residual
    )


@kernel
def _follow_all(channels, tails, reads, rates, cutoffs, lengths, found, values, visible, residual):
    """Fill the five last arrays; return how many reads were found, -1 if there are too many."""
    cycles, n_channels = channels.shape[1], tails.shape[1]
    width = 2 * (cycles + 1) * MAX_COUNT_STATES
    slots = np.full((n_channels + 1, width), -1, np.int32)
    codes = np.empty((cycles + 1, n_channels + 1, width), np.int32)
    masses = np.empty((cycles + 1, n_channels + 1, width))
    filled = 0
    for d in range(len(channels)):
        start = filled
        tail = tails[d].copy()
        filled, visible[d] = _follow(
            *(channels[d], tail, reads, rates, cutoffs[d], slots, codes, masses),
            *(found, values, residual[d], filled),
        )
        if filled < 0:
            return -1
        lengths[d] = filled - start
    return filled


@kernel
def _count_dyes(channels, tail):
    """Return how many dyes of each channel lie on residue e and after it, for each e, and strides.

    A combination of numbers of working dyes, n_c of channel c, has the code sum n_c * stride_c.
    """
    cycles, n_channels = len(channels), len(tail)
    dyes = np.zeros((cycles + 1, n_channels), np.int64)
    inside = np.zeros(n_channels, np.int64)
    for channel in channels:
        if channel >= 0:
            inside[channel] += 1
    while True:
        size = 1
        for c in range(n_channels):
            size *= inside[c] + tail[c] + 1
        if size <= MAX_COUNT_STATES or tail.max() == 0:
            break
        tail[np.argmax(tail)] -= 1
    dyes[cycles] = tail
    for e in range(cycles - 1, -1, -1):
        dyes[e] = dyes[e + 1]
        if channels[e] >= 0:
            dyes[e, channels[e]] += 1
    strides = np.ones(n_channels + 1, np.int64)
    for c in range(n_channels):
        strides[c + 1] = strides[c] * (dyes[0, c] + 1)
    return dyes, strides


@kernel
def _binomial(n, k, p):
    """Return the probability of k successes in n trials."""
    result = (1 - p) ** (n - k)
    for i in range(k):
        result *= p * (n - i) / (i + 1)
    return result


@kernel
def _called_symbol(before, after):
    """Return the symbol of a cycle in which working dyes fall from `before` to `after`, by channel.

    0 stands for no label, c + 1 for one of channel c; see `molecules`.
    """
    symbol, largest, lost, left = 0, 0, 0, 0
    for c in range(len(before)):
        drop = before[c] - after[c]
        lost += drop
        left += after[c]
        if drop > largest:
            largest, symbol = drop, c + 1
    return 0 if left == 0 and lost > 1 else symbol


@kernel
def _numbers(code, strides, result):
    """Write the number of working dyes of each channel, of a combination's code."""
    for c in range(len(result)):
        result[c] = code % strides[c + 1] // strides[c]


@kernel
def _bleaching(strides, bleach):
    """Return what bleaching makes of each combination of numbers of working dyes.

    Combination s becomes `to[k]` with probability `chance[k]`, most probable first, for k from
    `first[s]` to `first[s + 1]`; the cycle is called `symbol[k, 0]`, or `symbol[k, c + 1]` if Edman
    has removed a dye of channel c in the same cycle.
    """
    n_channels = len(bleach)
    size = strides[n_channels]
    first = np.zeros(size + 1, np.int64)
    before, after, removed = np.zeros((3, n_channels), np.int64)
    capacity = 1024
    to, chance = np.empty(capacity, np.int32), np.empty(capacity)
    symbol = np.empty((capacity, n_channels + 1), np.int8)
    k = 0
    for s in range(size):
        _numbers(s, strides, before)
        for t in range(s + 1):
            _numbers(t, strides, after)
            p = 1.0
            for c in range(n_channels):
                if after[c] > before[c]:
                    p = 0.0
                    break
                p *= _binomial(before[c], before[c] - after[c], bleach[c])
                if p < MIN_BLEACHING:
                    break
            if p < MIN_BLEACHING:
                continue
            if k == capacity:
                capacity *= 2
                to, chance = np.append(to, to), np.append(chance, chance)
                symbol = np.concatenate((symbol, symbol))
            to[k], chance[k] = t, p
            symbol[k, 0] = _called_symbol(before, after)
            for c in range(n_channels):
                removed[:] = before
                removed[c] += 1
                symbol[k, c + 1] = _called_symbol(removed, after)
            k += 1
        start = first[s]
        order = start + np.argsort(-chance[start:k], kind="mergesort")
        to[start:k], chance[start:k], symbol[start:k] = to[order], chance[order], symbol[order]
        first[s + 1] = k
    return first, to, chance, symbol


@kernel
def _add(codes, masses, length, slots, code, mass):
    """Add mass to a state of a list, and return the list's length."""
    slot = slots[code]
    if slot < 0:
        slots[code] = length
        codes[length], masses[length] = code, mass
        return length + 1
    masses[slot] += mass
    return length


@kernel
def _follow(
    channels, tail, reads, rates, cutoff, slots, codes, masses, found, values, residual, filled
):
    """Follow the observed reads of one dye sequence; see `ReadProbabilities`.

    The tree is walked depth first. `codes[t, o]` and `masses[t, o]` are the states, and their
    probabilities jointly with the read's symbols so far, of the child for symbol o at depth t;
    `dead[t, o]` is the probability that no working dye is left there. State (blocked, e, s) has
    the code (blocked * (cycles + 1) + e) * size + s.
    """
    cycles, n_channels = len(channels), len(tail)
    symbols = n_channels + 1
    dyes, strides = _count_dyes(channels, tail)
    first, to, chance, symbol = _bleaching(strides, rates.bleach)
    size = strides[n_channels]
    blocked_code = (cycles + 1) * size
    smallest = cutoff * MIN_STATE_SHARE
    numbers = np.zeros(n_channels, np.int64)
    powers = np.ones(cycles + 1, np.int64)
    for t in range(cycles):
        powers[t + 1] = powers[t] * symbols
    lengths = np.zeros((cycles + 1, symbols), np.int64)
    dead = np.zeros((cycles + 1, symbols))
    # of the node at each depth: which child of its parent it is, its code, its observed reads,
    # and the child that is next
    child, code, following = np.zeros((3, cycles + 1), np.int64)
    low, high = np.zeros(cycles + 1, np.int64), np.zeros(cycles + 1, np.int64)
    borders = np.zeros((cycles + 1, symbols + 1), np.int64)
    high[0] = len(reads)
    for s in range(1, size):
        _numbers(s, strides, numbers)
        p = 1.0
        for c in range(n_channels):
            p *= _binomial(dyes[0, c], numbers[c], 1 - rates.dud[c])
        if p < smallest:
            continue
        k = lengths[0, 0]
        codes[0, 0, k], masses[0, 0, k] = s, p * (1 - rates.initial_block)
        codes[0, 0, k + 1], masses[0, 0, k + 1] = blocked_code + s, p * rates.initial_block
        lengths[0, 0] = k + 2
    all_dud = 1.0
    for c in range(n_channels):
        all_dud *= rates.dud[c] ** dyes[0, c]
    dead[0, 0] = all_dud
    first_label = np.full(cycles + 1, -1)  # of the node at each depth, the column in `residual`
    invisible = 0.0
    t = 0
    following[0] = -1  # not expanded
    while t >= 0:
        if following[t] < 0:
            following[t] = 0
            # the observed reads below each child
            step = powers[cycles - t - 1]
            borders[t, 0], borders[t, symbols] = low[t], high[t]
            for o in range(1, symbols):
                border = (code[t] * symbols + o) * step
                borders[t, o] = low[t] + np.searchsorted(reads[low[t] : high[t]], border)
            lengths[t + 1] = 0
            dead[t + 1] = 0.0
            entering = 0.0
            for i in range(lengths[t, child[t]]):
                state, p = codes[t, child[t], i], masses[t, child[t], i]
                blocked, e, s = state // blocked_code, state % blocked_code // size, state % size
                entering += p
                _numbers(s, strides, numbers)
                lost, last = 0, 0
                for c in range(n_channels):
                    lost += numbers[c]
                    if numbers[c] > 0:
                        last = c
                dead[t + 1, last + 1 if lost == 1 else 0] += p * rates.detach[t]
                p *= 1 - rates.detach[t]
                # ways on: blocked; Edman fails; Edman removes a residue without and with a dye
                for way in range(4):
                    e_next, s_next, removed = e, s, 0
                    blocked_next = 1 if way == 0 else 0
                    if way == 0:
                        q = p if blocked else p * rates.cyclic_block
                    elif blocked or (e == cycles and way > 1):
                        continue
                    else:
                        q = p * (1 - rates.cyclic_block)
                        if way == 1:
                            q *= rates.edman_failure if e < cycles else 1.0
                        else:
                            q *= 1 - rates.edman_failure
                            e_next = e + 1
                            c = channels[e]
                            working = numbers[c] / dyes[e, c] if c >= 0 else 0.0
                            if way == 2:
                                q *= 1 - working
                            else:
                                q *= working
                                s_next, removed = s - strides[c], c + 1
                    if q < smallest:
                        continue
                    base = blocked_next * blocked_code + e_next * size
                    for k in range(first[s_next], first[s_next + 1]):
                        mass = q * chance[k]
                        if mass < smallest:
                            break
                        o = symbol[k, removed]
                        if to[k] == 0:
                            dead[t + 1, o] += mass
                        else:
                            lengths[t + 1, o] = _add(
                                codes[t + 1, o],
                                masses[t + 1, o],
                                lengths[t + 1, o],
                                slots[o],
                                base + to[k],
                                mass,
                            )
            # what was left out as improbable goes where the rest went
            leaving = dead[t + 1].sum()
            for o in range(symbols):
                for i in range(lengths[t + 1, o]):
                    slots[o, codes[t + 1, o, i]] = -1
                    leaving += masses[t + 1, o, i]
            scale = entering / leaving if leaving > 0 else 0.0
            for o in range(symbols):
                masses[t + 1, o, : lengths[t + 1, o]] *= scale
                dead[t + 1, o] *= scale
            dead[t + 1, 0] += dead[t, child[t]]
        o = following[t]
        if o == symbols:
            t -= 1
            continue
        following[t] += 1
        next_low, next_high = borders[t, o], borders[t, o + 1]
        next_code = code[t] * symbols + o
        dark = next_code == 0
        mass = dead[t + 1, o]
        for i in range(lengths[t + 1, o]):
            mass += masses[t + 1, o, i]
        label = first_label[t]
        if label < 0 and o > 0:
            label = t * n_channels + o - 1
        if mass < cutoff and not dark:
            residual[label] += mass
            continue
        if t + 1 == cycles or lengths[t + 1, o] == 0:
            if dark:
                invisible = mass
            # the read without further labels, if it was observed, is the first below this node
            elif next_low < next_high and reads[next_low] == next_code * powers[cycles - t - 1]:
                if filled == len(found):
                    return -1, 0.0
                found[filled], values[filled] = next_low, mass
                filled += 1
            continue
        t += 1
        child[t], code[t], following[t], first_label[t] = o, next_code, -1, label
        low[t], high[t] = next_low, next_high
    return filled, max(0.0, 1.0 - invisible)
