"""Which of very many proteins may be the nearest of a few: those that share most short words."""

from collections.abc import Iterable, Sequence

import numpy as np

from pepseq.evaluation.metrics import encode

WORD = 5
KEPT = 8
_LETTERS = 20
_WORDS = _LETTERS**WORD
_BATCH = 250_000


def screen(proteins: Sequence[str], others: Iterable[str]) -> np.ndarray:
    """Return the places in `others` (0-based, sorted, int64) of candidates for the nearest.

    For each of `proteins` these are the 8 of `others` that share most distinct words of 5
    residues with it, the first of equal ones. `others` are read once, in batches.
    """
    starts, owners = _index(proteins)
    best = np.empty((3, 0), np.int64)  # owner, words shared, place
    batch, size, first = [], 0, 0
    for other in others:
        batch.append(other)
        size += len(other)
        if size >= _BATCH:
            best = _merge(best, _shared(batch, first, starts, owners))
            first, batch, size = first + len(batch), [], 0
    if batch:
        best = _merge(best, _shared(batch, first, starts, owners))
    return np.unique(best[2])


def _words(proteins: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return every word of known residues as a number, and the protein each is in."""
    codes = [encode(protein).astype(np.int64) for protein in proteins]
    joined = np.concatenate(codes)
    of = np.repeat(np.arange(len(codes)), [len(code) for code in codes])
    count = max(0, len(joined) - WORD + 1)
    words, known = np.zeros(count, np.int64), np.ones(count, bool)
    for i in range(WORD):
        part = joined[i : i + count]
        words = words * _LETTERS + part
        known &= part < _LETTERS
    known &= of[:count] == of[WORD - 1 :] if count else known
    return words[known], of[:count][known]


def _index(proteins: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return `owners` of words, those of word w from `starts[w]` to `starts[w + 1]`."""
    words, of = _words(proteins)
    words, owners = np.divmod(np.unique(words * len(proteins) + of), len(proteins))
    starts = np.zeros(_WORDS + 1, np.int32)
    np.cumsum(np.bincount(words, minlength=_WORDS), out=starts[1:])
    return starts, owners


def _shared(
    others: Sequence[str], first: int, starts: np.ndarray, owners: np.ndarray
) -> np.ndarray:
    """Return owner, words shared and place, of each pair of proteins with a word in common."""
    words, of = _words(others)
    times = starts[words + 1] - starts[words]
    hit = times > 0
    words, of, times = words[hit], of[hit], times[hit]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    owner = owners[np.repeat(starts[words], times) + within]
    pair = np.repeat(of, times) * (owners.max(initial=0) + 1) + owner
    distinct = np.unique(pair * _WORDS + np.repeat(words, times))
    pairs, counts = np.unique(distinct // _WORDS, return_counts=True)
    place, owner = np.divmod(pairs, owners.max(initial=0) + 1)
    return np.stack([owner, counts, place + first])


def _merge(best: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the best KEPT of each owner."""
    both = np.concatenate([best, new], axis=1)
    both = both[:, np.lexsort((both[2], -both[1], both[0]))]
    begins = np.flatnonzero(np.diff(both[0], prepend=-1))
    rank = np.arange(both.shape[1]) - np.repeat(begins, np.diff(begins, append=both.shape[1]))
    return both[:, rank < KEPT]
