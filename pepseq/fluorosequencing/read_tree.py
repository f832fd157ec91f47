"""The tree of possible reads of one dye sequence, walked to the reads above a cutoff.

A node stands for the first t symbols of a read, see `read_nodes`. How probable it is that no label
follows is known for each state beforehand (`fill_no_label`). So a node ends the walk as soon as all
reads with a further label together are below the cutoff, and gives at most one read.
"""

import numpy as np

from pepseq.fluorosequencing.molecule_states import without_duds
from pepseq.fluorosequencing.observed_reads import fill_limits, find_read
from pepseq.fluorosequencing.read_nodes import expand
from pepseq.kernels import kernel


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


@kernel
def follow_reads(
    channels,
    dyes,
    tables,
    no_label,
    reads,
    rates,
    cutoff,
    nodes,
    found,
    values,
    residual,
    filled,
):
    """Follow the reads of one dye sequence, depth first; see `ReadProbabilities`.

    If `reads`, see `ReadGroups`, have cutoffs, the walk keeps to their first symbols, and
    `residual` and P(visible) have no meaning. Returns how many reads are found, -1 if there are too
    many, and P(visible).
    """
    cycles, symbols = len(channels), nodes.called.shape[1]
    codes, observed_only = reads.codes, len(reads.cutoffs) > 0
    # of the children of the node at each depth, by their symbols
    limits = np.full((cycles, symbols), cutoff)
    needed = np.zeros((cycles, symbols, symbols - 1), np.int8)
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
    _plant(dyes, tables, rates, nodes)
    visible = 1.0
    t = 0
    while t >= 0:
        if following[t] < 0:
            following[t] = 0
            parent, is_dark = t * symbols + child[t], code[t] == 0 and not observed_only
            if observed_only:
                fill_limits(
                    *(codes, reads.cutoffs[t + 1], reads.labels[t + 1], place, code[t]),
                    *(powers[cycles - t - 1], dyes[0], limits[t], needed[t]),
                )
            expand(
                *(channels, per_dye, tables, rates, no_label, t, parent, is_dark),
                *(limits[t], needed[t], nodes),
            )
        o = following[t]
        if o == symbols:
            t -= 1
            continue
        following[t] += 1
        node, next_code = (t + 1) * symbols + o, code[t] * symbols + o
        mass, is_dark = nodes.weights[node, 2], next_code == 0 and not observed_only
        label = first_label[t]
        if label < 0 and o > 0:
            label = t * (symbols - 1) + o - 1
        if nodes.counts[node] < 0:
            continue
        if mass < limits[t, o] and not is_dark:
            residual[label] += mass
            continue
        alone = nodes.weights[node, 3]
        is_last = t + 1 == cycles or nodes.counts[node] == 0
        if is_last and is_dark:
            visible = max(0.0, 1.0 - mass)
            continue
        if is_last or (mass - alone < limits[t, o] and not is_dark):
            residual[label] += mass - alone if alone >= limits[t, o] else mass
            if alone >= limits[t, o]:
                read = next_code * powers[cycles - t - 1]
                place = find_read(codes, place, len(codes), read)
                if place < len(codes) and codes[place] == read:
                    if filled == len(found):
                        return -1, 0.0
                    found[filled], values[filled] = place, alone
                    filled += 1
            continue
        t += 1
        child[t], code[t], following[t], first_label[t] = o, next_code, -1, label
    return filled, visible
