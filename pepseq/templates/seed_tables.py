"""Tables of seeds: where a reference has each run of labels with the distances between them.

Seeds are sorted by an external bucket sort on all cores: a part of the proteins after the other is
divided by ranges of buckets, then each range is sorted. No more than a few parts are in memory.
"""

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import numpy as np

from pepseq.kernels import kernel, read_only
from pepseq.processes.cores import available_cores
from pepseq.templates.array_files import ArrayWriter, limit_resident, pieces
from pepseq.templates.read_symbols import ReadSymbols

_PART_RESIDUES = 1 << 23
_RANGE_SEEDS = 1 << 24
_PROTEINS_AT_ONCE = 1 << 10
_SPILL_BYTES = 1 << 26
"""Seeds of all parts together stay in memory up to this size; more are in a nameless file."""
Item = TypeVar("Item")
Result = TypeVar("Result")


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
    """Return the seeds of `labels` labels of a reference, in memory."""
    kind = place_type(len(residues))
    columns = ArrayWriter(None, kind, ""), ArrayWriter(None, kind, "")
    write_table(residues, offsets, symbols, labels, columns)
    return SeedTable(*(read_only(column.written()) for column in columns))


def write_table(
    residues: np.ndarray,
    offsets: np.ndarray,
    symbols: ReadSymbols,
    labels: int,
    writers: Sequence[ArrayWriter],
    folder: Path | None = None,
) -> None:
    """Write the seeds of `labels` labels of a reference, see `SeedTable`.

    `writers`: of its starts and positions; `folder`: where a temporary file may be made. Raises
    OSError.
    """
    starts, positions = writers
    bits, zero = _key_bits(len(residues)), place_type(len(residues))(0)
    shift = _range_bits(len(residues), bits)
    residues, offsets = read_only(residues), read_only(offsets)

    def divide(part: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _divide(
            residues, offsets[part[0] : part[1] + 1], symbols.symbol_of_code, symbols.hidden,
            labels, bits, shift, zero,
        )  # fmt: skip

    def sort(seeds: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return _sort(*seeds, 1 << shift, zero)

    starts.append(np.zeros(1, starts.dtype))
    with _RangeFile(zero.dtype, 1 << bits - shift, folder) as ranges:
        for seeds in _in_order(divide, _parts(offsets)):
            ranges.append(*seeds)
            limit_resident()
        for ends, sorted_positions in _in_order(sort, ranges):
            starts.append(ends + positions.dtype.type(positions.size))
            positions.append(sorted_positions)


class _RangeFile:
    """Seeds of each range of buckets, appended part by part and read range by range."""

    def __init__(self, place_type: np.dtype, ranges: int, folder: Path | None):
        self._types = np.dtype(np.uint32), place_type
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(
            _SPILL_BYTES, dir=None if folder is None else os.fspath(folder)
        )
        self._segments: list[list[tuple[int, int]]] = [[] for _ in range(ranges)]

    def __enter__(self) -> "_RangeFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, ends: np.ndarray, buckets: np.ndarray, positions: np.ndarray) -> None:
        """Add the seeds of a part; those of range r end at `ends[r]`."""
        first = 0
        for segments, last in zip(self._segments, ends.tolist(), strict=True):
            segments.append((self._file.tell(), last - first))
            for array in (buckets, positions):
                self._file.write(array[first:last].data)
            first = last

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield buckets, counted from the range's first one, and positions of each range."""
        for segments in self._segments:
            total = sum(count for _, count in segments)
            columns = [np.empty(total, kind) for kind in self._types]
            first = 0
            for place, count in segments:
                self._file.seek(place)
                for column in columns:
                    part = column[first : first + count]
                    part.view(np.uint8)[:] = np.frombuffer(self._file.read(part.nbytes), np.uint8)
                first += count
            yield columns[0], columns[1]


def _parts(offsets: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last protein + 1 of parts of about _PART_RESIDUES residues."""
    number = max(1, -(-int(offsets[-1]) // _PART_RESIDUES))
    wanted = np.linspace(0, offsets[-1], number + 1)[1:-1]
    ends = np.unique([0, *np.searchsorted(offsets, wanted), len(offsets) - 1])
    yield from pairwise(ends.tolist())


def _in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield results in order, computed by a thread for each core; few are in memory at a time."""
    threads = available_cores()
    waiting: deque = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
        and all((part[1:] >= part[:-1]).all() for part in pieces(starts, overlap=1))
        and all(0 <= part.min() <= part.max() < residues for part in pieces(positions))
    )


def _key_bits(residues: int) -> int:
    """Return how many bits of a key tell its bucket, about 8 residues of the reference each."""
    return max(8, int(np.log2(residues / 8)))


def _range_bits(residues: int, bits: int) -> int:
    """Return how many bits of a bucket's number tell its place in its range."""
    ranges = max(1, residues // _RANGE_SEEDS)
    return max(0, bits - max(0, (ranges - 1).bit_length()))


@kernel
def _divide(residues, offsets, symbol_of, hidden, labels, bits, shift, zero):
    """Return the seeds of proteins, divided into ranges of buckets; the order stays in each range.

    Where each range ends; the bucket of each seed, counted from its range's first one; positions.
    """
    mask, low = np.uint64((1 << bits) - 1), np.uint64((1 << shift) - 1)
    longest = np.int64(0)
    for p in range(len(offsets) - 1):
        longest = max(longest, offsets[p + 1] - offsets[p])
    keys, places = np.empty(longest, np.uint64), np.empty(longest, np.int64)
    most = offsets[-1] - offsets[0]
    buckets, found = np.empty(most, np.uint32), np.full(most, zero)
    ends = np.zeros(1 << bits - shift, np.int64)
    count = np.int64(0)
    for p in range(len(offsets) - 1):
        protein = residues[offsets[p] : offsets[p + 1]]
        n = write_seeds(symbol_of[protein], hidden, labels, keys, places)
        for s in range(n):
            bucket = keys[s] & mask
            buckets[count], found[count] = bucket, offsets[p] + places[s]
            ends[np.int64(bucket >> np.uint64(shift))] += 1
            count += 1
    total = np.int64(0)
    for place in range(len(ends)):  # where each range begins: filling moves it to its end
        size = ends[place]
        ends[place] = total
        total += size
    divided, positions = np.empty(count, np.uint32), np.full(count, zero)
    for s in range(count):
        bucket = np.uint64(buckets[s])
        r = np.int64(bucket >> np.uint64(shift))
        divided[ends[r]], positions[ends[r]] = bucket & low, found[s]
        ends[r] += 1
    return ends, divided, positions


@kernel
def _sort(buckets, positions, count, zero):
    """Return where each of `count` buckets ends and the positions by bucket, in the same order."""
    ends = np.full(count, zero)
    for bucket in buckets:
        ends[bucket] += 1
    total = np.int64(0)
    for b in range(count):  # where each bucket begins: filling moves it to its end
        size = np.int64(ends[b])
        ends[b] = total
        total += size
    ordered = np.full(len(positions), zero)
    for s in range(len(positions)):
        ordered[ends[buckets[s]]] = positions[s]
        ends[buckets[s]] += 1
    return ends, ordered


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
    chosen = []
    for p in range(0, len(offsets) - 1, step):
        chosen.append(residues[offsets[p] : offsets[p + 1]].copy())
        if len(chosen) % _PROTEINS_AT_ONCE == 0:
            limit_resident()
    ends = np.cumsum([0, *map(len, chosen)])
    starts, positions = build_seeds(np.concatenate(chosen), ends, symbols, labels)
    sizes = np.diff(starts.astype(np.int64)).astype(float)
    hits = (sizes**2).sum() / max(len(positions), 1)
    return 1 + max(hits - 1, 0) * len(residues) / ends[-1]
