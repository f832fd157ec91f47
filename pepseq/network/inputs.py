"""What the readout network is told of each protein, and of many packed one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

EDGE = 32
"""As in pepseq.network.net, which needs torch."""
NO_RESIDUE = 21
MOST_ROWS = 8
PART = 1024
"""Residues that are computed at a time where a whole long protein takes much memory."""
NAMES = (
    "reads",
    "prior",
    "none",
    "begin",
    "end",
    "protein",
    "share",
    "rows",
    "weights",
    "scores",
)


@dataclass(frozen=True)
class Reading:
    """One readout of L residues, with T aligned templates, T from 0 to MOST_ROWS.

    `reads`, (L, 20): P(what is read | amino acid), the largest 1; `prior`, (L, 20): probabilities
    from templates and frequencies, 0 where `reads` is; `none`, (L,): share of it that is copied
    from no template; `rows`, (T, L): residue codes 0-20 or NO_RESIDUE; `weights`, (T, L); `scores`,
    (T,). `begins` and `ends` say whether the readout's ends are known to be the protein's.
    """

    reads: np.ndarray
    prior: np.ndarray
    none: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    scores: np.ndarray
    begins: bool = True
    ends: bool = True

    def __len__(self) -> int:
        return len(self.reads)


def parts(length: int) -> Iterator[slice]:
    """Yield slices that cover so many residues, PART at a time."""
    for start in range(0, length, PART):
        yield slice(start, min(start + PART, length))


def pack(readings: Sequence[Reading]) -> dict[str, np.ndarray]:
    """Return the network's inputs, by NAMES, for readouts laid one after the other."""
    lengths = np.array([len(reading) for reading in readings])
    number = max(len(reading.rows) for reading in readings)
    total = int(lengths.sum())
    rows = np.full((number, total), NO_RESIDUE, np.int64)
    weights = np.zeros((number, total), np.float32)
    scores = np.zeros((number, total), np.float32)
    begin = np.full(total, EDGE + 1, np.int64)
    end = begin.copy()
    start = 0
    for reading in readings:
        stop, count = start + len(reading), len(reading.rows)
        rows[:count, start:stop] = reading.rows
        weights[:count, start:stop] = reading.weights
        scores[:count, start:stop] = reading.scores[:, None]
        distances = np.minimum(np.arange(len(reading)), EDGE)
        if reading.begins:
            begin[start:stop] = distances
        if reading.ends:
            end[start:stop] = distances[::-1]
        start = stop
    return {
        "reads": np.concatenate([r.reads for r in readings]).astype(np.float32, copy=False),
        "prior": np.concatenate([r.prior for r in readings]).astype(np.float32, copy=False),
        "none": np.concatenate([r.none for r in readings]).astype(np.float32, copy=False)[:, None],
        "begin": begin,
        "end": end,
        "protein": np.repeat(np.arange(len(readings)), lengths),
        "share": (1 / lengths).astype(np.float32)[:, None],
        "rows": rows,
        "weights": weights,
        "scores": scores,
    }
