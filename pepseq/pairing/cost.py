"""What pairing by statistics takes, as far as numbers of proteins tell: time, and memory.

The constants are of one core of a machine of 2025; see README, "Accuracy of pairing", for what was
measured.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.pairing.annealing import MOST_WITH_FIELDS

log = logging.getLogger(__name__)
WORTH_SAYING = 60.0
"""Seconds from which on the estimate is told."""

_FIELD = 2.5e-11
_SIMILARITY = 1.0e-10
_MOVE, _MOVE_OF_ROW = 2.0e-6, 2.5e-9
_MOVE_WITHOUT_FIELDS = 1.2e-9
_BYTES, _FIXED = 50, 2.0e8


@dataclass(frozen=True)
class Cost:
    """Seconds of all runs on so many threads, and bytes of memory."""

    seconds: float
    bytes: float


def estimate(
    size: np.ndarray, settled: int, most: int, steps: int, sweeps: int, runs: int, threads: int
) -> Cost:
    """Return what runs take with these numbers of paralogs, `size`, one for each species.

    `settled` pairs stand beside them, `most` rows are paired at once, and a run has so many `steps`
    of the mean field and so many `sweeps`, moves tried for each row.
    """
    size = size.astype(float)
    depth = max(min(size.sum() + settled, most), size.max())
    parts = max(1.0, (size.sum() + settled) / depth)
    large = size[size > MOST_WITH_FIELDS].sum()
    of_run = steps * 4 * depth * (size**2).sum() * _FIELD + parts * depth**3 * _SIMILARITY
    of_run += sweeps * (size.sum() - large) * (_MOVE + _MOVE_OF_ROW * depth)
    of_run += sweeps * large * depth * _MOVE_WITHOUT_FIELDS
    threads = min(threads, runs)
    return Cost(-(-runs // threads) * of_run, _FIXED + threads * _BYTES * depth**2)


def tell(cost: Cost, size: Sequence[int], runs: int, threads: int) -> None:
    """Log the cost if it is worth it."""
    if cost.seconds < WORTH_SAYING:
        return
    minutes = cost.seconds / 60
    time = f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
    log.info(
        "pairing will take about %s and %.1f GB on %d threads: %d runs of %d rows in %d species, "
        "up to %d in one; fewer --runs take less",
        time,
        cost.bytes / 1e9,
        min(threads, runs),
        runs,
        sum(size),
        len(size),
        max(size),
    )
