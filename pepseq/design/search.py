"""Search for the best sets of labels: all of them, or the best label added to the best set."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from math import comb

from pepseq.design.config import DEFAULT_MAX_LABELS, GREEDY, MAX_SETS, DesignConfig
from pepseq.design.label_sets import Experiment, Identified, LabelSet
from pepseq.errors import SettingsError
from pepseq.io.progress import Progress
from pepseq.processes.cores import available_cores
from pepseq.settings import require


def largest_set(config: DesignConfig, candidates: int) -> int:
    """Return the most labels of a set.

    Raises SettingsError if there are fewer candidates, or too many sets to compare.
    """
    if config.max_labels is None:
        largest = min(DEFAULT_MAX_LABELS, candidates)
    else:
        largest = config.max_labels
    require(
        largest <= candidates,
        f"max_labels: expected at most {candidates}, the number of candidates, found {largest}",
    )
    sets = sum(comb(candidates, count) for count in range(1, largest + 1))
    if config.search != GREEDY and sets > MAX_SETS:
        raise SettingsError(
            f"max_labels: {sets:,} sets of up to {largest} of {candidates} candidates are too many "
            f"for an exhaustive search (at most {MAX_SETS:,}): use --search greedy, or a smaller "
            "--max-labels"
        )
    return largest


def search_sets(experiment: Experiment, config: DesignConfig) -> list[tuple[LabelSet, Identified]]:
    """Return all sets that were compared, the best first; of equal ones, that with fewer labels.

    The result does not depend on the number of threads. Raises SettingsError, see `largest_set`.
    """
    candidates = len(experiment.candidates.labels)
    largest = largest_set(config, candidates)
    found: dict[LabelSet, Identified] = {}
    threads = config.threads or available_cores()

    def compare(sets: Iterable[LabelSet]) -> None:
        listed = list(sets)
        for chosen, identified in zip(listed, pool.map(experiment.identify, listed), strict=True):
            found[chosen] = identified
            progress.add(1)

    if config.search == GREEDY:
        total = sum(candidates - count for count in range(largest))
    else:
        total = sum(comb(candidates, count) for count in range(1, largest + 1))
    with (
        ThreadPoolExecutor(threads) as pool,
        Progress("comparing", total, "sets of labels") as progress,
    ):
        best: LabelSet = ()
        for count in range(1, largest + 1):
            if config.search == GREEDY:
                others = (c for c in range(candidates) if c not in best)
                sets = [tuple(sorted((*best, c))) for c in others]
            else:
                sets = list(combinations(range(candidates), count))
            compare(sets)
            best = min(sets, key=lambda chosen: _order(chosen, found[chosen]))
    return sorted(found.items(), key=lambda item: _order(*item))


def _order(chosen: LabelSet, identified: Identified) -> tuple:
    """Return by what sets are sorted, the best first."""
    return *(-merit for merit in identified.merit), len(chosen), chosen
