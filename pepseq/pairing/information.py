"""Pairing without weights: the pairing with the highest mutual information of two families.

For Gaussian columns the mutual information of two families is -1/2 log det(1 - R R^T), with R the
correlations between their whitened columns, and to second order 1/2 |R|^2 (Cover and Thomas 2006).
This is maximised over the pairings inside species. Coevolution and common ancestry both count:
interacting proteins change together, and their trees agree. As in bootstrap support of trees
(Felsenstein 1985), each run sees a random part of the columns, and the share of runs that chose a
pair is its confidence.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
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
from pepseq.pairing.similarity import center, correlation, count_shared_residues, covariance
from pepseq.processes.cores import available_cores

Value = TypeVar("Value")
PositionsOfPairs = tuple[np.ndarray, np.ndarray]
"""Pairs of a task, as positions in its `a` and `b`."""


@dataclass(frozen=True)
class PairingSearchSettings:
    """How the best pairing is searched.

    Chosen on half of the species of HK-RR and of MALG-MALK; docs/benchmarks/pairing.md reports
    the other half. Temperatures are in standard deviations of the gain of a random swap.

    shrinkage: of the correlations inside a family, in mean eigenvalues of its covariance. More
        makes `information` more like `mirrortree`.
    column_share: share of the columns of each family that a run sees. Less makes the runs differ
        more, so that confidence falls, and leaves each run less to go by.
    field_steps, field_from, field_to: steps and temperatures of the mean field.
    anneal_steps, anneal_from, anneal_to: steps and temperatures of simulated annealing.
    sweeps: moves of simulated annealing for each row, over all steps. More find better pairings;
        time grows in proportion.
    ortholog_share: share of the moves that swap orthologs too.
    max_size_with_all_steps, min_field_steps: a step of the mean field takes the cube of the
        paralogs in a species, so above this size the steps fall in proportion, to this minimum.
    """

    shrinkage: float = 3.0
    column_share: float = 0.8
    field_steps: int = 60
    field_from: float = 1.5
    field_to: float = 0.03
    anneal_steps: int = 60
    anneal_from: float = 0.15
    anneal_to: float = 0.03
    sweeps: int = 1000
    ortholog_share: float = 0.2
    max_size_with_all_steps: int = 1000
    min_field_steps: int = 10

    def field_steps_for(self, sizes: np.ndarray) -> int:
        """Return the steps of the mean field for species of these numbers of paralogs."""
        share = min(1.0, self.max_size_with_all_steps / sizes.max())
        return max(round(self.field_steps * share), self.min_field_steps)


SEARCH = PairingSearchSettings()


def pair_by_information(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> MethodResult:
    """Pair two families by Gaussian mutual information; `losses` are its negative, in nats.

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
    counts = [np.zeros((len(task.a), len(task.b))) for task in tasks]
    losses = np.zeros((config.runs, SEARCH.anneal_steps + 1))
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        try:
            for run, (loss, pairs) in enumerate(pool.map(problem.run, range(config.runs))):
                losses[run] = loss
                for count, positions in zip(counts, pairs, strict=True):
                    count[positions] += 1
                if progress is not None:
                    progress.add(1)
        finally:
            problem.stop[0] = True
    shares = [count / config.runs for count in counts]
    return MethodResult(frequencies_of(families, tasks, shares), losses)


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
        settled = np.sort(random.permutation(len(self.settled[0]))[: self.max_depth // 2])
        codes_a, codes_b = [task.codes_a for task in tasks], [task.codes_b for task in tasks]
        settled_a, settled_b = (codes[settled] for codes in self.settled)
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
