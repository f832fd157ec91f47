"""The tree of possible reads of one dye sequence, walked to the reads above a cutoff.

A node stands for the first t symbols of a read. It holds the probability of these symbols together
with each state that the molecule may be in, see `Nodes`. To expand a node, `_run_cycle` turns its
states into those after Edman and sums up how probable each next symbol is; `_make_child` lets the
dyes bleach, for the symbols that are probable enough only. How probable it is that no label follows
is known for each state beforehand (`chances_of_no_label`). So a node ends the walk as soon as all
reads with a further label together are below the cutoff, and gives at most one read.
"""

from typing import NamedTuple

import numpy as np

from pepseq.fluorosequencing.molecule_states import MAX_COUNT_STATES, without_duds
from pepseq.kernels import kernel, leaf_kernel

MIN_STATE_SHARE = 0.02
"""States of a molecule less probable than this share of the cutoff are left out."""


class Nodes(NamedTuple):
    """The children of one node at each depth t, by n = t * symbols + symbol.

    `masses`: probabilities of states; of combination s of working dyes, blocked molecules at
    (n * S + s) * (T + 2), others that lost e residues e + 1 after it, e from `lowest[n]`.
    `rows[n]`: which s there are, `counts[n]` of them. `weights[n]`: what the probabilities are to
    be multiplied by; that of molecules without a working dye; that of all; that no label follows.

    `kept`, `moved`, `called`, `touched`: of the node that is expanded, see `_run_cycle`.
    """

    masses: np.ndarray
    rows: np.ndarray
    counts: np.ndarray
    lowest: np.ndarray
    weights: np.ndarray
    kept: np.ndarray
    moved: np.ndarray
    called: np.ndarray
    touched: np.ndarray


@kernel
def new_memory(cycles, symbols):
    """Return memory for the masses of nodes with any number of combinations."""
    return np.empty((cycles + 1) * symbols * MAX_COUNT_STATES * (cycles + 2))


@kernel
def new_nodes(memory, cycles, symbols, size):
    """Return nodes of `size` combinations."""
    count = (cycles + 1) * symbols
    return Nodes(
        *(memory, np.empty((count, size), np.int64), np.zeros(count, np.int64)),
        *(np.zeros(count, np.int64), np.ones((count, 4))),
        *(np.zeros(size), np.zeros((size, cycles)), np.zeros((2, symbols))),
        np.zeros(size, np.bool_),
    )


# The kernels below take single arrays: numba passes a tuple as all its arrays, at a cost.


@leaf_kernel
def _run_cycle(
    channels,
    per_dye,
    numbers,
    strides,
    probability,
    detached,
    chances,
    t,
    low,
    rows,
    masses,
    kept,
    moved,
    called,
):
    """Replace the masses of a node at depth t by those after detachment and Edman.

    They are those of molecules that keep their working dyes, with `kept` for each row their sum;
    `moved`, [row, e], are those that lose a working dye and had lost e residues before. `called`:
    probability of each next symbol, [0], and of that by detachment, [1]. `chances`: what masses are
    multiplied by, and the rates of detachment, blocking and failure of Edman. `probability`: see
    `DyeTables.called`.
    """
    scale, detach, cyclic_block, edman_failure = chances
    symbols = called.shape[1]
    width = moved.shape[1] + 2
    for o in range(symbols):
        called[0, o] = called[1, o] = 0.0
    for i in range(len(rows)):
        s = rows[i]
        row = s * width
        whole = masses[row] * scale
        blocked = whole * (1 - detach)
        total, arriving = 0.0, 0.0
        for e in range(low, t + 1):
            p = masses[row + e + 1] * scale
            whole += p
            p *= 1 - detach
            blocked += p * cyclic_block
            p *= 1 - cyclic_block
            stays = arriving + p * edman_failure
            masses[row + e + 1] = stays
            total += stays
            arriving = p * (1 - edman_failure)
            c = channels[e]
            if c >= 0:
                mass = arriving * per_dye[e] * numbers[s, c]
                arriving -= mass
                moved[i, e] = mass
                if mass > 0:
                    left = s - strides[c]
                    for o in range(symbols):
                        called[0, o] += mass * probability[c + 1, left, o]
        masses[row], masses[row + t + 2] = blocked, arriving
        total += blocked + arriving
        kept[i] = total
        for o in range(symbols):
            called[0, o] += total * probability[0, s, o]
        called[0, detached[s]] += whole * detach
        called[1, detached[s]] += whole * detach


