"""Distinct sequences of symbols of a readout: reads, and peptides as they are without errors."""

from dataclasses import dataclass

import numpy as np

from pepseq.kernels import leaf_kernel

_WORD = 8


@dataclass(frozen=True)
class SymbolSequences:
    """Sequences `symbols[begin[n]:end[n]]`; `symbols`: uint8, `begin`, `end`: int64 (N,)."""

    symbols: np.ndarray
    begin: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.begin)

    def __getitem__(self, chosen: np.ndarray) -> "SymbolSequences":
        return SymbolSequences(self.symbols, self.begin[chosen], self.end[chosen])

    @property
    def lengths(self) -> np.ndarray:
        """The number of symbols of each, int64."""
        return self.end - self.begin


def distinct_sequences(sequences: SymbolSequences) -> tuple[SymbolSequences, np.ndarray]:
    """Return the distinct sequences, by length and then by symbol, and the number of each, int64.

    >>> symbols = np.frombuffer(b"BAABAB", np.uint8)
    >>> words = SymbolSequences(symbols, np.array([0, 2, 4]), np.array([2, 3, 6]))
    >>> distinct, number = distinct_sequences(words)
    >>> distinct.lengths.tolist(), number.tolist()
    ([1, 2, 2], [2, 0, 1])
    """
    lengths = sequences.lengths
    by_length = np.argsort(lengths, kind="stable")
    sizes, counts = np.unique(lengths, return_counts=True)
    ends = np.cumsum(counts)
    firsts, numbers, count = [np.zeros(0, np.int64)], np.empty(len(sequences), np.int64), 0
    for size, start, end in zip(sizes.tolist(), ends - counts, ends, strict=True):
        members = by_length[start:end]
        words = _words(sequences.symbols, sequences.begin[members], size)
        order = np.lexsort(words.T[::-1])
        ranked = words[order]
        is_new = np.concatenate([[True], (ranked[1:] != ranked[:-1]).any(1)])
        numbers[members[order]] = count + np.cumsum(is_new) - 1
        firsts.append(members[order[is_new]])
        count += int(is_new.sum())
    return sequences[np.concatenate(firsts)], numbers


def _words(symbols: np.ndarray, begin: np.ndarray, length: int) -> np.ndarray:
    """Return sequences of one length as rows of numbers that sort as the sequences do."""
    rows = np.zeros((len(begin), max(-(-length // _WORD), 1) * _WORD), np.uint8)
    for column in range(length):
        rows[:, column] = symbols[begin + column]
    return rows.view(">u8").astype(np.uint64)


@leaf_kernel
def end_of_symbol(symbols, begin, low, high, place):
    """Return where the reads end that have the same symbol at a place as the read `low`."""
    symbol = symbols[begin[low] + place]
    while low + 1 < high:
        middle = (low + high) // 2
        if symbols[begin[middle] + place] == symbol:
            low = middle
        else:
            high = middle
    return low + 1


@leaf_kernel
def first_hidden(symbols, begin, low, high, place, stop, hidden):
    """Return the first read that is hidden from a place to `stop`; such reads sort last."""
    while low < high:
        middle = (low + high) // 2
        is_hidden = True
        for i in range(begin[middle] + place, begin[middle] + stop):
            if symbols[i] != hidden:
                is_hidden = False
                break
        if is_hidden:
            high = middle
        else:
            low = middle + 1
    return low
