"""Seeds: runs of labels with the distances between them, and where a reference has them."""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel, read_only
from pepseq.templates.read_symbols import ReadSymbols

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


class SeedTable(NamedTuple):
    """Where a reference has each seed.

    `positions` are those of seeds' first labels in the residues, bucket by bucket; bucket b, the
    seeds whose key ends in the bits of b, has those from `starts[b]` to `starts[b + 1]`. Both are
    uint32, or int64 if there are more than 2^32 residues.
    """

    starts: np.ndarray
    positions: np.ndarray


@kernel
def write_seeds(
    symbols: np.ndarray, hidden: int, labels: int, keys: np.ndarray, places: np.ndarray
) -> int:
    """Write key and 0-based place of each seed of a sequence; return their number.

    A seed is `labels` labels in a row, whatever is hidden between them; its key is a hash of the
    labels and the distances between them, and its place that of the first label.
    """
    count = 0
    seen = 0
    recent = np.empty(labels, np.int64)
    for i in range(len(symbols)):
        if symbols[i] == hidden:
            continue
        recent[seen % labels] = i
        seen += 1
        if seen < labels:
            continue
        key = np.uint64(1469598103934665603)
        before = -1
        for j in range(seen - labels, seen):
            place = recent[j % labels]
            gap = 0 if before < 0 else place - before
            before = place
            key = (key ^ np.uint64(gap * 32 + symbols[place])) * np.uint64(1099511628211)
            key ^= key >> np.uint64(29)
        keys[count] = key
        places[count] = recent[(seen - labels) % labels]
        count += 1
    return count


def build_seeds(
    residues: np.ndarray, offsets: np.ndarray, symbols: ReadSymbols, labels: int
) -> SeedTable:
    """Return the seeds of `labels` labels of a reference."""
    arrays = read_only(residues), read_only(offsets), symbols.symbol_of_code, symbols.hidden
    zero = place_type(len(residues))(0)
    starts, positions = _sort_into_buckets(*arrays, labels, _key_bits(len(residues)), zero)
    return SeedTable(read_only(starts), read_only(positions))


def place_type(residues: int) -> type:
    """Return the type of places in a reference of this many residues."""
    return np.uint32 if residues < 1 << 32 else np.int64


def are_seeds(table: SeedTable, residues: int) -> bool:
    """Return whether a table is such as `build_seeds` returns for a reference of this size."""
    starts, positions = table
    return (
        len(starts) == (1 << _key_bits(residues)) + 1
        and starts[0] == 0
        and starts[-1] == len(positions)
        and bool((starts[1:] >= starts[:-1]).all())
        and (not len(positions) or 0 <= positions.min() <= positions.max() < residues)
    )


def _key_bits(residues: int) -> int:
    """Return how many bits of a key tell its bucket, about 8 residues of the reference each."""
    return max(8, int(np.log2(residues / 8)))


@kernel
def _sort_into_buckets(residues, offsets, symbol_of, hidden, labels, bits, zero):
    """Sort seeds into buckets in two passes: count those of each bucket, then fill it."""
    mask = np.uint64((1 << bits) - 1)
    starts = np.full((1 << bits) + 1, zero)
    longest = np.int64(0)
    for p in range(len(offsets) - 1):
        longest = max(longest, offsets[p + 1] - offsets[p])
    keys = np.empty(longest, np.uint64)
    places = np.empty(longest, np.int64)
    for p in range(len(offsets) - 1):
        n = write_seeds(
            symbol_of[residues[offsets[p] : offsets[p + 1]]], hidden, labels, keys, places
        )
        for s in range(n):
            starts[np.int64(keys[s] & mask)] += 1
    total = np.int64(0)
    for b in range((1 << bits) + 1):  # where the bucket before ends: filling moves it to its own
        size = np.int64(starts[b])
        starts[b] = total
        total += size
    positions = np.full(total, zero)
    for p in range(len(offsets) - 1):
        n = write_seeds(
            symbol_of[residues[offsets[p] : offsets[p + 1]]], hidden, labels, keys, places
        )
        for s in range(n):
            bucket = np.int64(keys[s] & mask)
            positions[starts[bucket]] = offsets[p] + places[s]
            starts[bucket] += 1
    for b in range(1 << bits, 0, -1):
        starts[b] = starts[b - 1]
    starts[0] = 0
    return starts, positions


def mean_places(
    residues: np.ndarray,
    offsets: np.ndarray,
    symbols: ReadSymbols,
    labels: int,
    max_residues: int = 1 << 21,
) -> float:
    """Return how many places a seed of this reference has on average, from a sample of proteins.

    The sample is every n-th protein, so that it has no more than about `max_residues` residues.
    """
    step = max(1, len(residues) // max_residues)
    chosen = [residues[offsets[p] : offsets[p + 1]] for p in range(0, len(offsets) - 1, step)]
    ends = np.cumsum([0, *map(len, chosen)])
    starts, positions = build_seeds(np.concatenate(chosen), ends, symbols, labels)
    sizes = np.diff(starts.astype(np.int64)).astype(float)
    hits = (sizes**2).sum() / max(len(positions), 1)
    return 1 + max(hits - 1, 0) * len(residues) / ends[-1]


class CandidateLimits(NamedTuple):
    """Limits of `find_candidates`.

    `max_count`: candidates at most. `min_distance`: a protein is a candidate twice only if its
    diagonals are more than this apart. `min_share`, float32: no candidate scores less than this
    share of the best.
    """

    max_count: int
    min_distance: int
    min_share: np.float32


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
    count = _count_seeds(symbols, hidden, labels, table, scratch)
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
def _count_seeds(symbols, hidden, labels, table, scratch):
    """Add up the seeds of each bin; return how many bins there are, their slots in `used`."""
    starts, positions = table
    bins, scores, places, used = scratch
    mask = np.uint64(len(starts) - 2)
    length = len(symbols)
    keys = np.empty(length, np.uint64)
    read_places = np.empty(length, np.int64)
    n = write_seeds(symbols, hidden, labels, keys, read_places)
    total = np.int64(starts[-1])
    count = 0
    for s in range(n):
        b = np.int64(keys[s] & mask)
        first, last = np.int64(starts[b]), np.int64(starts[b + 1])
        if first == last:
            continue
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
