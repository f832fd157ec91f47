"""Pairing without weights: the pairing under which two families tell most about each other.

For Gaussian columns the mutual information of two families is -1/2 log det(1 - R R^T), with R the
correlations between their whitened columns, and to second order 1/2 |R|^2 (Cover and Thomas 2006).
That is what is maximised here, over the pairings inside species. Coevolution and common ancestry
both count: interacting proteins change together, and their trees agree. As in bootstrap support of
trees (Felsenstein 1985), each run sees a random part of the columns, and the share of runs that
chose a pair is its confidence.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import numpy as np

from pepseq.io.progress import Progress
from pepseq.pairing.annealing import Orthologs, anneal, fields, mean_field
from pepseq.pairing.canonical_order import Task, frequencies_of, tasks_of
from pepseq.pairing.config import PairConfig
from pepseq.pairing.cost import estimate, tell
from pepseq.pairing.method_interface import Chosen, Families
from pepseq.pairing.similarity import centred, correlation, covariance, shared_residues

SHRINKAGE = 3.0
"""Of the correlations inside a family, in mean eigenvalues of its covariance."""

COLUMN_SHARE = 0.8
"""Share of the columns of each family that a run sees."""

FIELD_STEPS, FIELD_FROM, FIELD_TO = 60, 1.5, 0.03
STEPS, ANNEAL_FROM, ANNEAL_TO = 60, 0.15, 0.03
"""Temperatures, in standard deviations of what a random swap changes."""

MOST_WITH_ALL_STEPS = 1000
"""Paralogs in one species up to which the mean field has FIELD_STEPS. Each takes the cube of them,
so a larger species has fewer in proportion, FEWEST_FIELD_STEPS at least."""
FEWEST_FIELD_STEPS = 10

SWEEPS = 1000
"""Moves tried in simulated annealing for each row, over all temperatures."""

MAX_DEPTH = 6000
"""Rows that are paired at once; a run of so many takes about 1.6 GB, in each thread."""

JUMP = 0.2
"""Share of the moves that change orthologs together."""


def pair_by_information(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> Chosen:
    """Pair two families by Gaussian mutual information; `losses` are its negative, in nats.

    Uses `runs`, `seed`, `threads` and `max_depth` of the settings: a run with more rows deals whole
    species at random into parts that are paired each for itself, beside as many settled pairs. The
    result depends on sequences, known pairs and settings alone: not on the order of rows or
    species, on names, or on threads. `progress` counts runs. Where a species has more proteins of
    one family, as many of them stay alone.
    """
    return _pair(families, config, SHRINKAGE, progress)


def pair_by_mirrortree(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> Chosen:
    """Pair two families so that proteins alike in one are alike in the other.

    The mirror-tree method (Pazos and Valencia 2001): as `pair_by_information`, with similarities
    that are not whitened; `losses` have no unit.
    """
    return _pair(families, config, None, progress)


def _pair(
    families: Families, config: PairConfig, shrinkage: float | None, progress: Progress | None
) -> Chosen:
    from threadpoolctl import threadpool_limits

    tasks, settled = tasks_of(families)
    if not tasks:
        return Chosen(frequencies_of(families, [], []), np.zeros((config.runs, 0)))
    search = _Search(tasks, settled, families.a.shape[1], config, shrinkage)
    threads = config.threads or os.cpu_count()
    search.tell_cost(threads)
    counts = [np.zeros((len(task.a), len(task.b))) for task in tasks]
    losses = np.zeros((config.runs, STEPS + 1))
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        try:
            for run, (loss, pairs) in enumerate(pool.map(search.run, range(config.runs))):
                losses[run] = loss
                for count, (of_a, of_b) in zip(counts, pairs, strict=True):
                    count[of_a, of_b] += 1
                if progress is not None:
                    progress.add(1)
        finally:
            search.stop[0] = True
    shares = [count / config.runs for count in counts]
    return Chosen(frequencies_of(families, tasks, shares), losses)


class _Search:
    """What is to be paired; `run` does it once, with random numbers of that run."""

    def __init__(
        self,
        tasks: list[Task],
        settled: np.ndarray,
        length_a: int,
        config: PairConfig,
        shrinkage: float | None,
    ):
        self._tasks, self._config, self._shrinkage = tasks, config, shrinkage
        self._settled = (settled[:, :length_a], settled[:, length_a:])
        self._most = config.max_depth or MAX_DEPTH
        self.stop = np.zeros(1, bool)

    def tell_cost(self, threads: int) -> None:
        """Log how long all runs take, if that is long."""
        size = np.array([max(len(task.a), len(task.b)) for task in self._tasks])
        runs = self._config.runs * self._config.rounds
        steps = _field_steps(size)
        cost = estimate(size, len(self._settled[0]), self._most, steps, SWEEPS, runs, threads)
        tell(cost, size, runs, threads)

    def run(self, run: int) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """Return the loss as it went, (STEPS + 1,), and each task's pairs as positions in it."""
        random = np.random.default_rng([self._config.seed, 2, run])
        columns = [
            np.sort(random.permutation(length)[: max(1, round(COLUMN_SHARE * length))])
            for length in (side.shape[1] for side in self._settled)
        ]
        loss = np.zeros(STEPS + 1)
        pairs = [None] * len(self._tasks)
        for part in self._go_on(self._parts(random)):
            tasks = [self._tasks[at] for at in part]
            part_loss, found = self._pair(tasks, columns, random)
            loss += part_loss
            for at, one in zip(part, found, strict=True):
                pairs[at] = one
        return loss, pairs

    def _parts(self, random: np.random.Generator) -> list[list[int]]:
        """Deal the tasks into parts of at most `max_depth` rows, or of one task that has more."""
        parts, depth = [[]], 0
        most = self._most - min(len(self._settled[0]), self._most // 2)
        for at in random.permutation(len(self._tasks)).tolist():
            rows = max(len(self._tasks[at].a), len(self._tasks[at].b))
            if depth and depth + rows > most:
                parts.append([])
                depth = 0
            parts[-1].append(at)
            depth += rows
        return [sorted(part) for part in parts]

    def _pair(
        self, tasks: list[Task], columns: list[np.ndarray], random: np.random.Generator
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        size = np.array([max(len(task.a), len(task.b)) for task in tasks])
        start = np.cumsum(size) - size
        context = np.sort(random.permutation(len(self._settled[0]))[: self._most // 2])
        codes = [task.codes_a for task in tasks], [task.codes_b for task in tasks]
        (a, ortholog_a), (b, ortholog_b) = (
            self._side(codes[side], side, start, size, columns, context)
            for side in self._go_on((0, 1))
        )
        scale = _spread(a, b, start, size, random)
        partner = mean_field(
            *(a, b, start, size),
            self._go_on(scale * np.geomspace(FIELD_FROM, FIELD_TO, _field_steps(size))),
        )
        field = fields(a, b, partner, start, size)
        gain = [np.vdot(a, b[partner][:, partner])]
        moves = -(-SWEEPS * int(size.sum()) // STEPS)
        for temperature in self._go_on(scale * np.geomspace(ANNEAL_FROM, ANNEAL_TO, STEPS)):
            grown = anneal(
                *(a, b, ortholog_a.row, ortholog_a.shared, ortholog_b.row, ortholog_b.shared),
                *(start, size, partner, field, temperature, moves, JUMP),
                *(random.integers(2**31), self.stop),
            )
            gain.append(gain[-1] + grown)
        return -0.5 * np.array(gain), [
            _real(partner[at : at + count] - at, task)
            for at, count, task in zip(start, size, tasks, strict=True)
        ]

    def _go_on(self, values: Iterable) -> Iterator:
        """Yield `values`; CancelledError as soon as `stop` is set."""
        for value in values:
            if self.stop[0]:
                raise CancelledError
            yield value

    def _side(self, codes, side, start, size, columns, context) -> tuple[np.ndarray, Orthologs]:
        """Return one family's similarities, float32 (rows, rows), and orthologs of its rows.

        Species come first, each filled up to `size` rows with blank ones that are like nothing.
        """
        settled = self._settled[side][context]
        rows = np.vstack([*codes, settled])[:, columns[side]]
        counts = [len(one) for one in codes]
        total = int(size.sum())
        at = np.concatenate(
            [np.arange(s, s + n) for s, n in zip(start, counts, strict=True)]
            + [np.arange(total, total + len(settled))]
        )
        alike = covariance(rows) if self._shrinkage is None else correlation(rows, self._shrinkage)
        full = np.zeros((total + len(settled),) * 2, np.float32)
        full[np.ix_(at, at)] = centred(alike)
        shared = np.full((total, total), -1, np.float32)
        own = at[: len(at) - len(settled)]
        shared[np.ix_(own, own)] = shared_residues(rows[: len(own)])
        return full, Orthologs.of(shared, start, size)


def _field_steps(size: np.ndarray) -> int:
    """Return the steps of the mean field for these numbers of paralogs."""
    share = min(1.0, MOST_WITH_ALL_STEPS / size.max())
    return max(round(FIELD_STEPS * share), FEWEST_FIELD_STEPS)


def _spread(a, b, start, size, random: np.random.Generator, draws: int = 500) -> float:
    """Return the standard deviation of what a random swap adds to the gain."""
    species = random.choice(len(size), draws, p=size / size.sum())
    n, m = (start[species] + random.integers(size[species]) for _ in "nm")
    gains = 2 * np.einsum("ij,ij->i", a[n] - a[m], b[m] - b[n])
    return max(float(np.std(gains[n != m])) if (n != m).any() else 0.0, 1e-12)


def _real(partner: np.ndarray, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions in A and B of a task's pairs, without those of blank rows."""
    of_a = np.flatnonzero(partner[: len(task.a)] < len(task.b))
    return of_a, partner[of_a]
