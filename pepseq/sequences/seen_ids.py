"""A set of ids that needs few bytes for each id."""

from array import array

_FREE = -1
"""Mark of a free slot: no hash in CPython has this value."""
_INITIAL_SLOTS = 1 << 10


class SeenIds:
    """The ids seen so far, at 12 to 24 bytes an id: only their 64-bit hashes are kept.

    A hash table with open addressing, at most two thirds full: `add` and `in` take the same time
    however many ids have been added.
    """

    def __init__(self) -> None:
        self._count, self._hashes = 0, _free_slots(_INITIAL_SLOTS)

    def __contains__(self, name: str) -> bool:
        return bool(self._hashes[_slot_of(self._hashes, hash(name))] != _FREE)

    def add(self, name: str) -> bool:
        """Return whether `name` was added before; add it if not."""
        key = hash(name)
        slot = _slot_of(self._hashes, key)
        if self._hashes[slot] != _FREE:
            return True
        self._hashes[slot] = key
        self._count += 1
        if 3 * self._count > 2 * len(self._hashes):
            self._grow()
        return False

    def _grow(self) -> None:
        larger = _free_slots(2 * len(self._hashes))
        for key in self._hashes:
            if key != _FREE:
                larger[_slot_of(larger, key)] = key
        self._hashes = larger


def _free_slots(count: int) -> "array[int]":
    """Return a table of free slots; `count` is a power of two."""
    return array("q", [_FREE]) * count


def _slot_of(hashes: "array[int]", key: int) -> int:
    """Return the slot that holds a hash, or the free slot for it."""
    mask = len(hashes) - 1
    slot = key & mask
    while hashes[slot] not in (key, _FREE):
        slot = slot + 1 & mask
    return slot
