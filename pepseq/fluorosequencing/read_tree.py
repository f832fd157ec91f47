"""The tree of possible reads of one dye sequence, walked to the reads above a cutoff.

A node stands for the first t symbols of a read, see `read_nodes`. How probable it is that no label
follows is known for each state beforehand (`fill_no_label`). So a node ends the walk as soon as all
reads with a further label together are below the cutoff, and gives at most one read.
"""

import numpy as np

from pepseq.fluorosequencing.molecule_states import without_duds
from pepseq.fluorosequencing.read_nodes import MIN_STATE_SHARE, expand
from pepseq.kernels import kernel, leaf_kernel


@leaf_kernel
def _search(reads, low, high, code):
    """Return the place of the first read from `low` on that is not below a code, or `high`."""
    while low < high:
        middle = (low + high) // 2
        if reads[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _plant(dyes, tables, rates, nodes):
    """Fill the root of the tree, node 0."""
    before = without_duds(tables.numbers, dyes[0], rates.dud)
    size, width = nodes.moved.shape[0], nodes.moved.shape[1] + 2
    nodes.counts[0], nodes.lowest[0] = size - 1, 0
    nodes.weights[0] = np.array([1.0, before[0], 1.0, 0.0])
    for s in range(1, size):
        nodes.rows[0, s - 1] = s
        nodes.masses[s * width] = before[s] * rates.initial_block
        nodes.masses[s * width + 1] = before[s] * (1 - rates.initial_block)


@leaf_kernel
def _mark_observed(reads, place, code, width, wanted):
    """Fill `wanted`: whether an observed read, from `place` on, goes on with each symbol.

    `code`: of the symbols so far; `width`: number of reads that have the same next symbol.
    """
    for o in range(len(wanted)):
        first = (code * len(wanted) + o) * width
        place = _search(reads, place, len(reads), first)
        wanted[o] = place < len(reads) and reads[place] - first < width


@kernel
def follow_reads(
    channels,
    dyes,
    tables,
    no_label,
    reads,
    rates,
    cutoff,
    observed_only,
    nodes,
    found,
    values,
    residual,
    filled,
):
    """Follow the reads of one dye sequence, depth first; see `ReadProbabilities`.

    With `observed_only` the walk keeps to the first symbols of observed reads, and `residual` has
    no meaning. Returns how many reads are found, -1 if there are too many, and P(visible).
    """
    cycles, symbols = len(channels), nodes.called.shape[1]
    limits = (cutoff, cutoff * MIN_STATE_SHARE)
    per_dye = np.zeros(cycles)
    for e in range(cycles):
        if channels[e] >= 0:
            per_dye[e] = 1 / dyes[e, channels[e]]
    powers = symbols ** np.arange(cycles + 1)
    # of the node at each depth: which child of its parent it is, its code, its first label as a
    # column of `residual`, and the child that is next, -1 before it is expanded
    child, code = np.zeros((2, cycles + 1), np.int64)
    first_label, following = np.full((2, cycles + 1), -1)
    place = 0  # of the next observed read: codes of reads are visited in ascending order
    wanted = np.ones(symbols, np.bool_)
    _plant(dyes, tables, rates, nodes)
    visible = 1.0
    t = 0
    while t >= 0:
        if following[t] < 0:
            following[t] = 0
            parent, is_dark = t * symbols + child[t], code[t] == 0
            if observed_only:
                _mark_observed(reads, place, code[t], powers[cycles - t - 1], wanted)
            expand(
                *(channels, per_dye, tables, rates, no_label, t, parent, is_dark, limits, wanted),
                nodes,
            )
        o = following[t]
        if o == symbols:
            t -= 1
            continue
        following[t] += 1
        node, next_code = (t + 1) * symbols + o, code[t] * symbols + o
        mass, is_dark = nodes.weights[node, 2], next_code == 0
        label = first_label[t]
        if label < 0 and o > 0:
            label = t * (symbols - 1) + o - 1
        if nodes.counts[node] < 0:
            continue
        if mass < cutoff and not is_dark:
            residual[label] += mass
            continue
        alone = nodes.weights[node, 3]
        is_last = t + 1 == cycles or nodes.counts[node] == 0
        if is_last and is_dark:
            visible = max(0.0, 1.0 - mass)
            continue
        if is_last or (mass - alone < cutoff and not is_dark):
            residual[label] += mass - alone if alone >= cutoff else mass
            if alone >= cutoff:
                read = next_code * powers[cycles - t - 1]
                place = _search(reads, place, len(reads), read)
                if place < len(reads) and reads[place] == read:
                    if filled == len(found):
                        return -1, 0.0
                    found[filled], values[filled] = place, alone
                    filled += 1
            continue
        t += 1
        child[t], code[t], following[t], first_label[t] = o, next_code, -1, label
    return filled, visible
