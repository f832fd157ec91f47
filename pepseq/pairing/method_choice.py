"""The methods of pairing, and which of them suits two families on this machine."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pepseq.io.progress import Progress
from pepseq.models.requirements import missing_libraries, missing_message, require_libraries
from pepseq.pairing.config import AUTO, PairConfig
from pepseq.pairing.method_interface import Families, MethodResult
from pepseq.pairing.pairs import unknown_positions

log = logging.getLogger(__name__)
MSA_TRANSFORMER = "msa-transformer"


@dataclass(frozen=True)
class DiffPalmLimits:
    """Up to where `auto` takes diffpalm.

    max_pairs: rows of the paired alignment, as many as in alignments that the MSA Transformer was
        trained on. Deeper alignments have enough sequences for statistics.
    max_work_on_cpu: without a GPU, residues of the paired alignment times steps of all runs and
        rounds: an estimated hour on one core.
    """

    max_pairs: int = 1024
    max_work_on_cpu: int = 1_500_000


DIFFPALM_LIMITS = DiffPalmLimits()


@dataclass(frozen=True)
class MethodChoice:
    """The method that is used, the reason, and its settings: `model` is the file of its weights."""

    method: str
    reason: str
    config: PairConfig

    @property
    def weights(self) -> list[str]:
        """The file of weights, if the method has any."""
        return [str(self.config.model)] if self.method == "diffpalm" else []

    @property
    def work(self) -> tuple[int, str]:
        """Total and unit of what the method reports to `Progress`."""
        runs = self.config.runs * self.config.rounds
        return (runs * self.config.steps, "steps") if self.method == "diffpalm" else (runs, "runs")


def _pair_by_information(
    families: Families, config: PairConfig, progress: Progress | None
) -> MethodResult:
    from pepseq.pairing.information import pair_by_information

    return pair_by_information(families, config, progress)


def _pair_by_mirrortree(
    families: Families, config: PairConfig, progress: Progress | None
) -> MethodResult:
    from pepseq.pairing.information import pair_by_mirrortree

    return pair_by_mirrortree(families, config, progress)


def _pair_by_diffpalm(
    families: Families, config: PairConfig, progress: Progress | None
) -> MethodResult:
    from pepseq.models.msa_weights import load_msa_transformer
    from pepseq.pairing.diffpalm import diffpalm

    assert config.model is not None, "choose_method names the file"
    network = load_msa_transformer(config.model)
    return diffpalm(families, config.diffpalm_config(), network, progress)


def pair_at_random(
    families: Families, config: PairConfig, progress: Progress | None = None
) -> MethodResult:
    """Choose one pairing of each species in each run, all being equally likely.

    A pairing is one-to-one and as large as the smaller side; known pairs are kept. There is no
    objective: `losses` has no steps.
    """
    random = np.random.default_rng([config.seed, 1])
    frequencies = []
    for species in families.species:
        counts = np.zeros((len(species.rows_a), len(species.rows_b)))
        free_a, free_b = unknown_positions(species)
        size = min(len(free_a), len(free_b))
        for _ in range(config.runs):
            counts[random.permutation(free_a)[:size], random.permutation(free_b)[:size]] += 1
        counts[species.known[:, 0], species.known[:, 1]] = config.runs
        frequencies.append(counts / config.runs)
    return MethodResult(tuple(frequencies), np.zeros((config.runs, 0)))


def _pair_in_order(
    families: Families, config: PairConfig, progress: Progress | None
) -> MethodResult:
    from pepseq.pairing.order import pair_in_order

    return pair_in_order(families, config, progress)


METHODS: dict[str, Callable[[Families, PairConfig, Progress | None], MethodResult]] = {
    "information": _pair_by_information,
    "mirrortree": _pair_by_mirrortree,
    "diffpalm": _pair_by_diffpalm,
    "order": _pair_in_order,
    "random": pair_at_random,
}


def choose_method(families: Families, config: PairConfig, offline: bool) -> MethodChoice:
    """Return the method to use, with its settings.

    Method `auto` is diffpalm if weights of the MSA Transformer are on this machine (or given as
    `model`), and the paired alignment is within DIFFPALM_LIMITS and no longer than the network
    takes; else it is information. A log line says which and why. Weights that are requested by
    name, or by method diffpalm, are downloaded unless `offline`.

    Raises InputError for weights that are missing or not of an MSA Transformer, SettingsError for a
    device that is not there, and the errors of a download.
    """
    if config.method not in (AUTO, "diffpalm"):
        return MethodChoice(config.method, "chosen by the user", config)
    if config.method == "diffpalm":
        require_libraries("method diffpalm")
    weights = _find_weights(config, offline)
    if weights is not None:
        config = replace(config, model=str(weights))
    if config.method == "diffpalm":
        return MethodChoice(config.method, "chosen by the user", config)
    obstacle = _obstacle_to_diffpalm(families, config)
    method = "diffpalm" if obstacle is None else "information"
    reason = obstacle or "its weights are on this machine, and the alignment is small enough"
    log.info("method %s: %s", method, reason)
    return MethodChoice(method, reason, config)


def _find_weights(config: PairConfig, offline: bool) -> Path | None:
    """Return the file of the MSA Transformer's weights, downloaded if it is requested by name."""
    from pepseq.models.download import find_msa_transformer, find_or_download
    from pepseq.models.registry import MSA, find_known_model

    model = config.model
    if model is None and config.method == "diffpalm":
        model = MSA_TRANSFORMER
    known = None if model is None or Path(model).is_file() else find_known_model(model)
    if known is not None and known.kind == MSA and known.missing_files():
        find_or_download(known, offline)
    return find_msa_transformer(model)


def _obstacle_to_diffpalm(families: Families, config: PairConfig) -> str | None:
    """Return why `auto` does not take diffpalm; None if it does."""
    if config.model is None:
        return (
            f"the MSA Transformer is not on this machine (pepseq models download {MSA_TRANSFORMER})"
        )
    if missing := missing_libraries():
        return missing_message("method diffpalm", missing[0])
    from pepseq.models.devices import pick_device
    from pepseq.models.msa_weights import load_msa_transformer

    columns = families.codes_a.shape[1] + families.codes_b.shape[1]
    pairs = sum(min(len(species.rows_a), len(species.rows_b)) for species in families.species)
    max_columns = load_msa_transformer(config.model).max_columns
    max_pairs = DIFFPALM_LIMITS.max_pairs
    if columns > max_columns:
        return (
            f"the paired alignment has {columns} columns, and the MSA Transformer takes at most "
            f"{max_columns}"
        )
    if pairs > max_pairs:
        return (
            f"the paired alignment has {pairs} rows, and auto uses diffpalm for at most {max_pairs}"
        )
    hours = (
        pairs
        * columns
        * config.steps
        * config.runs
        * config.rounds
        / DIFFPALM_LIMITS.max_work_on_cpu
    )
    if pick_device(config.device).type == "cpu" and hours > 1:
        return (
            f"diffpalm would take about {hours:.0f} core hours without a GPU "
            "(--method diffpalm runs it anyway)"
        )
    return None
