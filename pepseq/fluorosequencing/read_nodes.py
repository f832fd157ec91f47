"""Nodes of the tree of reads: states of a molecule together with the first symbols of its read.

To expand a node, `_run_cycle` turns its states into those after Edman and sums up how probable each
next symbol is; `_make_child` lets the dyes bleach, for the symbols that are probable enough only.
"""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel, leaf_kernel

MIN_STATE_SHARE = 0.02
"""States of a molecule less probable than this share of the cutoff are left out, and their
probability is given to the others. Chosen on tryptic peptides of E. coli (labels DE,C,Y; 15 cycles;
rates of Atto647N): probabilities of reads are off by 0.4 % on average, by 1.8 % with 0.1, which
takes 15 % less time."""


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
def new_nodes(cycles, symbols, size):
    """Return nodes of `size` combinations."""
    count = (cycles + 1) * symbols
    return Nodes(
        *(
            np.empty(count * size * (cycles + 2)),
            np.empty((count, size), np.int64),
            np.zeros(count, np.int64),
        ),
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
def _weigh(t, low, smallest, mass, dead, rows, masses, no_label, numbers, needed, touched, weights):
    """Fill the weights of a new node of probability `mass`; return its number of rows, smallest e.

    What was left out as improbable is given to the rest. Molecules with fewer working dyes than
    `needed` count as those without one. The smallest e is where molecules reach the probability
    `smallest`. `no_label`: see `fill_no_label`, of cycle t.
    """
    total, alone, lowest, count = 0.0, 0.0, t, 0
    width = no_label.shape[1]
    for i in range(len(rows)):
        s = rows[i]
        row = s * width
        touched[s] = False
        is_able = True
        for c in range(len(needed)):
            is_able &= numbers[s, c] >= needed[c]
        if not is_able:
            dead += masses[row]
            for e in range(low + 1, t + 2):
                dead += masses[row + e]
            continue
        rows[count] = s
        count += 1
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
    return count, lowest


@leaf_kernel
def expand(channels, per_dye, tables, rates, no_label, t, parent, is_dark, limits, needed, nodes):
    """Weigh the children of a node at depth t, and fill those that reach their cutoffs, `limits`.

    `is_dark`: the node has no label; then it has a child without one, too. A child whose cutoff is
    inf has -1 states. `needed`: the labels of each channel that follow each child at least.
    """
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
        if limits[o] == np.inf:
            nodes.counts[child] = -1
            continue
        if t + 1 == len(channels):
            filled[3] = filled[2]
            continue
        if filled[2] < limits[o] and not (is_dark and o == 0):
            continue
        smallest = limits[o] * MIN_STATE_SHARE
        after = nodes.masses[child * step : (child + 1) * step]
        count, dead = _make_child(
            *(channels, tables.strides, tables.ended, tables.first, tables.to, tables.chance),
            *(t, low, o, smallest, rows, masses, nodes.kept, nodes.moved, nodes.touched),
            *(nodes.rows[child], after),
        )
        nodes.counts[child], nodes.lowest[child] = _weigh(
            *(t + 1, low, smallest, mass, dead + nodes.called[1, o], nodes.rows[child, :count]),
            *(after, no_label[t + 1], tables.numbers, needed[o], nodes.touched, filled),
        )
        filled[1] += ended
        filled[3] += ended
