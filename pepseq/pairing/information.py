"""Pairing without weights: the pairing with the highest mutual information of two families.

For Gaussian columns the mutual information of two families is -1/2 log det(1 - R R^T), with R the
correlations between their whitened columns, and to second order 1/2 |R|^2 (Cover and Thomas 2006).
This is maximised over the pairings inside species. Coevolution and common ancestry both count:
interacting proteins change together, and their trees agree. As in bootstrap support of trees
(Felsenstein 1985), each run sees a random part of the columns. Its pairs are votes for the second
step, in which each run pairs proteins by their relatives (`refinement`). The confidence of a pair
is the mean share of the runs that chose it, over both steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np

from pepseq.io.progress import Progress
from pepseq.pairing.annealing import (
    Moves,
    Orthologs,
    PairingState,
    Similarities,
    SpeciesRows,
    anneal,
    fields,
    find_orthologs,
)
from pepseq.pairing.canonical_order import Task, frequencies_of, tasks_of
from pepseq.pairing.config import INFORMATION_MAX_DEPTH, PairConfig
from pepseq.pairing.cost import Work, estimate_cost, log_long_cost
from pepseq.pairing.mean_field import mean_field
from pepseq.pairing.method_interface import Families, MethodResult
from pepseq.pairing.refinement import PositionsOfPairs, pair_by_relatives
from pepseq.pairing.search_settings import PairingSearchSettings
from pepseq.pairing.similarity import center, correlation, count_shared_residues, covariance
from pepseq.processes.cores import available_cores

Value = TypeVar("Value")

SEARCH = PairingSearchSettings()


def pair_by_information(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> MethodResult:
    """Pair two families by Gaussian mutual information, then by the relatives of each protein.

    `losses` are the negative mutual information of the first step, in nats.

    Uses `runs`, `seed`, `threads` and `max_depth` of the settings. If there are more rows, each run
    deals whole species at random into parts that are paired separately, beside as many settled
    pairs. The result depends on sequences, known pairs and settings alone: not on the order of rows
    or species, on names, or on threads. `progress` counts runs. If a species has more proteins of
    one family, the surplus stays without a partner.
    """
    return _pair_in_runs(families, config, SEARCH.shrinkage, progress)


def pair_by_mirrortree(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> MethodResult:
    """Pair two families so that proteins similar in one are similar in the other.

    The mirror-tree method (Pazos and Valencia 2001): as `pair_by_information`, with similarities
    that are not whitened; `losses` have no unit.
    """
    return _pair_in_runs(families, config, None, progress)


def _pair_in_runs(
    families: Families, config: PairConfig, shrinkage: float | None, progress: Progress | None
) -> MethodResult:
    from threadpoolctl import threadpool_limits

    tasks, settled = tasks_of(families)
    if not tasks:
        return MethodResult(frequencies_of(families, [], []), np.zeros((config.runs, 0)))
    settled_ab = np.hsplit(settled, [families.codes_a.shape[1]])
    max_depth = config.max_depth or INFORMATION_MAX_DEPTH
    problem = _Problem(tasks, (settled_ab[0], settled_ab[1]), shrinkage, max_depth, config.seed)
    threads = config.threads or available_cores()
    problem.log_cost(config.runs * config.rounds, threads)
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        try:
            losses, votes = zip(
                *_counted(pool.map(problem.run, range(config.runs)), progress), strict=True
            )
            shares = problem.shares(votes)
            if shrinkage is not None:
                refine = partial(problem.refine, shares)
                votes += tuple(pool.map(refine, range(config.runs)))
                shares = problem.shares(votes)
        finally:
            problem.stop[0] = True
    return MethodResult(frequencies_of(families, tasks, shares), np.array(losses))


def _counted(values: Iterable[Value], progress: Progress | None) -> Iterator[Value]:
    """Yield `values`, and add each to the progress."""
    for value in values:
        if progress is not None:
            progress.add(1)
        yield value


@dataclass(frozen=True)
class _Problem:
    """The tasks to pair, and the rows of settled pairs of A and of B, codes (pairs, length).

    `shrinkage` is None for covariances. `stop`, bool (1,), ends all runs once it is set.
    """

    tasks: list[Task]
    settled: tuple[np.ndarray, np.ndarray]
    shrinkage: float | None
    max_depth: int
    seed: int
    stop: np.ndarray = field(default_factory=lambda: np.zeros(1, bool))

    def log_cost(self, runs: int, threads: int) -> None:
        """Log how long all runs take, if that is long."""
        sizes = np.array([task.size for task in self.tasks])
        steps = SEARCH.field_steps_for(sizes)
        work = Work(
            sizes, len(self.settled[0]), self.max_depth, steps, SEARCH.sweeps, runs, threads
        )
        log_long_cost(estimate_cost(work), work)

    def run(self, number: int) -> tuple[np.ndarray, list[PositionsOfPairs]]:
        """Return the loss before and after each step of annealing, and the pairs of each task.

        Each run has random numbers of its own, and so columns and parts.
        """
        random = np.random.default_rng([self.seed, 2, number])
        columns_a, columns_b = (_draw_columns(codes.shape[1], random) for codes in self.settled)
        loss = np.zeros(SEARCH.anneal_steps + 1)
        pairs: dict[int, PositionsOfPairs] = {}
        for part in self._until_stopped(self._deal_into_parts(random)):
            tasks = [self.tasks[number] for number in part]
            part_loss, part_pairs = self._pair_part(tasks, columns_a, columns_b, random)
            loss += part_loss
            pairs |= zip(part, part_pairs, strict=True)
        return loss, [pairs[number] for number in range(len(self.tasks))]

    def shares(self, votes: Sequence[list[PositionsOfPairs]]) -> list[np.ndarray]:
        """Return how often each pair of each task is in the pairs of the runs, 0 to 1."""
        counts = [np.zeros((len(task.a), len(task.b))) for task in self.tasks]
        for pairs in votes:
            for count, positions in zip(counts, pairs, strict=True):
                count[positions] += 1
        return [count / len(votes) for count in counts]

    def refine(self, shares: list[np.ndarray], number: int) -> list[PositionsOfPairs]:
        """Return the pairs of each task by the relatives of each protein; see `refinement`."""
        random = np.random.default_rng([self.seed, 3, number])
        columns_a, columns_b = (_draw_columns(codes.shape[1], random) for codes in self.settled)
        pairs: dict[int, PositionsOfPairs] = {}
        for part in self._until_stopped(self._deal_into_parts(random)):
            settled_a, settled_b = self._draw_settled(random)
            part_pairs = pair_by_relatives(
                [self.tasks[number] for number in part],
                [shares[number] for number in part],
                (settled_a, settled_b),
                (columns_a, columns_b),
            )
            pairs |= zip(part, part_pairs, strict=True)
        return [pairs[number] for number in range(len(self.tasks))]

    def _draw_settled(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of A and of B of at most half of `max_depth` settled pairs."""
        drawn = np.sort(random.permutation(len(self.settled[0]))[: self.max_depth // 2])
        return self.settled[0][drawn], self.settled[1][drawn]

    def _deal_into_parts(self, random: np.random.Generator) -> list[list[int]]:
        """Deal the tasks into parts of at most `max_depth` rows, or of one task that has more.

        Settled pairs are in each part, and take at most half of its rows.
        """
        parts: list[list[int]] = [[]]
        depth = 0
        max_rows = self.max_depth - min(len(self.settled[0]), self.max_depth // 2)
        for number in random.permutation(len(self.tasks)).tolist():
            rows = self.tasks[number].size
            if depth and depth + rows > max_rows:
                parts.append([])
                depth = 0
            parts[-1].append(number)
            depth += rows
        return [sorted(part) for part in parts]

    def _pair_part(
        self,
        tasks: list[Task],
        columns_a: np.ndarray,
        columns_b: np.ndarray,
        random: np.random.Generator,
    ) -> tuple[np.ndarray, list[PositionsOfPairs]]:
        """Return the loss before and after each step of annealing, and the pairs of each task."""
        species = SpeciesRows.of_sizes(np.array([task.size for task in tasks]))
        settled_a, settled_b = self._draw_settled(random)
        codes_a, codes_b = [task.codes_a for task in tasks], [task.codes_b for task in tasks]
        a, orthologs_a = self._compare_rows([*codes_a, settled_a], columns_a, species)
        b, orthologs_b = self._compare_rows([*codes_b, settled_b], columns_b, species)
        both = Similarities(a, b)
        scale = _spread_of_gains(both, species, random)
        steps = SEARCH.field_steps_for(species.size)
        temperatures = scale * np.geomspace(SEARCH.field_from, SEARCH.field_to, steps)
        partner = mean_field(both, species, self._until_stopped(temperatures))
        state = PairingState(partner, fields(both, species, partner))
        gains = [np.vdot(a, b[partner][:, partner])]
        number = -(-SEARCH.sweeps * int(species.size.sum()) // SEARCH.anneal_steps)
        steps = SEARCH.anneal_steps
        temperatures = scale * np.geomspace(SEARCH.anneal_from, SEARCH.anneal_to, steps)
        for temperature in self._until_stopped(temperatures):
            seed = int(random.integers(2**31))
            moves = Moves(number, temperature, SEARCH.ortholog_share, seed)
            growth = anneal(both, species, orthologs_a, orthologs_b, state, moves, self.stop)
            gains.append(gains[-1] + growth)
        return -0.5 * np.array(gains), [
            _without_blank_rows(partner[rows] - rows.start, task)
            for rows, task in zip(species.slices, tasks, strict=True)
        ]

    def _compare_rows(
        self, codes: list[np.ndarray], columns: np.ndarray, species: SpeciesRows
    ) -> tuple[np.ndarray, Orthologs]:
        """Return similarities of one family, float32 (rows, rows), and the orthologs of its rows.

        `codes` are the rows of each task, then those of settled pairs. A species with fewer rows
        than `size` is filled up with blank rows, which are similar to nothing.
        """
        self._raise_if_stopped()
        rows = np.vstack(codes)[:, columns]
        *of_tasks, settled = codes
        total = int(species.size.sum())
        starts = zip(species.start, of_tasks, strict=True)
        own_places = np.concatenate([start + np.arange(len(own)) for start, own in starts])
        places_of_all = np.concatenate([own_places, np.arange(total, total + len(settled))])
        alike = covariance(rows) if self.shrinkage is None else correlation(rows, self.shrinkage)
        similarity = np.zeros((total + len(settled),) * 2, np.float32)
        similarity[np.ix_(places_of_all, places_of_all)] = center(alike)
        shared = np.full((total, total), -1, np.float32)
        shared[np.ix_(own_places, own_places)] = count_shared_residues(rows[: len(own_places)])
        return similarity, find_orthologs(shared, species)

    def _raise_if_stopped(self) -> None:
        if self.stop[0]:
            raise CancelledError

    def _until_stopped(self, values: Iterable[Value]) -> Iterator[Value]:
        """Yield `values`; raise CancelledError as soon as `stop` is set."""
        for value in values:
            self._raise_if_stopped()
            yield value


def _draw_columns(length: int, random: np.random.Generator) -> np.ndarray:
    """Return the columns of a family that a run sees, sorted."""
    count = max(1, round(SEARCH.column_share * length))
    return np.sort(random.permutation(length)[:count])


def _spread_of_gains(
    similarities: Similarities, species: SpeciesRows, random: np.random.Generator, draws: int = 500
) -> float:
    """Return the standard deviation of what a random swap adds to the gain."""
    a, b = similarities
    start, size = species
    drawn = random.choice(len(size), draws, p=size / size.sum())
    n = start[drawn] + random.integers(size[drawn])
    m = start[drawn] + random.integers(size[drawn])
    gains = 2 * np.einsum("ij,ij->i", a[n] - a[m], b[m] - b[n])
    return max(float(np.std(gains[n != m])) if (n != m).any() else 0.0, 1e-12)


def _without_blank_rows(partner: np.ndarray, task: Task) -> PositionsOfPairs:
    """Return the pairs of a task in which neither row is blank."""
    of_a = np.flatnonzero(partner[: len(task.a)] < len(task.b))
    return of_a, partner[of_a]
