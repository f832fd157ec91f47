"""Labels of peptides as 64-bit keys, from which those of any set of labels follow.

A label on a residue has a random key, and several labels have the exclusive or of their keys. Equal
keys stand for equal labels: of a million different ones, two are equal with a probability of 3e-8.
"""

from typing import NamedTuple

import numpy as np

from pepseq.design.distinct_peptides import DistinctPeptides
from pepseq.kernels import kernel, leaf_kernel, read_only

_MOST_COUNTED = 15
_TAIL = 1 << 20


class LabelKeys(NamedTuple):
    """Keys of the labels of each candidate on each peptide, uint64 (candidates, P).

    `heads` are of the residues that the cycles reach, 0 for no label there; `tails` of the number
    of labels after them, of which at most 15 are counted.
    """

    heads: np.ndarray
    tails: np.ndarray


@leaf_kernel
def label_key(position, label):
    """Return the key of a label, the number of a candidate, on a residue: SplitMix64."""
    z = np.uint64(position * 64 + label + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def label_keys(
    peptides: DistinctPeptides, label_of_code: np.ndarray, candidates: int, cycles: int
) -> LabelKeys:
    """Return the keys of all candidates.

    `label_of_code`: int64 of shape (21,), the candidate of each residue code, -1 for none.
    """
    heads, tails = np.zeros((2, candidates, len(peptides)), np.uint64)
    arrays = read_only(peptides.residues), read_only(peptides.offsets), read_only(label_of_code)
    _fill_keys(*arrays, cycles, heads, tails)
    return LabelKeys(heads, tails)


@kernel
def _fill_keys(residues, offsets, label_of_code, cycles, heads, tails):
    counts = np.zeros(len(heads), np.int64)
    for p in range(len(offsets) - 1):
        counts[:] = 0
        for i in range(offsets[p], offsets[p + 1]):
            label = label_of_code[residues[i]]
            if label < 0:
                continue
            if i - offsets[p] < cycles:
                heads[label, p] ^= label_key(i - offsets[p], label)
            else:
                counts[label] += 1
        for label in range(len(heads)):
            if counts[label]:
                counted = min(counts[label], _MOST_COUNTED)
                tails[label, p] = label_key(_TAIL + counted, label)


@leaf_kernel
def find_key(key, keys, values):
    """Return the place of a key in a table, or the free place for it; `values` is -1 there."""
    place = np.int64(key & np.uint64(len(keys) - 1))
    while values[place] >= 0 and keys[place] != key:
        place = (place + 1) & (len(keys) - 1)
    return place


def number_keys(of_peptides: np.ndarray) -> tuple[np.ndarray, int, tuple[np.ndarray, np.ndarray]]:
    """Return the number of the key of each peptide, how many keys there are, and their table.

    `of_peptides`: uint64 (P,); key 0 has number -1. The table is (keys, values), see `find_key`.
    """
    slots = 1 << (2 * len(of_peptides)).bit_length()
    table = np.zeros(slots, np.uint64), np.full(slots, -1, np.int32)
    numbers = np.empty(len(of_peptides), np.int32)
    return numbers, _number_keys(of_peptides, numbers, *table), table


@kernel
def _number_keys(of_peptides, numbers, keys, values):
    count = 0
    for p in range(len(of_peptides)):
        numbers[p] = -1
        if of_peptides[p] == 0:
            continue
        place = find_key(of_peptides[p], keys, values)
        if values[place] < 0:
            keys[place], values[place] = of_peptides[p], count
            count += 1
        numbers[p] = values[place]
    return count