@leaf_kernel
def _make_child(
    channels,
    strides,
    ended,
    first,
    to,
    chance,
    t,
    low,
    o,
    smallest,
    rows,
    before,
    kept,
    moved,
    touched,
    child_rows,
    after,
):
    """Fill the masses and rows of the child for symbol o of a node after `_run_cycle`.

    What leaves less than `smallest` is left out. Returns the number of rows, and the probability
    that dyes bleach and none is left. `before`, `after`: masses of both.
    """
    width = moved.shape[1] + 2
    count, dead = 0, 0.0
    for i in range(len(rows)):
        s = rows[i]
        row = s * width
        dead += kept[i] * ended[0, s, o]
        for k in range(first[0, s, o], first[0, s, o + 1]):
            p, target = chance[k], to[k] * width
            if kept[i] * p < smallest:
                break
            if not touched[to[k]]:
                touched[to[k]] = True
                child_rows[count] = to[k]
                count += 1
                after[target] = p * before[row]
                for e in range(low + 1, t + 3):
                    after[target + e] = p * before[row + e]
            else:
                after[target] += p * before[row]
                for e in range(low + 1, t + 3):
                    after[target + e] += p * before[row + e]
        for e in range(low, t + 1):
            c = channels[e]
            if c < 0 or moved[i, e] < smallest:
                continue
            left, mass = s - strides[c], moved[i, e]
            dead += mass * ended[c + 1, left, o]
            for k in range(first[c + 1, left, o], first[c + 1, left, o + 1]):
                if mass * chance[k] < smallest:
                    break
                target = to[k] * width
                if not touched[to[k]]:
                    touched[to[k]] = True
                    child_rows[count] = to[k]
                    count += 1
                    after[target] = 0.0
                    for g in range(low + 1, t + 3):
                        after[target + g] = 0.0
                after[target + e + 2] += mass * chance[k]
    return count, dead


@leaf_kernel
def _weigh(t, low, smallest, mass, dead, rows, masses, no_label, touched, weights):
    """Fill the weights of a new node of probability `mass`; return its smallest e.

    What was left out as improbable is given to the rest. The smallest e is where molecules reach
    the probability `smallest`. `no_label`: see `chances_of_no_label`, of cycle t.
    """
    total, alone, lowest = 0.0, 0.0, t
    width = no_label.shape[1]
    for i in range(len(rows)):
        s = rows[i]
        row = s * width
        touched[s] = False
        total += masses[row]
        alone += masses[row] * no_label[s, 0]
        for e in range(low, lowest):
            if masses[row + e + 1] > smallest:
                lowest = e
                break
        for e in range(low + 1, t + 2):
            total += masses[row + e]
            alone += masses[row + e] * no_label[s, e]
    if total + dead > 0:
        scale = mass / (total + dead)
        weights[0], weights[1], weights[3] = scale, dead * scale, (alone + dead) * scale
    else:  # all was improbable: taken as molecules that show nothing more
        weights[0], weights[1], weights[3] = 0.0, mass, mass
    return lowest


