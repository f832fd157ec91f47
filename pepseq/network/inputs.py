"""Inputs of the readout network: of one read, and of many packed one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.network.architecture import ARCHITECTURE, NO_RESIDUE

SLICE_RESIDUES = 1024
"""Residues that are computed at a time where a whole long protein takes much memory."""


@dataclass(frozen=True)
class NetworkInput:
    """One read of L residues with T aligned templates, T from 0 to MAX_TEMPLATES.

    `emission`, (L, 20): P(read symbol | amino acid), the largest 1; `prior`, (L, 20): probabilities
    from templates and frequencies, 0 where `emission` is; `none`, (L,): share of it that is copied
    from no template; `rows`, (T, L): residue codes 0-20 or NO_RESIDUE; `weights`, (T, L):
    probability that each template is copied; `scores`, (T,): bits of its alignment. `begins` and
    `ends` say whether the read's ends are known to be the protein's.
    """

    emission: np.ndarray
    prior: np.ndarray
    none: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    scores: np.ndarray
    begins: bool = True
    ends: bool = True

    def __len__(self) -> int:
        return len(self.emission)


def input_without_templates(
    emission: np.ndarray, prior: np.ndarray, begins: bool = True, ends: bool = True
) -> NetworkInput:
    """Return the input of a read without templates; `emission` and `prior` as in NetworkInput."""
    rows, none = np.empty((0, len(emission)), np.uint8), np.ones(len(emission), np.float32)
    return NetworkInput(
        emission, prior, none, rows, rows.astype(np.float32), none[:0], begins, ends
    )


def residue_slices(length: int) -> Iterator[slice]:
    """Yield slices that cover this many residues, SLICE_RESIDUES at a time."""
    for start in range(0, length, SLICE_RESIDUES):
        yield slice(start, min(start + SLICE_RESIDUES, length))


def is_identified(emission: np.ndarray) -> np.ndarray:
    """Return which residues are identified, (L,) bool, by their emission, (L, 20)."""
    return emission.sum(1) < ARCHITECTURE.identified_sum


def pack(inputs: Sequence[NetworkInput]) -> dict[str, np.ndarray]:
    """Return the network's inputs, by GRAPH_INPUTS, for reads laid one after the other."""
    lengths = np.array([len(read) for read in inputs])
    number = max(len(read.rows) for read in inputs)
    total, edge = int(lengths.sum()), ARCHITECTURE.edge
    rows = np.full((number, total), NO_RESIDUE, np.int64)
    weights = np.zeros((number, total), np.float32)
    scores = np.zeros((number, total), np.float32)
    begin = np.full(total, edge + 1, np.int64)
    end = begin.copy()
    start = 0
    for read in inputs:
        stop, count = start + len(read), len(read.rows)
        rows[:count, start:stop] = read.rows
        weights[:count, start:stop] = read.weights
        scores[:count, start:stop] = read.scores[:, None]
        distances = np.minimum(np.arange(len(read)), edge)
        if read.begins:
            begin[start:stop] = distances
        if read.ends:
            end[start:stop] = distances[::-1]
        start = stop
    return {
        "reads": _joined([read.emission for read in inputs]),
        "prior": _joined([read.prior for read in inputs]),
        "none": _joined([read.none for read in inputs])[:, None],
        "begin": begin,
        "end": end,
        "protein": np.repeat(np.arange(len(inputs)), lengths),
        "share": (1 / lengths).astype(np.float32)[:, None],
        "rows": rows,
        "weights": weights,
        "scores": scores,
    }


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays).astype(np.float32, copy=False)
