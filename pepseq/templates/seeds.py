"""Seeds: runs of labels with the distances between them, and where a reference has them."""

import numpy as np

from pepseq.templates.kernels import kernel
from pepseq.templates.symbols import Symbols

BIN = 3


@kernel
def seeds_of(symbols, blank, labels, keys, places):
    """Write key and 0-based place of each seed of one sequence; return their number."""
    count = 0
    seen = 0
    recent = np.empty(labels, np.int64)
    for i in range(len(symbols)):
        if symbols[i] == blank:
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
    residues: np.ndarray, offsets: np.ndarray, symbols: Symbols, labels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the reference has each seed.

    `positions` (uint32 or int64) are places of seeds' first labels in `residues`, bucket by bucket;
    bucket b, the seeds whose key ends in the bits of b, has those from `starts[b]` to
    `starts[b + 1]` (int64).
    """
    bits = max(8, int(np.log2(len(residues) / 8)))
    place = np.uint32 if len(residues) < 1 << 32 else np.int64
    return _build(residues, offsets, symbols.of_code, symbols.hidden, labels, bits, place(0))


@kernel
def _build(residues, offsets, symbol_of, blank, labels, bits, zero):
    mask = np.uint64((1 << bits) - 1)
    starts = np.zeros((1 << bits) + 1, np.int64)
    longest = 0
    for p in range(len(offsets) - 1):
        longest = max(longest, offsets[p + 1] - offsets[p])
    keys = np.empty(longest, np.uint64)
    places = np.empty(longest, np.int64)
    for p in range(len(offsets) - 1):
        n = seeds_of(symbol_of[residues[offsets[p] : offsets[p + 1]]], blank, labels, keys, places)
        for s in range(n):
            starts[np.int64(keys[s] & mask) + 1] += 1
    for b in range(1 << bits):
        starts[b + 1] += starts[b]
    fill = starts[:-1].copy()
    positions = np.full(starts[-1], zero)
    for p in range(len(offsets) - 1):
        n = seeds_of(symbol_of[residues[offsets[p] : offsets[p + 1]]], blank, labels, keys, places)
        for s in range(n):
            b = np.int64(keys[s] & mask)
            positions[fill[b]] = offsets[p] + places[s]
            fill[b] += 1
    return starts, positions


@kernel
def search(
    symbols, blank, labels, starts, positions, offsets, scores, where, touched, most, apart, least
):
    """Return (proteins, diagonals) of the `most` likeliest templates, likeliest first.

    A seed that both have counts its information, log2(all seeds / seeds in its bucket), for its
    bin of 8 diagonals; a template's score is the sum over two neighbouring bins. One protein comes
    again only on a diagonal more than `apart` away, and none that scores less than a share `least`
    of the best. Scratch space: `scores` (float32, all 0, and
    so again in the end) and `where` have an entry for each bin of the reference; no more bins than
    `touched` has entries are counted.
    """
    mask = np.uint64(len(starts) - 2)
    length = len(symbols)
    keys = np.empty(length, np.uint64)
    places = np.empty(length, np.int64)
    n = seeds_of(symbols, blank, labels, keys, places)
    total = starts[-1]
    count = 0
    for s in range(n):
        b = np.int64(keys[s] & mask)
        size = starts[b + 1] - starts[b]
        if size == 0:
            continue
        weight = np.float32(np.log2(total / size))
        for h in range(starts[b], starts[b + 1]):
            at = np.int64(positions[h])
            d = (at - places[s] + length) >> BIN
            if scores[d] == 0 and count < len(touched):
                touched[count] = d
                count += 1
            elif scores[d] == 0:
                continue
            scores[d] += weight
            where[d] = at
    # the best bins, each with the next one
    best = np.zeros(most * 3, np.float32)
    bins = np.full(most * 3, -1, np.int64)
    low = 0
    for t in range(count):
        d = touched[t]
        score = scores[d] + scores[d + 1]
        if score > best[low]:
            best[low] = score
            bins[low] = d
            low = np.argmin(best)
    for t in range(count):
        scores[touched[t]] = 0
    proteins = np.empty(most, np.int64)
    diagonals = np.empty(most, np.int64)
    kept = 0
    for k in np.argsort(-best, kind="mergesort"):
        if bins[k] < 0 or kept == most or best[k] < least * best.max():
            break
        p = np.searchsorted(offsets, where[bins[k]], side="right") - 1
        diagonal = ((bins[k] + 1) << BIN) - length - offsets[p]
        known = False
        for j in range(kept):
            if proteins[j] == p and abs(diagonals[j] - diagonal) <= apart:
                known = True
        if not known:
            proteins[kept] = p
            diagonals[kept] = diagonal
            kept += 1
    return proteins[:kept], diagonals[:kept]
