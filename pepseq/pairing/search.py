"""Searching for the pairing under which two families' similarities agree best.

The gain of a pairing is the sum over pairs n and m of a[n, m] x b[partner n, partner m]: quadratic
assignment (Koopmans and Beckmann 1957). Pairs of all species are numbered through; `start` and
`size` say which belong to a species, and partners change inside it. A mean-field annealing with
Sinkhorn's balancing (Kosowsky and Yuille 1994) finds a first pairing; simulated annealing improves
it, by swaps of two partners and by the same swap in the orthologs in other species, since those of
related species are only ever wrong together.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from pepseq.templates.kernels import kernel

BALANCING = 12
"""Rounds of Sinkhorn's balancing in a step of the mean field."""


@dataclass(frozen=True)
class Orthologs:
    """The most alike protein of each species: `row` int32 and `shared` float32, (rows, species)."""

    row: np.ndarray
    shared: np.ndarray

    @classmethod
    def of(cls, shared: np.ndarray, start: np.ndarray, size: np.ndarray) -> "Orthologs":
        """Find them from a matrix of how much any two rows share, (rows, rows)."""
        blocks = [shared[:, at : at + count] for at, count in zip(start, size, strict=True)]
        row = np.stack([at + block.argmax(1) for at, block in zip(start, blocks, strict=True)], 1)
        most = np.stack([block.max(1) for block in blocks], axis=1)
        return cls(row.astype(np.int32), most.astype(np.float32))


def mean_field(
    a: np.ndarray, b: np.ndarray, start: np.ndarray, size: np.ndarray, temperatures: Iterable
) -> np.ndarray:
    """Return the pairing that soft pairings harden to as the temperature falls, int64 (rows,).

    `a` and `b` are float32 (rows, rows); rows outside all species are paired as they stand. Element
    n of the result is the row of b that row n of a is paired with.
    """
    rows = len(a)
    blocks = [slice(at, at + count) for at, count in zip(start, size, strict=True)]
    soft = [np.full((count, count), 1 / count, np.float32) for count in size]
    moved = a.copy()
    for temperature in temperatures:
        for block, pairs in zip(blocks, soft, strict=True):
            moved[:, block] = a[:, block] @ pairs
        for at, block in enumerate(blocks):
            gain = (moved[block] @ b[:, block]).astype(np.float64)
            soft[at] = _balanced(gain * (2 / temperature), BALANCING).astype(np.float32)
    partner = np.arange(rows)
    for block, pairs in zip(blocks, soft, strict=True):
        partner[block] = block.start + linear_sum_assignment(pairs, maximize=True)[1]
    return partner


@kernel
def _balanced(logits, rounds):
    """Return exp(logits) with rows and columns scaled to sum to 1 (rows, columns), in place."""
    for i in range(len(logits)):
        logits[i] = np.exp(logits[i] - logits[i].max()) + 1e-12
    for _ in range(rounds):
        for i in range(len(logits)):
            logits[i] /= logits[i].sum()
        for j in range(len(logits)):
            logits[:, j] /= logits[:, j].sum()
    return logits


def _swap_gain(a, b, partner, n, m):
    """Return how much the gain grows if rows n and m of a change partners."""
    to_n, to_m = partner[n], partner[m]
    a_n, a_m, b_n, b_m = a[n], a[m], b[to_n], b[to_m]
    gain = np.float32(0)
    for k in range(len(partner)):
        other = partner[k]
        gain += (a_n[k] - a_m[k]) * (b_m[other] - b_n[other])
    gain -= (a_n[n] - a_m[n]) * (b_m[to_n] - b_n[to_n])
    gain -= (a_n[m] - a_m[m]) * (b_m[to_m] - b_n[to_m])
    return 2 * gain + (a_n[n] - a_m[m]) * (b_m[to_m] - b_n[to_n])


_swap_gain = kernel(_swap_gain, fastmath=True)


@kernel
def _change(partner, inverse, n, m):
    partner[n], partner[m] = partner[m], partner[n]
    inverse[partner[n]] = n
    inverse[partner[m]] = m


@kernel
def _accepted(gain, temperature):
    return gain >= 0 or np.random.random() < np.exp(gain / temperature)


@kernel
def _change_orthologs(a, b, partner, inverse, row, shared, by_a, species, n, m, temperature, done):
    """Try to change partners of rows n and m and of their orthologs; return what the gain grew by.

    Those of the species in which both have an ortholog that shares at least as much as in the best
    of a random number of species drawn at random: how many change together varies from one to all.
    """
    count = len(row[n])
    least = np.float32(0)
    for _ in range(int(np.exp(np.random.random() * np.log(count + 1.0)))):
        drawn = np.random.randint(count)
        least = max(least, min(shared[n, drawn], shared[m, drawn]))
    gain, swaps = np.float32(0), 0
    for at in range(count):
        x, y = row[n, at], row[m, at]
        if at == species:
            x, y = n, m
        elif x == y or min(shared[n, at], shared[m, at]) < least:
            continue
        if not by_a:
            x, y = inverse[x], inverse[y]
        gain += _swap_gain(a, b, partner, x, y)
        _change(partner, inverse, x, y)
        done[swaps, 0], done[swaps, 1] = x, y
        swaps += 1
    if _accepted(gain, temperature):
        return gain
    for back in range(swaps - 1, -1, -1):
        _change(partner, inverse, done[back, 0], done[back, 1])
    return np.float32(0)


@kernel
def anneal(
    a,
    b,
    row_a,
    shared_a,
    row_b,
    shared_b,
    start,
    size,
    partner,
    temperature,
    moves,
    jump,
    seed,
    stop,
):
    """Improve `partner`, int64 (rows,), in place; return what the gain grew by.

    Of the `moves` tried, a share `jump` changes orthologs as well, those by family A and by family
    B alike. Which rows move, and how, does not depend on the pairing, so that every move and its
    reverse are equally likely. `stop`, bool (1,), ends it once another thread sets it.
    """
    np.random.seed(seed)
    first = np.cumsum(size) - size
    movable = size.sum()
    species_of = np.empty(movable, np.int64)
    for at in range(len(size)):
        species_of[first[at] : first[at] + size[at]] = at
    inverse = np.argsort(partner)
    done = np.empty((len(size), 2), np.int64)
    grown = 0.0
    for _ in range(moves):
        if stop[0]:
            break
        drawn = np.random.randint(movable)
        at = species_of[drawn]
        n = start[at] + drawn - first[at]
        m = start[at] + np.random.randint(size[at] - 1)
        m += m >= n
        kind = np.random.random()
        if kind >= jump:
            gain = _swap_gain(a, b, partner, n, m)
            if _accepted(gain, temperature):
                _change(partner, inverse, n, m)
                grown += gain
            continue
        by_a = kind < jump / 2
        row, shared = (row_a, shared_a) if by_a else (row_b, shared_b)
        grown += _change_orthologs(
            a, b, partner, inverse, row, shared, by_a, at, n, m, temperature, done
        )
    return grown
