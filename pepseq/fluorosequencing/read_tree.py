"""The tree of possible reads of one dye sequence, walked to the reads above a cutoff."""

import numpy as np

from pepseq.fluorosequencing.molecule_states import MAX_COUNT_STATES, without_duds
from pepseq.kernels import kernel, leaf_kernel

MIN_STATE_SHARE = 0.01
"""States of a molecule less probable than this share of the cutoff are left out."""


@kernel
def new_nodes(cycles, symbols):
    """Return memory for the children of one node at each depth, one for each symbol.

    At [depth, symbol]: probabilities of the combinations s, of blocked molecules at [s, 0] and of
    others that lost e residues at [s, e + 1]; which s there are; whether s is among them; how many
    there are; the smallest e; and the probability that no dye works.
    """
    shape = (cycles + 1, symbols)
    masses = np.empty((*shape, MAX_COUNT_STATES, cycles + 2))
    rows = np.empty((*shape, MAX_COUNT_STATES), np.int64)
    touched = np.zeros((*shape, MAX_COUNT_STATES), np.bool_)
    counts, lowest = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    return masses, rows, touched, counts, lowest, np.zeros(shape)


@leaf_kernel
def _expand(channels, rates, t, smallest, dye_tables, bleach_tables, parent, nodes, scratch):
    """Fill the children of the node for symbol `parent` at depth t.

    What leaves less than `smallest` is left out. `scratch`: a row of probabilities after Edman.
    """
    dyes, strides, numbers, symbols_of_detachment = dye_tables
    first, to, chance, symbol = bleach_tables
    masses, rows, _, counts, lowest, dead = nodes
    low, high = lowest[t, parent], min(t, len(channels))
    for i in range(counts[t, parent]):
        s = rows[t, parent, i]
        total = masses[t, parent, s, 0]
        for e in range(low, high + 1):
            total += masses[t, parent, s, e + 1]
        if total < smallest:
            continue
        dead[t + 1, symbols_of_detachment[s]] += total * rates.detach[t]
        attached = 1 - rates.detach[t]
        blocked, kept = masses[t, parent, s, 0] * attached, 0.0
        scratch[low + 1] = 0.0
        for e in range(low, high + 1):
            p = masses[t, parent, s, e + 1] * attached
            blocked += p * rates.cyclic_block
            p *= 1 - rates.cyclic_block
            scratch[e + 1] += p * rates.edman_failure
            p *= 1 - rates.edman_failure
            c = channels[e]
            if c >= 0:  # bleaching of molecules that lose a working dye
                mass = p * numbers[s, c] / dyes[e, c]
                p -= mass
                s_left = s - strides[c]
                for k in range(first[s_left], first[s_left + 1]):
                    lost = mass * chance[k]
                    if lost < smallest:
                        break
                    o, s_next = symbol[c + 1, k], to[k]
                    if s_next == 0:
                        dead[t + 1, o] += lost
                    else:
                        _touch(nodes, t + 1, o, s_next, low, high + 1)
                        masses[t + 1, o, s_next, e + 2] += lost
            scratch[e + 2] = p
            kept += scratch[e + 1]
        scratch[0] = blocked
        kept += blocked + scratch[high + 2]
        for k in range(first[s], first[s + 1]):
            if kept * chance[k] < smallest:
                break
            o, s_next = symbol[0, k], to[k]
            if s_next == 0:
                dead[t + 1, o] += kept * chance[k]
                continue
            _touch(nodes, t + 1, o, s_next, low, high + 1)
            masses[t + 1, o, s_next, 0] += chance[k] * blocked
            for e in range(low + 1, high + 3):
                masses[t + 1, o, s_next, e] += chance[k] * scratch[e]


@leaf_kernel
def _touch(nodes, t, o, s, low, high):
    """Add a combination to a node, if it is not there, with no probability so far."""
    masses, rows, touched, counts, _, _ = nodes
    if not touched[t, o, s]:
        touched[t, o, s] = True
        rows[t, o, counts[t, o]] = s
        counts[t, o] += 1
        masses[t, o, s, 0] = 0.0
        for e in range(low, high + 1):
            masses[t, o, s, e + 1] = 0.0


