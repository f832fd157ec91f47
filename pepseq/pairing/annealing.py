"""Simulated annealing of the pairing under which the similarities of two families agree best.

The gain of a pairing is the sum over pairs n and m of a[n, m] x b[partner n, partner m]: quadratic
assignment (Koopmans and Beckmann 1957). Rows of all species are numbered through, and partners
change inside a species: by swaps of two partners, and by the same swap in the orthologs in other
species, because related species are only ever wrong together.

NamedTuples group arguments because compiled functions take them; the innermost functions take
arrays, which is faster.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel

MAX_SIZE_WITH_FIELDS = 200
"""Paralogs up to which a species has fields. With fields, the gain of a swap is looked up, but each
accepted swap updates the square of the paralogs; without, each tried swap sums over all rows."""

_NO_FIELDS = np.iinfo(np.int64).min


class Similarities(NamedTuple):
    """Similarities of the proteins of family A, and of family B: float32 (rows, rows) each."""

    a: np.ndarray
    b: np.ndarray


class SpeciesRows(NamedTuple):
    """First row and number of rows of each species, int64 (species,).

    Rows of species come first and without gaps between them; later rows are settled pairs.
    """

    start: np.ndarray
    size: np.ndarray

    @classmethod
    def of_sizes(cls, size: np.ndarray) -> "SpeciesRows":
        """Return species of these sizes, one after the other."""
        return cls(np.cumsum(size) - size, size)

    @property
    def slices(self) -> list[slice]:
        """The rows of each species."""
        return [slice(start, start + size) for start, size in zip(*self, strict=True)]


class Orthologs(NamedTuple):
    """Most similar protein of each species: `row` int32, `shared` float32, (rows, species)."""

    row: np.ndarray
    shared: np.ndarray


class PairingState(NamedTuple):
    """A pairing that annealing changes in place.

    `partner`, int64 (rows,): the row of B that each row of A is paired with. `field`: see `fields`.
    """

    partner: np.ndarray
    field: np.ndarray


class Moves(NamedTuple):
    """Moves to try at one temperature.

    Of `number` moves, a share `ortholog_share` swaps orthologs too, by family A and by family B.
    """

    number: int
    temperature: float
    ortholog_share: float
    seed: int


def find_orthologs(shared: np.ndarray, species: SpeciesRows) -> Orthologs:
    """Return the orthologs of each row, from a matrix of how much two rows share, (rows, rows)."""
    blocks = [shared[:, rows] for rows in species.slices]
    row = species.start + np.stack([block.argmax(1) for block in blocks], axis=1)
    most = np.stack([block.max(1) for block in blocks], axis=1)
    return Orthologs(row.astype(np.int32), most.astype(np.float32))


def fields(similarities: Similarities, species: SpeciesRows, partner: np.ndarray) -> np.ndarray:
    """Return how well each two rows of a species would go together, float64, species by species.

    For row n of A and row j of B this is the sum over k of a[n, k] x b[j, partner k]: four of them
    give the gain of a swap. Those of one species are a square of `size` rows by `size` columns,
    flattened; a species of more than MAX_SIZE_WITH_FIELDS has none.
    """
    a, b = similarities
    blocks = [r for r in species.slices if r.stop - r.start <= MAX_SIZE_WITH_FIELDS]
    moved = b[:, partner] if blocks else b
    squares = [(a[rows] @ moved[rows].T).ravel() for rows in blocks]
    return np.concatenate([np.zeros(0), *squares])


@kernel
def _field_offsets(species):
    """Return for each row n the offset such that field[offset + j] is of row n of A and j of B.

    It is _NO_FIELDS for the rows of a species without fields.
    """
    start, size = species.start, species.size
    offsets = np.full(start[-1] + size[-1], _NO_FIELDS)
    written = 0
    for s in range(len(size)):
        if size[s] > MAX_SIZE_WITH_FIELDS:
            continue
        for i in range(size[s]):
            # rows j of this species begin at start[s], and those of row n at written + i * size[s]
            offsets[start[s] + i] = written + i * size[s] - start[s]
        written += size[s] ** 2
    return offsets


@partial(kernel, fastmath={"contract", "nsz", "reassoc"})
def _field_difference(a_n, a_m, b_n, b_m, partner, spare):
    """Return the sum over k of (a_n - a_m)[k] x (b_m - b_n)[partner k]; `spare` is overwritten."""
    for j in range(len(spare)):
        spare[j] = b_m[j] - b_n[j]
    total = np.float32(0)
    for k in range(len(spare)):
        total += (a_n[k] - a_m[k]) * spare[partner[k]]
    return total


@kernel
def _gain_of_swap(a, b, partner, field, offsets, spare, n, m):
    """Return how much the gain grows if rows n and m swap partners; `spare` is overwritten.

    With x = a_n - a_m and y = b_to_m - b_to_n, products of n or m with all other rows k change by
    twice the sum of x[k] y[partner k], the matrices being symmetric. The fields give this sum over
    all k, from which k = n and k = m are subtracted. Of n and m, only the products with themselves
    change.
    """
    to_n, to_m = partner[n], partner[m]
    if offsets[n] == _NO_FIELDS:
        gain = np.float64(_field_difference(a[n], a[m], b[to_n], b[to_m], partner, spare))
    else:
        gain = field[offsets[n] + to_m] - field[offsets[n] + to_n]
        gain += field[offsets[m] + to_n] - field[offsets[m] + to_m]
    gain -= (a[n, n] - a[m, n]) * (b[to_m, to_n] - b[to_n, to_n])
    gain -= (a[n, m] - a[m, m]) * (b[to_m, to_m] - b[to_n, to_m])
    return 2 * gain + (a[n, n] - a[m, m]) * (b[to_m, to_m] - b[to_n, to_n])


@kernel
def _swap(a, b, species, state, offsets, inverse, n, m):
    """Swap the partners of rows n and m, and update the fields of all species.

    In the field of rows i and j only the terms k = n and k = m change: by
    (a[i, n] - a[i, m]) x (b[j, to_m] - b[j, to_n]). `inverse` holds the row of A of each row of B.
    """
    start, size = species
    partner, field = state
    to_n, to_m = partner[n], partner[m]
    a_n, a_m, b_n, b_m = a[n], a[m], b[to_n], b[to_m]
    for s in range(len(size)):
        if size[s] > MAX_SIZE_WITH_FIELDS:
            continue
        end = start[s] + size[s]
        for i in range(start[s], end):
            change = a_n[i] - a_m[i]
            for j in range(start[s], end):
                field[offsets[i] + j] += change * (b_m[j] - b_n[j])
    partner[n], partner[m] = to_m, to_n
    inverse[to_m] = n
    inverse[to_n] = m


@kernel
def _is_accepted(gain, temperature):
    """Return whether a move is made: Metropolis et al. 1953."""
    return gain >= 0 or np.random.random() < np.exp(gain / temperature)


@kernel
def _gather_swaps(orthologs, by_a, partner, inverse, own_species, n, m, swaps):
    """Write rows n and m, and their orthologs that swap partners too, to `swaps`; count them.

    Rows n and m are of A if `by_a`, else of B; a row of `swaps` is two rows of A, then their
    partners. Species take part whose orthologs of n and m both share at least a threshold: the best
    of a random number of species drawn at random, whose logarithm is uniform, so that from one to
    all species swap together.
    """
    row, shared = orthologs
    count = len(row[n])
    threshold = np.float32(0)
    for _ in range(int(np.exp(np.random.random() * np.log(count + 1.0)))):
        drawn = np.random.randint(count)
        threshold = max(threshold, min(shared[n, drawn], shared[m, drawn]))
    gathered = 0
    for s in range(count):
        x, y = row[n, s], row[m, s]
        if s == own_species:
            x, y = n, m
        elif x == y or min(shared[n, s], shared[m, s]) < threshold:
            continue
        if not by_a:
            x, y = inverse[x], inverse[y]
        swaps[gathered] = x, y, partner[x], partner[y]
        gathered += 1
    return gathered


@kernel
def _gain_of_swaps(similarities, state, offsets, spare, swaps):
    """Return how much the gain grows by swaps in different species, made together.

    It is the sum of their gains, plus for each two swaps the products that change only if both are
    made.
    """
    a, b = similarities
    partner, field = state
    gain = 0.0
    for t in range(len(swaps)):
        n, m, to_n, to_m = swaps[t]
        a_n, a_m, b_n, b_m = a[n], a[m], b[to_n], b[to_m]
        between = 0.0
        for s in range(t):
            x, y, to_x, to_y = swaps[s]
            moved = b_m[to_y] - b_m[to_x] - b_n[to_y] + b_n[to_x]
            between += (a_n[x] - a_n[y] - a_m[x] + a_m[y]) * moved
        gain += 2 * between + _gain_of_swap(a, b, partner, field, offsets, spare, n, m)
    return gain


@kernel
def anneal(similarities, species, orthologs_a, orthologs_b, state, moves, stop):
    """Improve a PairingState in place by Moves; return the growth of the gain.

    The rows of a move are drawn without regard to the pairing, so that every move and its reverse
    are equally likely. `stop`, bool (1,), ends the search once another thread sets it.
    """
    a, b = similarities
    start, size = species
    partner = state.partner
    np.random.seed(moves.seed)
    first = np.cumsum(size) - size
    movable = size.sum()
    species_of = np.empty(movable, np.int64)
    for s in range(len(size)):
        species_of[first[s] : first[s] + size[s]] = s
    offsets = _field_offsets(species)
    inverse = np.argsort(partner)
    swaps = np.empty((len(size), 4), np.int64)
    spare = np.empty(len(similarities.a), np.float32)
    total = 0.0
    for _ in range(moves.number):
        if stop[0]:
            break
        drawn = np.random.randint(movable)
        s = species_of[drawn]
        n = start[s] + drawn - first[s]
        m = start[s] + np.random.randint(size[s] - 1)
        m += m >= n  # any other row of the species
        kind = np.random.random()
        if kind >= moves.ortholog_share:
            swaps[0] = n, m, partner[n], partner[m]
            count = 1
        else:
            by_a = kind < moves.ortholog_share / 2
            orthologs = orthologs_a if by_a else orthologs_b
            count = _gather_swaps(orthologs, by_a, partner, inverse, s, n, m, swaps)
        gain = _gain_of_swaps(similarities, state, offsets, spare, swaps[:count])
        if _is_accepted(gain, moves.temperature):
            total += gain
            for t in range(count):
                _swap(a, b, species, state, offsets, inverse, swaps[t, 0], swaps[t, 1])
    return total
