"""Time and memory of pairing by statistics, estimated from numbers of proteins."""

import logging
from dataclasses import dataclass

import numpy as np

from pepseq.io.plurals import plural
from pepseq.pairing.annealing import MAX_SIZE_WITH_FIELDS

log = logging.getLogger(__name__)
MIN_LOGGED_SECONDS = 60.0


@dataclass(frozen=True)
class UnitCosts:
    """Seconds on one core of a machine of 2025, and bytes; docs/benchmarks/pairing.md.

    field_product: of each multiplication of the mean field.
    similarity: of depth cubed, for similarities of a part in both steps.
    move, move_per_row: of a move of annealing in a species with fields, and for each row.
    move_per_row_without_fields: the same in a larger species.
    bytes_per_similarity, fixed_bytes: of memory, for each two rows in each thread, and at least.
    """

    field_product: float = 2.5e-11
    similarity: float = 2.0e-10
    move: float = 2.0e-6
    move_per_row: float = 2.5e-9
    move_per_row_without_fields: float = 1.2e-9
    bytes_per_similarity: float = 50
    fixed_bytes: float = 2.0e8


UNIT_COSTS = UnitCosts()


@dataclass(frozen=True)
class Work:
    """What all runs have to do.

    sizes: numbers of paralogs of each species. settled: pairs beside them. max_depth: rows that are
    paired at once. field_steps, sweeps: steps of the mean field, and moves for each row, in a run.
    """

    sizes: np.ndarray
    settled: int
    max_depth: int
    field_steps: int
    sweeps: int
    runs: int
    threads: int


@dataclass(frozen=True)
class Cost:
    """Seconds of all runs on their threads, and bytes of memory."""

    seconds: float
    bytes: float


def estimate_cost(work: Work) -> Cost:
    """Return the time and memory that all runs take."""
    unit = UNIT_COSTS
    sizes = work.sizes.astype(float)
    rows = sizes.sum()
    depth = max(min(rows + work.settled, work.max_depth), sizes.max())
    parts = max(1.0, (rows + work.settled) / depth)
    rows_without_fields = sizes[sizes > MAX_SIZE_WITH_FIELDS].sum()
    rows_with_fields = rows - rows_without_fields
    seconds = work.field_steps * 4 * depth * (sizes**2).sum() * unit.field_product
    seconds += parts * depth**3 * unit.similarity
    seconds += work.sweeps * rows_with_fields * (unit.move + unit.move_per_row * depth)
    seconds += work.sweeps * rows_without_fields * depth * unit.move_per_row_without_fields
    threads = min(work.threads, work.runs)
    memory = unit.fixed_bytes + threads * unit.bytes_per_similarity * depth**2
    return Cost(-(-work.runs // threads) * seconds, memory)


def log_long_cost(cost: Cost, work: Work) -> None:
    """Log the cost if the runs take MIN_LOGGED_SECONDS or more."""
    if cost.seconds < MIN_LOGGED_SECONDS:
        return
    minutes = cost.seconds / 60
    threads = min(work.threads, work.runs)
    log.info(
        "pairing will take about %s and %.1f GB on %d %s: %d %s of %d rows in %d species, "
        "up to %d in one; reduce --runs to save time",
        f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h",
        cost.bytes / 1e9,
        threads,
        plural(threads, "thread"),
        work.runs,
        plural(work.runs, "run"),
        work.sizes.sum(),
        len(work.sizes),
        work.sizes.max(),
    )