@leaf_kernel
def _rescale(whole, t, low, smallest, nodes, totals):
    """Give what was left out as improbable to the rest, and write the probability of each child.

    `whole`: probability of their parent, with a working dye. The smallest e of a child is where its
    molecules reach the probability `smallest`.
    """
    masses, rows, touched, counts, lowest, dead = nodes
    leaving = 0.0
    for o in range(counts.shape[1]):
        total = dead[t, o]
        lowest[t, o] = t
        for i in range(counts[t, o]):
            s = rows[t, o, i]
            touched[t, o, s] = False
            total += masses[t, o, s, 0]
            for e in range(low, t + 1):
                total += masses[t, o, s, e + 1]
                if masses[t, o, s, e + 1] > smallest and e < lowest[t, o]:
                    lowest[t, o] = e
        totals[t, o] = total
        leaving += total
    if leaving == 0:  # all was improbable: taken as molecules that show nothing more
        dead[t, 0] = totals[t, 0] = whole
        return
    scale = whole / leaving
    for o in range(counts.shape[1]):
        totals[t, o] *= scale
        dead[t, o] *= scale
        for i in range(counts[t, o]):
            for e in range(lowest[t, o], t + 2):
                masses[t, o, rows[t, o, i], e if e > lowest[t, o] else 0] *= scale


@leaf_kernel
def _search(reads, low, high, code):
    """Return the place of the first read from `low` to `high` that is not below a code."""
    while low < high:
        middle = (low + high) // 2
        if reads[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def follow_reads(
    channels,
    reads,
    rates,
    cutoff,
    dye_tables,
    bleach_tables,
    nodes,
    found,
    values,
    residual,
    filled,
):
    """Follow the reads of one dye sequence, depth first; see `ReadProbabilities` and `new_nodes`.

    A node stands for the first symbols of a read; its probabilities are those of these symbols and
    a state.
    """
    dyes, _, numbers, _ = dye_tables
    masses, rows, _, counts, lowest, dead = nodes
    cycles, symbols = len(channels), numbers.shape[1] + 1
    smallest = cutoff * MIN_STATE_SHARE
    powers = symbols ** np.arange(cycles + 1)
    totals, scratch = np.zeros((cycles + 1, symbols)), np.zeros(cycles + 3)
    # of the node at each depth: which child of its parent it is, its code, its observed reads, its
    # first label as a column of `residual`, and the child that is next, -1 before it is expanded
    child, code, low, high = np.zeros((4, cycles + 1), np.int64)
    first_label, following = np.full((2, cycles + 1), -1)
    high[0] = len(reads)
    before = without_duds(numbers, dyes[0], rates.dud)
    dead[0, 0], lowest[0, 0], counts[0, 0] = before[0], 0, len(numbers) - 1
    totals[0, 0] = 1.0
    for s in range(1, len(numbers)):
        rows[0, 0, s - 1] = s
        masses[0, 0, s, 0] = before[s] * rates.initial_block
        masses[0, 0, s, 1] = before[s] * (1 - rates.initial_block)
    invisible = 0.0
    t = 0
    while t >= 0:
        if following[t] < 0:
            following[t] = 0
            for o in range(symbols):
                counts[t + 1, o], dead[t + 1, o] = 0, 0.0
            o = child[t]
            _expand(channels, rates, t, smallest, dye_tables, bleach_tables, o, nodes, scratch)
            _rescale(totals[t, o] - dead[t, o], t + 1, lowest[t, o], smallest, nodes, totals)
            dead[t + 1, 0] += dead[t, o]
            totals[t + 1, 0] += dead[t, o]
        o = following[t]
        if o == symbols:
            t -= 1
            continue
        following[t] += 1
        mass, next_code = totals[t + 1, o], code[t] * symbols + o
        dark = next_code == 0
        label = first_label[t]
        if label < 0 and o > 0:
            label = t * (symbols - 1) + o - 1
        if mass < cutoff and not dark:
            residual[label] += mass
            continue
        # the observed reads below the child, the one without further labels first
        begin = next_code * powers[cycles - t - 1]
        next_low = _search(reads, low[t], high[t], begin)
        if t + 1 == cycles or counts[t + 1, o] == 0:
            if dark:
                invisible = mass
            elif next_low < high[t] and reads[next_low] == begin:
                if filled == len(found):
                    return -1, 0.0
                found[filled], values[filled] = next_low, mass
                filled += 1
            continue
        t += 1
        child[t], code[t], following[t], first_label[t] = o, next_code, -1, label
        low[t], high[t] = next_low, high[t - 1]
    return filled, max(0.0, 1.0 - invisible)
