"""Reads of whole peptides in their usual form, counted in blocks of bytes.

A record is usual if it needs no message: an id and plain text in its header, and residues of the
readout or hidden ones, a label among them, in any case and in lines of any length. All others are
left to the reader of single records, which knows every fault.
"""

from collections import Counter
from collections.abc import Iterator
from io import BufferedReader
from itertools import pairwise

import numpy as np

from pepseq.kernels import read_only
from pepseq.quantification.peptide_records import (
    BRACKET,
    FREE,
    FULL,
    IGNORED,
    INCOMPLETE,
    UNUSUAL,
    Distinct,
    Symbols,
    count_usual_records,
    fill_slots,
    has_room,
)
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.alphabets import Alphabet
from pepseq.sequences.fasta import Record
from pepseq.sequences.nucleotides import MAX_RECORDS
from pepseq.sequences.raw_records import WHITE_SPACE
from pepseq.sequences.residues import label_symbol

_INITIAL_SLOTS = 1 << 12
_BLOCK_BYTES = 1 << 17


class UsualReads:
    """The usual reads of a file, and how often each was read.

    `is_given`: bool, whether the reference has each label of the readout; a read with another label
    is not usual. `max_residues`: most residues of a read.
    """

    def __init__(self, readout: Readout, is_given: np.ndarray, max_residues: int):
        self._symbols = _symbols(readout, is_given)
        self._max_residues = max_residues
        self._number = 0
        self._distinct = _room_for(_INITIAL_SLOTS)

    def count(self, content: bytes, start: int, is_whole: bool) -> tuple[int, int, bool]:
        """Count usual records of a block from `start` on, where a record begins.

        Returns the place of the first record that is not counted, the lines of those that are, and
        whether this record goes on after the block. `is_whole`: nothing comes after the block.
        """
        array = read_only(np.frombuffer(content, np.uint8))
        lines, state = 0, FULL
        while state == FULL:
            self._make_room(len(content) - start)
            start, passed, self._number, state = count_usual_records(
                *(array, start, is_whole, self._max_residues),
                *(self._symbols, self._distinct, self._number),
            )
            lines += passed
        return start, lines, state == INCOMPLETE

    def take_one(self) -> Iterator[Record]:
        """Yield one of the reads, if there are any, and count it no more."""
        if self._number:
            self._distinct.counts[0] -= 1
            text = self._distinct.symbols[: self._distinct.ends[1]].tobytes().decode("ascii")
            yield Record("", "", text, 0)

    def counts(self) -> Counter[str]:
        """Return how often each read was read; group symbols stand for groups."""
        ends = self._distinct.ends[: self._number + 1].tolist()
        text = self._distinct.symbols[: ends[-1]].tobytes().decode("ascii")
        texts = (text[a:b] for a, b in pairwise(ends))
        return Counter(dict(zip(texts, self._distinct.counts.tolist(), strict=False)))

    def _make_room(self, size: int) -> None:
        """Make room for the symbols of a block and for another read."""
        symbols, ends, counts, hashes, slots = self._distinct
        if not has_room(self._number, slots):
            _, ends, counts, hashes, slots = larger = _room_for(2 * len(slots))
            for old, new in zip(self._distinct[1:4], larger[1:4], strict=True):
                new[: len(old)] = old
            fill_slots(hashes[: self._number], slots)
        used = int(ends[self._number])
        if used + size > len(symbols):
            symbols = np.concatenate([symbols, np.empty(len(symbols) + size, np.uint8)])
        self._distinct = Distinct(symbols, ends, counts, hashes, slots)


class UnusualLines:
    """The lines of a FASTA file without those of usual reads, which are counted.

    The first records, by which `refuse_nucleotides` judges a file, are never left out.
    """

    def __init__(self, stream: BufferedReader, usual: UsualReads):
        self._stream, self._usual = stream, usual
        self._content, self._place, self._is_whole = b"", 0, False
        self._kept = MAX_RECORDS + 1

    def readline(self, size: int = -1, /) -> bytes:
        """Return the next line, or `size` bytes of it; empty at the end of the file."""
        end = 0
        while not end:
            stop = len(self._content) if size < 0 else self._place + size
            end = self._content.find(b"\n", self._place, stop) + 1
            if not end and (0 <= stop < len(self._content) or not self._read_more()):
                end = stop
        line = self._content[self._place : end]
        self._place += len(line)
        return line

    def skip_records(self) -> int:
        """Count usual reads that begin with the next line; return the number of their lines."""
        if self._place == len(self._content):
            self._read_more()
        if self._content[self._place : self._place + 1] != b">":
            return 0
        if self._kept:
            self._kept -= 1
            return 0
        lines, goes_on = 0, True
        while goes_on:
            self._place, passed, goes_on = self._usual.count(
                self._content, self._place, self._is_whole
            )
            lines += passed
            if goes_on:
                self._read_more()
        return lines

    def _read_more(self) -> bool:
        """Read another block; return False at the end of the file."""
        block = self._stream.read1(_BLOCK_BYTES)
        self._content = self._content[self._place :] + block
        self._place = 0
        self._is_whole = not block
        return bool(block)


def _symbols(readout: Readout, is_given: np.ndarray) -> Symbols:
    labels = [label for label, given in zip(readout.labels, is_given, strict=True) if given]
    singles = {ord(label) for label in labels if len(label) == 1} | {ord(HIDDEN)}
    table = Alphabet.READ.table or b""
    of_byte = np.array([s if s in singles else UNUSUAL for s in table], np.uint8)
    of_byte[list(WHITE_SPACE)] = IGNORED
    of_byte[ord("[")] = BRACKET
    groups = [label for label in labels if len(label) > 1]
    masks = [sum(1 << ord(a) - ord("A") for a in group) for group in groups]
    symbols = [ord(label_symbol(group)) for group in groups]
    return Symbols(of_byte, np.array(masks, np.int64), np.array(symbols, np.uint8))


def _room_for(slots: int) -> Distinct:
    return Distinct(
        np.empty(slots, np.uint8),
        np.zeros(slots + 1, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.uint64),
        np.full(slots, FREE),
    )
