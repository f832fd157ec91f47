"""Numbers of distinct digests, in a table that needs about 40 bytes for each."""

import numpy as np

from pepseq.kernels import kernel

DIGEST_BYTES = 16
_INITIAL_SLOTS = 1 << 10


class DistinctDigests:
    """Digests of DIGEST_BYTES bytes, numbered from 0 in the order of their first appearance.

    They must be evenly distributed, as those of a cryptographic hash are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._digests, self._numbers = _free_slots(_INITIAL_SLOTS)

    def add(self, digests: bytes) -> np.ndarray:
        """Return the number of each digest, int64; those that are new get the next numbers.

        >>> seen = DistinctDigests()
        >>> seen.add(b"a" * 16 + b"b" * 16 + b"a" * 16).tolist()
        [0, 1, 0]
        """
        added = np.frombuffer(digests, np.uint64).reshape(-1, 2)
        slots = len(self._numbers)
        while 3 * (self.count + len(added)) > 2 * slots:
            slots *= 2
        if slots > len(self._numbers):
            larger = _free_slots(slots)
            _move(self._digests, self._numbers, *larger)
            self._digests, self._numbers = larger
        numbers = np.empty(len(added), np.int64)
        self.count = _number(added, self._digests, self._numbers, self.count, numbers)
        return numbers


def _free_slots(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the digests and the numbers of free slots; `count` is a power of two."""
    return np.zeros((count, 2), np.uint64), np.full(count, -1, np.int64)


@kernel
def _number(added, digests, numbers, count, result):
    """Write the number of each added digest; return how many digests are known."""
    for n in range(len(added)):
        slot = _slot(added[n], digests, numbers)
        if numbers[slot] < 0:
            digests[slot] = added[n]
            numbers[slot] = count
            count += 1
        result[n] = numbers[slot]
    return count


@kernel
def _move(digests, numbers, new_digests, new_numbers):
    for old in range(len(numbers)):
        if numbers[old] >= 0:
            slot = _slot(digests[old], new_digests, new_numbers)
            new_digests[slot], new_numbers[slot] = digests[old], numbers[old]


@kernel
def _slot(digest, digests, numbers):
    """Return the slot that holds a digest, or the free slot for it."""
    mask = np.uint64(len(numbers) - 1)
    slot = digest[0] & mask
    while numbers[slot] >= 0 and (digests[slot, 0] != digest[0] or digests[slot, 1] != digest[1]):
        slot = (slot + np.uint64(1)) & mask
    return slot
