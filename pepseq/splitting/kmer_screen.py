"""Which of very many proteins may be the nearest of a few: those that share most k-mers."""

from collections.abc import Iterable, Sequence

import numpy as np

from pepseq.evaluation.metrics import encode

K = 5
"""Residues of a k-mer."""
CANDIDATES = 8
"""Candidates that are kept for each protein."""
_AMINO_ACIDS = 20
_KMERS = _AMINO_ACIDS**K
_BATCH_RESIDUES = 250_000


def find_candidates(proteins: Sequence[str], others: Iterable[str]) -> np.ndarray:
    """Return the places in `others` (0-based, sorted, int64) of candidates for the nearest.

    For each of `proteins` these are the 8 of `others` that share most distinct k-mers of 5
    residues with it, the first of equal ones. `others` are read once, in batches.
    """
    starts, owners = _index_kmers(proteins)
    best = np.empty((3, 0), np.int64)  # owner, k-mers shared, place
    batch, residues, first = [], 0, 0
    for other in others:
        batch.append(other)
        residues += len(other)
        if residues >= _BATCH_RESIDUES:
            best = _keep_best(best, _count_shared(batch, first, starts, owners))
            first, batch, residues = first + len(batch), [], 0
    if batch:
        best = _keep_best(best, _count_shared(batch, first, starts, owners))
    return np.unique(best[2])


def _kmers(proteins: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return every k-mer of known residues as a number, and the protein each is in."""
    codes = [encode(protein).astype(np.int64) for protein in proteins]
    joined = np.concatenate(codes)
    protein_of_residue = np.repeat(np.arange(len(codes)), [len(code) for code in codes])
    count = max(0, len(joined) - K + 1)
    kmers, known = np.zeros(count, np.int64), np.ones(count, bool)
    for i in range(K):
        part = joined[i : i + count]
        kmers = kmers * _AMINO_ACIDS + part
        known &= part < _AMINO_ACIDS
    if count:
        known &= protein_of_residue[:count] == protein_of_residue[K - 1 :]
    return kmers[known], protein_of_residue[:count][known]


def _index_kmers(proteins: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the proteins that have k-mers: those of k from `starts[k]` to `starts[k + 1]`."""
    kmers, protein = _kmers(proteins)
    kmers, owners = np.divmod(np.unique(kmers * len(proteins) + protein), len(proteins))
    starts = np.zeros(_KMERS + 1, np.int32)
    np.cumsum(np.bincount(kmers, minlength=_KMERS), out=starts[1:])
    return starts, owners


def _count_shared(
    others: Sequence[str], first: int, starts: np.ndarray, owners: np.ndarray
) -> np.ndarray:
    """Return owner, k-mers shared and place, of each pair of proteins with a k-mer in common."""
    kmers, other = _kmers(others)
    times = starts[kmers + 1] - starts[kmers]
    hit = times > 0
    kmers, other, times = kmers[hit], other[hit], times[hit]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    owner = owners[np.repeat(starts[kmers], times) + within]
    pair = np.repeat(other, times) * (owners.max(initial=0) + 1) + owner
    distinct = np.unique(pair * _KMERS + np.repeat(kmers, times))
    pairs, counts = np.unique(distinct // _KMERS, return_counts=True)
    place, owner = np.divmod(pairs, owners.max(initial=0) + 1)
    return np.stack([owner, counts, place + first])


def _keep_best(best: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the best candidates of each owner."""
    both = np.concatenate([best, new], axis=1)
    both = both[:, np.lexsort((both[2], -both[1], both[0]))]
    begins = np.flatnonzero(np.diff(both[0], prepend=-1))
    rank = np.arange(both.shape[1]) - np.repeat(begins, np.diff(begins, append=both.shape[1]))
    return both[:, rank < CANDIDATES]
