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
from functools import partial

import numpy as np
from scipy.optimize import linear_sum_assignment

from pepseq.kernels import kernel

BALANCING = 12
"""Rounds of Sinkhorn's balancing in a step of the mean field."""

MOST_WITH_FIELDS = 200
"""Paralogs up to which a species has fields. To bring them up to date after a swap takes the square
of its paralogs, to do without them takes all rows for each swap that is tried."""

_NO_FIELD = np.iinfo(np.int64).min


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
            logits = (moved[block] @ b[:, block]).astype(np.float64)
            logits *= 2 / temperature
            soft[at] = _balanced(logits, BALANCING).astype(np.float32)
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
        of_columns = np.zeros(logits.shape[1])
        for i in range(len(logits)):
            logits[i] /= logits[i].sum()
            of_columns += logits[i]
        for i in range(len(logits)):
            logits[i] /= of_columns
    return logits


def fields(
    a: np.ndarray, b: np.ndarray, partner: np.ndarray, start: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """Return how well each two rows of a species would go together, float64, species by species.

    For rows n of a and j of b the sum over k of a[n, k] x b[j, partner k]: from these a swap's gain
    follows at once. Those of one species are a square of `size` rows by `size` columns; one of more
    than MOST_WITH_FIELDS has none.
    """
    small = size <= MOST_WITH_FIELDS
    moved = b[:, partner] if small.any() else b
    blocks = [slice(at, at + n) for at, n in zip(start[small], size[small], strict=True)]
    squares = [(a[at] @ moved[at].T).ravel() for at in blocks]
    return np.concatenate([np.zeros(0), *squares])


@kernel
def _row_bases(start, size):
    """Return where the field of row n and row 0 would stand, so that that of row j is j later.

    It is _NO_FIELD for the rows of a species without fields.
    """
    bases = np.full(start[-1] + size[-1], _NO_FIELD)
    done = 0
    for at in range(len(size)):
        if size[at] > MOST_WITH_FIELDS:
            continue
        for row in range(size[at]):
            bases[start[at] + row] = done + row * size[at] - start[at]
        done += size[at] ** 2
    return bases


@partial(kernel, fastmath={"contract", "nsz", "reassoc"})
def _field_of_swap(a_n, a_m, b_n, b_m, partner, spare):
    """Return the sum over k of (a_n - a_m)[k] x (b_m - b_n)[partner k]; `spare` is overwritten."""
    for j in range(len(spare)):
        spare[j] = b_m[j] - b_n[j]
    total = np.float32(0)
    for k in range(len(spare)):
        total += (a_n[k] - a_m[k]) * spare[partner[k]]
    return total


@kernel
def _swap_gain(a, b, field, bases, partner, spare, n, m):
    """Return how much the gain grows if rows n and m swap partners; `spare` is overwritten."""
    to_n, to_m = partner[n], partner[m]
    if bases[n] == _NO_FIELD:
        gain = np.float64(_field_of_swap(a[n], a[m], b[to_n], b[to_m], partner, spare))
    else:
        gain = field[bases[n] + to_m] - field[bases[n] + to_n]
        gain += field[bases[m] + to_n] - field[bases[m] + to_m]
    gain -= (a[n, n] - a[m, n]) * (b[to_m, to_n] - b[to_n, to_n])
    gain -= (a[n, m] - a[m, m]) * (b[to_m, to_m] - b[to_n, to_m])
    return 2 * gain + (a[n, n] - a[m, m]) * (b[to_m, to_m] - b[to_n, to_n])


@kernel
def _swap(a, b, field, bases, start, size, partner, inverse, n, m):
    """Swap the partners of rows n and m, and bring the fields up to date."""
    to_n, to_m = partner[n], partner[m]
    a_n, a_m, b_n, b_m = a[n], a[m], b[to_n], b[to_m]
    for at in range(len(size)):
        if size[at] > MOST_WITH_FIELDS:
            continue
        end = start[at] + size[at]
        for i in range(start[at], end):
            change = a_n[i] - a_m[i]
            for j in range(start[at], end):
                field[bases[i] + j] += change * (b_m[j] - b_n[j])
    partner[n], partner[m] = to_m, to_n
    inverse[to_m] = n
    inverse[to_n] = m


@kernel
def _accepted(gain, temperature):
    return gain >= 0 or np.random.random() < np.exp(gain / temperature)


@kernel
def _gather(row, shared, by_a, partner, inverse, species, n, m, swaps):
    """Put rows n and m and their orthologs that would swap partners too in `swaps`; count them.

    Those of the species in which both have an ortholog that shares at least as much as in the best
    of a random number of species drawn at random: how many swap together varies from one to all.
    `n` and `m` are rows of a if `by_a`, else of b; `swaps` has rows of a and their partners.
    """
    count = len(row[n])
    least = np.float32(0)
    for _ in range(int(np.exp(np.random.random() * np.log(count + 1.0)))):
        drawn = np.random.randint(count)
        least = max(least, min(shared[n, drawn], shared[m, drawn]))
    gathered = 0
    for at in range(count):
        x, y = row[n, at], row[m, at]
        if at == species:
            x, y = n, m
        elif x == y or min(shared[n, at], shared[m, at]) < least:
            continue
        if not by_a:
            x, y = inverse[x], inverse[y]
        swaps[gathered] = x, y, partner[x], partner[y]
        gathered += 1
    return gathered


@kernel
def _joint_gain(a, b, field, bases, partner, spare, swaps):
    """Return how much the gain grows by swaps in different species, made together."""
    gain = 0.0
    for t in range(len(swaps)):
        n, m, to_n, to_m = swaps[t]
        a_n, a_m, b_n, b_m = a[n], a[m], b[to_n], b[to_m]
        between = 0.0
        for s in range(t):
            x, y, to_x, to_y = swaps[s]
            moved = b_m[to_y] - b_m[to_x] - b_n[to_y] + b_n[to_x]
            between += (a_n[x] - a_n[y] - a_m[x] + a_m[y]) * moved
        gain += 2 * between + _swap_gain(a, b, field, bases, partner, spare, n, m)
    return gain


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
    field,
    temperature,
    moves,
    jump,
    seed,
    stop,
):
    """Improve `partner`, int64 (rows,), and its `fields` in place; return what the gain grew by.

    Of the `moves` tried, a share `jump` swaps orthologs as well, those by family A and by family B
    alike. Which rows move, and how, does not depend on the pairing, so that every move and its
    reverse are equally likely. `stop`, bool (1,), ends it once another
    thread sets it.
    """
    np.random.seed(seed)
    first = np.cumsum(size) - size
    movable = size.sum()
    species_of = np.empty(movable, np.int64)
    for at in range(len(size)):
        species_of[first[at] : first[at] + size[at]] = at
    bases = _row_bases(start, size)
    inverse = np.argsort(partner)
    swaps = np.empty((len(size), 4), np.int64)
    spare = np.empty(len(a), np.float32)
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
            swaps[0] = n, m, partner[n], partner[m]
            count = 1
        else:
            by_a = kind < jump / 2
            row, shared = (row_a, shared_a) if by_a else (row_b, shared_b)
            count = _gather(row, shared, by_a, partner, inverse, at, n, m, swaps)
        gain = _joint_gain(a, b, field, bases, partner, spare, swaps[:count])
        if _accepted(gain, temperature):
            grown += gain
            for s in range(count):
                n, m = swaps[s, 0], swaps[s, 1]
                _swap(a, b, field, bases, start, size, partner, inverse, n, m)
    return grown
