"""Search by seeds: templates that share many of a read's runs of labels."""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel
from pepseq.templates.seed_tables import SeedTable, write_seeds

BIN = 3
"""A bin holds 2 ** BIN neighbouring diagonals."""


class DiagonalBins(NamedTuple):
    """Scratch space of `find_candidates`: a hash table of bins of diagonals, see `empty_bins`.

    `bins`: the bin of each slot or -1, int64; `scores`: information of its seeds, float32;
    `places`: its first and last seed in the reference, (slots, 2); `used`: slots in use.
    """

    bins: np.ndarray
    scores: np.ndarray
    places: np.ndarray
    used: np.ndarray


def empty_bins(slots: int, max_used: int, place_type: type | np.dtype) -> DiagonalBins:
    """Return a hash table, its `slots` a power of two, for no more than `max_used` < slots bins."""
    return DiagonalBins(
        np.full(slots, -1, np.int64),
        np.zeros(slots, np.float32),
        np.zeros((slots, 2), place_type),
        np.empty(max_used, np.int64),
    )


class CandidateLimits(NamedTuple):
    """Limits of `find_candidates`.

    `max_count`: candidates at most. `min_distance`: a protein is a candidate twice only if its
    diagonals are more than this apart. `min_share`, float32: no candidate scores less than this
    share of the best. `max_places`: if a read's seeds have more places, its commonest are left out.
    """

    max_count: int
    min_distance: int
    min_share: np.float32
    max_places: int


@kernel
def find_candidates(
    symbols: np.ndarray,
    hidden: int,
    labels: int,
    table: SeedTable,
    offsets: np.ndarray,
    scratch: DiagonalBins,
    limits: CandidateLimits,
) -> tuple[np.ndarray, np.ndarray]:
    """Return proteins and diagonals of the most likely templates of a read, most likely first.

    `table`: seeds of `labels` labels of a reference whose proteins begin at `offsets`.

    A seed that both have counts its information, log2(1 + all seeds / seeds in its bucket), for its
    bin of 8 diagonals; a template's score is the sum over two neighbouring bins. A diagonal may run
    through several proteins: of each bin the first and the last with a seed are candidates.
    `scratch`: see `empty_bins`; it is left empty. Bins beyond the length of `used` are not counted.
    """
    count = _count_seeds(symbols, hidden, labels, table, scratch, limits.max_places)
    bins, scores, places, used = scratch
    best, chosen = _best_bins(bins, scores, used[:count], 3 * limits.max_count)
    proteins = np.empty(limits.max_count, np.int64)
    diagonals = np.empty(limits.max_count, np.int64)
    kept = 0
    for k in range(len(chosen)):
        if best[k] < limits.min_share * best[0]:
            break
        for place in places[chosen[k]][::-1]:
            p = np.searchsorted(offsets, np.int64(place), side="right") - 1
            diagonal = ((bins[chosen[k]] + 1) << BIN) - len(symbols) - offsets[p]
            known = kept == limits.max_count
            for j in range(kept):
                if proteins[j] == p and abs(diagonals[j] - diagonal) <= limits.min_distance:
                    known = True
            if not known:
                proteins[kept] = p
                diagonals[kept] = diagonal
                kept += 1
    for t in range(count):
        bins[used[t]] = -1
    return proteins[:kept], diagonals[:kept]


@kernel
def _count_seeds(symbols, hidden, labels, table, scratch, max_places):
    """Add up the seeds of each bin; return how many bins there are, their slots in `used`."""
    starts, positions = table
    bins, scores, places, used = scratch
    mask = np.uint64(len(starts) - 2)
    length = len(symbols)
    keys = np.empty(length, np.uint64)
    read_places = np.empty(length, np.int64)
    n = write_seeds(symbols, hidden, labels, keys, read_places)
    total = np.int64(starts[-1])
    sizes = np.empty(n, np.int64)
    for s in range(n):
        b = np.int64(keys[s] & mask)
        sizes[s] = np.int64(starts[b + 1]) - np.int64(starts[b])
    most = _largest_bucket(sizes, max_places)
    count = 0
    for s in range(n):
        if sizes[s] == 0 or sizes[s] > most:
            continue
        b = np.int64(keys[s] & mask)
        first, last = np.int64(starts[b]), np.int64(starts[b + 1])
        weight = np.float32(np.log2(1 + total / (last - first)))
        for h in range(first, last):
            place = np.int64(positions[h])
            d = (place - read_places[s] + length) >> BIN
            slot = _slot(bins, d)
            if bins[slot] < 0:
                if count == len(used):
                    continue
                used[count] = slot
                count += 1
                bins[slot] = d
                scores[slot] = 0
                places[slot, 0] = place
            scores[slot] += weight
            places[slot, 1] = place
    return count


@kernel
def _largest_bucket(sizes, max_places):
    """Return the size up to which all buckets together have at most `max_places` places.

    It is that of the smallest bucket at least.
    """
    ordered = np.sort(sizes)
    total = np.int64(0)
    for size in ordered:
        total += size
        if total > max_places:
            return max(size - 1, ordered[0])
    return ordered[-1] if len(ordered) else np.int64(0)


@kernel
def _best_bins(bins, scores, used, count):
    """Return scores and slots of the best bins, each with the next one, best first."""
    best = np.zeros(count, np.float32)
    chosen = np.full(count, -1, np.int64)
    low = np.int64(0)
    for slot in used:
        following = _slot(bins, bins[slot] + 1)
        score = scores[slot]
        if bins[following] >= 0:
            score += scores[following]
        if score > best[low]:
            best[low] = score
            chosen[low] = slot
            low = np.int64(np.argmin(best))
    order = np.argsort(-best, kind="mergesort")
    order = order[chosen[order] >= 0]
    return best[order], chosen[order]


@kernel
def _slot(bins, d):
    """Return where the hash table has bin d, or the free place for it."""
    slot = d & (len(bins) - 1)
    while bins[slot] >= 0 and bins[slot] != d:
        slot = (slot + 1) & (len(bins) - 1)
    return slot
