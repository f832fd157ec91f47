"""Proteins of a reference by length."""

from functools import cached_property

import numpy as np

from pepseq.templates.reference import Reference


class ProteinLengths:
    """Finds the proteins of a reference that have about a length; safe in several threads."""

    def __init__(self, reference: Reference):
        self._reference = reference

    @cached_property
    def _by_length(self) -> tuple[np.ndarray, np.ndarray]:
        lengths = np.diff(self._reference.offsets)
        order = np.argsort(lengths, kind="stable")
        return order, lengths[order]

    def nearest(self, length: int, shortest: float, longest: float, count: int) -> np.ndarray:
        """Return the numbers of proteins with `shortest` to `longest` residues, by length.

        Of more than `count` proteins, those around `length` in this order.
        """
        order, lengths = self._by_length
        first = np.searchsorted(lengths, shortest)
        last = np.searchsorted(lengths, longest, side="right")
        if last - first > count:
            middle = np.searchsorted(lengths, length)
            first = min(max(first, middle - count // 2), last - count)
            last = first + count
        return order[first:last]