@leaf_kernel
def _expand(channels, per_dye, tables, rates, no_label, t, parent, is_dark, limits, nodes):
    """Weigh the children of a node at depth t, and fill those that reach the cutoff.

    `is_dark`: the node has no label; then it has a child without one, too.
    """
    cutoff, smallest = limits
    symbols = nodes.called.shape[1]
    step = len(nodes.kept) * no_label.shape[2]
    weights = nodes.weights[parent]
    low = nodes.lowest[parent]
    rows = nodes.rows[parent, : nodes.counts[parent]]
    masses = nodes.masses[parent * step : (parent + 1) * step]
    chances = (weights[0], rates.detach[t], rates.cyclic_block, rates.edman_failure)
    _run_cycle(
        *(channels, per_dye, tables.numbers, tables.strides, tables.called, tables.detached),
        *(chances, t, low, rows, masses, nodes.kept, nodes.moved, nodes.called),
    )
    leaving = 0.0
    for o in range(symbols):
        leaving += nodes.called[0, o]
    scale = (weights[2] - weights[1]) / leaving if leaving > 0 else 0.0
    for o in range(symbols):
        child = (t + 1) * symbols + o
        mass, ended = nodes.called[0, o] * scale, 0.0
        if o == 0:
            ended = weights[1]
        filled = nodes.weights[child]
        filled[2] = mass + ended
        nodes.counts[child] = 0
        if filled[2] < cutoff and not (is_dark and o == 0):
            continue
        after = nodes.masses[child * step : (child + 1) * step]
        count, dead = _make_child(
            *(channels, tables.strides, tables.ended, tables.first, tables.to, tables.chance),
            *(t, low, o, smallest, rows, masses, nodes.kept, nodes.moved, nodes.touched),
            *(nodes.rows[child], after),
        )
        nodes.counts[child] = count
        nodes.lowest[child] = _weigh(
            *(t + 1, low, smallest, mass, dead + nodes.called[1, o], nodes.rows[child, :count]),
            *(after, no_label[t + 1], nodes.touched, filled),
        )
        filled[1] += ended
        filled[3] += ended


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
    channels, dyes, tables, no_label, reads, rates, cutoff, nodes, found, values, residual, filled
):
    """Follow the reads of one dye sequence, depth first; see `ReadProbabilities`.

    Returns how many reads are found, -1 if there are too many, and P(visible).
    """
    cycles, symbols = len(channels), nodes.called.shape[1]
    limits = (cutoff, cutoff * MIN_STATE_SHARE)
    per_dye = np.zeros(cycles)
    for e in range(cycles):
        if channels[e] >= 0:
            per_dye[e] = 1 / dyes[e, channels[e]]
    powers = symbols ** np.arange(cycles + 1)
    # of the node at each depth: which child of its parent it is, its code, its observed reads, its
    # first label as a column of `residual`, and the child that is next, -1 before it is expanded
    child, code, low, high = np.zeros((4, cycles + 1), np.int64)
    first_label, following = np.full((2, cycles + 1), -1)
    high[0] = len(reads)
    _plant(dyes, tables, rates, nodes)
    visible = 1.0
    t = 0
    while t >= 0:
        if following[t] < 0:
            following[t] = 0
            parent, is_dark = t * symbols + child[t], code[t] == 0
            _expand(channels, per_dye, tables, rates, no_label, t, parent, is_dark, limits, nodes)
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
        if mass < cutoff and not is_dark:
            residual[label] += mass
            continue
        alone = nodes.weights[node, 3]
        is_last = t + 1 == cycles or nodes.counts[node] == 0
        if is_last and is_dark:
            visible = max(0.0, 1.0 - mass)
            continue
        # the observed reads below the child, the one without further labels first
        begin = next_code * powers[cycles - t - 1]
        next_low = _search(reads, low[t], high[t], begin)
        if is_last or (mass - alone < cutoff and not is_dark):
            residual[label] += mass - alone if alone >= cutoff else mass
            if alone >= cutoff and next_low < high[t] and reads[next_low] == begin:
                if filled == len(found):
                    return -1, 0.0
                found[filled], values[filled] = next_low, alone
                filled += 1
            continue
        t += 1
        child[t], code[t], following[t], first_label[t] = o, next_code, -1, label
        low[t], high[t] = next_low, high[t - 1]
    return filled, visible
