"""FASTA records of reads of whole peptides as symbols, counted in a hash table."""

from typing import NamedTuple

import numpy as np

from pepseq.kernels import kernel, leaf_kernel

MAX_RECORD_BYTES = 1 << 20
"""Longer records are not usual; so no line of a usual one is cut, and none has too many bytes."""
UNUSUAL, IGNORED, BRACKET = 0, 1, 2
"""Meanings of bytes that are no symbols, see `Symbols`."""
FREE = -1
DONE, FULL, INCOMPLETE = 0, 1, 2
"""Why `count_usual_records` ends: no usual record follows, no room, or an incomplete record."""
_TAB, _LINE_END, _CARRIAGE_RETURN, _SPACE = 9, 10, 13, 32
_HEADER_START, _A, _Z, _CLOSING, _HIDDEN = 62, 65, 90, 93, 88


class Symbols(NamedTuple):
    """What bytes of residues mean.

    `of_byte`: uint8 (256,), the symbol in memory, `IGNORED` for white space, `BRACKET`, or
    `UNUSUAL`; `group_masks`, `group_symbols`: the amino acids of groups as bits, int64, and the
    symbols of groups, uint8.
    """

    of_byte: np.ndarray
    group_masks: np.ndarray
    group_symbols: np.ndarray


class Distinct(NamedTuple):
    """Distinct reads: the symbols of read n are `symbols[ends[n]:ends[n + 1]]`.

    `slots`: int64, a hash table with open addressing of the numbers of reads, -1 if free; its
    length is a power of two. `hashes`: uint64.
    """

    symbols: np.ndarray
    ends: np.ndarray
    counts: np.ndarray
    hashes: np.ndarray
    slots: np.ndarray


@leaf_kernel
def has_room(number, slots):
    """Return whether another read keeps the hash table at most two thirds full."""
    return 3 * (number + 1) <= 2 * len(slots)


@kernel
def fill_slots(hashes, slots):
    """Put the numbers of reads with these hashes into free slots."""
    mask = np.uint64(len(slots) - 1)
    for number in range(len(hashes)):
        slot = hashes[number] & mask
        while slots[slot] != FREE:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = number


@leaf_kernel
def _skip_header(content, place):
    """Return the end of the line of a header at `place`, -1 for one that is not usual."""
    i = place + 1
    if i < len(content) and content[i] <= _SPACE:
        return -1
    while i < len(content) and content[i] != _LINE_END:
        byte = content[i]
        is_line_end = byte == _CARRIAGE_RETURN and (
            i + 1 == len(content) or content[i + 1] == _LINE_END
        )
        if byte < _SPACE and byte != _TAB and not is_line_end:
            return -1
        i += 1
    return i


@leaf_kernel
def _group_at(content, place, symbols):
    """Return the symbol of the group at `place`, `UNUSUAL` without, and the place of its end."""
    mask = np.int64(0)
    i = place + 1
    while i < len(content) and _A <= content[i] <= _Z:
        mask |= np.int64(1) << np.int64(content[i] - _A)
        i += 1
    if i < len(content) and content[i] == _CLOSING:
        for group in range(len(symbols.group_masks)):
            if symbols.group_masks[group] == mask:
                return symbols.group_symbols[group], i
    return np.uint8(UNUSUAL), i


@leaf_kernel
def _read_residues(content, place, symbols, first, texts):
    """Write the symbols of the lines from `place` on to `texts`, from `first` on.

    Returns the end of the record, -1 for one that is not usual; the end of its symbols, their
    labels, their hash, and the number of line ends.
    """
    used, labels, lines = first, 0, 0
    mixed = np.uint64(0xCBF29CE484222325)
    i = place
    while i < len(content) and not (content[i] == _HEADER_START and content[i - 1] == _LINE_END):
        byte = content[i]
        symbol = symbols.of_byte[byte]
        if symbol == BRACKET:
            symbol, i = _group_at(content, i, symbols)
            if i == len(content):  # in the bracket: no end of a record
                return i, used, 0, mixed, lines
        if symbol == UNUSUAL:
            return -1, used, labels, mixed, lines
        if symbol != IGNORED:
            texts[used] = symbol
            used += 1
            labels += symbol != _HIDDEN
            mixed = (mixed ^ np.uint64(symbol)) * np.uint64(0x100000001B3)
        lines += byte == _LINE_END
        i += 1
    mixed ^= mixed >> np.uint64(32)
    return i, used, labels, mixed * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(8), lines


@leaf_kernel
def _add(distinct, number, end, mixed):
    """Count the read whose symbols end at `end` after those of `number` reads; return `number`."""
    texts, ends = distinct.symbols, distinct.ends
    mask = np.uint64(len(distinct.slots) - 1)
    slot = mixed & mask
    begin = ends[number]
    while distinct.slots[slot] != FREE:
        other = distinct.slots[slot]
        if distinct.hashes[other] == mixed and ends[other + 1] - ends[other] == end - begin:
            i = 0
            while begin + i < end and texts[ends[other] + i] == texts[begin + i]:
                i += 1
            if begin + i == end:
                distinct.counts[other] += 1
                return number
        slot = (slot + np.uint64(1)) & mask
    distinct.slots[slot] = number
    distinct.hashes[number], distinct.counts[number] = mixed, 1
    ends[number + 1] = end
    return number + 1


@kernel
def count_usual_records(content, start, is_whole, max_residues, symbols, distinct, number):
    """Count records; see `UsualReads.count`. Returns place, lines, number of reads and state."""
    place, passed = start, 0
    while place < len(content):
        if not has_room(number, distinct.slots):
            return place, passed, number, FULL
        header_end = _skip_header(content, place)
        if header_end < 0:
            return place, passed, number, DONE
        first = distinct.ends[number]
        end, used, labels, mixed, lines = _read_residues(
            content, header_end + 1, symbols, first, distinct.symbols
        )
        if end < 0 or end - place >= MAX_RECORD_BYTES:
            return place, passed, number, DONE
        if end >= len(content) and not is_whole:
            return place, passed, number, INCOMPLETE
        if labels == 0 or used - first > max_residues:
            return place, passed, number, DONE
        number = _add(distinct, number, used, mixed)
        passed += lines + 1
        place = end
    return place, passed, number, DONE
