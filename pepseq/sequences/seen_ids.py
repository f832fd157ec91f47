"""A set of ids that grows with a file, at a few bytes an id."""

from array import array

_FREE = -1
"""No hash in CPython has this value."""
_FIRST_SLOTS = 1 << 10


class SeenIds:
    """Tells whether an id came before, at 12 to 24 bytes an id (a 64-bit hash stands for each).

    A hash table with open addressing, at most two thirds full: `add` and `in` take the same time
    however many ids came before.
    """

    def __init__(self):
        self._count, self._keys = 0, _free(_FIRST_SLOTS)

    def __contains__(self, name: str) -> bool:
        return self._keys[_slot(self._keys, hash(name))] != _FREE

    def add(self, name: str) -> bool:
        """Return True if `name` was added before, else add it."""
        key = hash(name)
        slot = _slot(self._keys, key)
        if self._keys[slot] != _FREE:
            return True
        self._keys[slot] = key
        self._count += 1
        if 3 * self._count > 2 * len(self._keys):
            self._grow()
        return False

    def _grow(self) -> None:
        larger = _free(2 * len(self._keys))
        for key in self._keys:
            if key != _FREE:
                larger[_slot(larger, key)] = key
        self._keys = larger


def _free(slots: int) -> array:
    """Return a table of free slots; their number is a power of two."""
    return array("q", [_FREE]) * slots


def _slot(keys: array, key: int) -> int:
    """Return where the table has a hash, or the free slot for it."""
    mask = len(keys) - 1
    slot = key & mask
    while keys[slot] not in (key, _FREE):
        slot = slot + 1 & mask
    return slot
