"""The methods of pairing, and which of them suits two families on this machine."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pepseq.io.progress import Progress
from pepseq.pairing.config import AUTO, PairConfig
from pepseq.pairing.method_interface import Chosen, Families
from pepseq.pairing.random_pairing import pair_by_chance

log = logging.getLogger(__name__)
MSA_TRANSFORMER = "msa-transformer"
MOST_ROWS = 1024
"""Pairs up to which `auto` takes DiffPALM: as deep as alignments the MSA Transformer was made for;
deeper ones have enough sequences for statistics."""
MOST_WORK_ON_CPU = 1_500_000
"""Residues of the paired alignment times steps, in all runs and rounds, up to which `auto` takes
DiffPALM without a GPU: an estimated hour on a core."""


def _information(families: Families, config: PairConfig, progress: Progress | None) -> Chosen:
    from pepseq.pairing.information import pair_by_information

    return pair_by_information(families, config, progress)


def _mirrortree(families: Families, config: PairConfig, progress: Progress | None) -> Chosen:
    from pepseq.pairing.information import pair_by_mirrortree

    return pair_by_mirrortree(families, config, progress)


def _diffpalm(families: Families, config: PairConfig, progress: Progress | None) -> Chosen:
    from pepseq.models.msa_weights import load_msa_transformer
    from pepseq.pairing.diffpalm import diffpalm

    network = load_msa_transformer(config.model)
    return diffpalm(families, config.diffpalm(), network, progress)


def _random(families: Families, config: PairConfig, progress: Progress | None) -> Chosen:
    return pair_by_chance(families, config.runs, config.seed)


METHODS: dict[str, Callable[[Families, PairConfig, Progress | None], Chosen]] = {
    "information": _information,
    "mirrortree": _mirrortree,
    "diffpalm": _diffpalm,
    "random": _random,
}
"""What makes the pairs; `progress` counts steps of diffpalm, runs of the others."""


@dataclass(frozen=True)
class Choice:
    """The method that is used, why, and its settings: `model` is the file of diffpalm's weights."""

    method: str
    why: str
    config: PairConfig

    @property
    def weights(self) -> list[str]:
        """The file of weights, if the method has any."""
        return [str(self.config.model)] if self.method == "diffpalm" else []

    @property
    def work(self) -> tuple[int, str]:
        """How much the method counts in all, and what: see METHODS."""
        runs = self.config.runs * self.config.rounds
        return (runs * self.config.steps, "steps") if self.method == "diffpalm" else (runs, "runs")


def choose(families: Families, config: PairConfig, offline: bool = False) -> Choice:
    """Return the method to use: the one that is asked for, or for `auto` the one that suits.

    `auto` is diffpalm if weights of the MSA Transformer are here (or given as `model`), the paired
    alignment is no longer than the network takes and no deeper than MOST_ROWS, and there is a GPU
    or the work is at most MOST_WORK_ON_CPU; else it is information. One log line says which and
    why. Weights asked for by name, or by method diffpalm alone, are downloaded if they are not
    here, unless `offline`.

    Raises InputError for weights that are missing or no MSA Transformer, SettingsError for a device
    that is not there, and what a download raises.
    """
    if config.method not in (AUTO, "diffpalm"):
        return Choice(config.method, "asked for", config)
    weights = _weights(config, offline)
    if weights is not None:
        config = replace(config, model=str(weights))
    if config.method == "diffpalm":
        return Choice(config.method, "asked for", config)
    against = _against_diffpalm(families, config)
    method = "diffpalm" if against is None else "information"
    why = against or "the MSA Transformer is here, and takes this alignment"
    log.info("method %s: %s", method, why)
    return Choice(method, why, config)


def _weights(config: PairConfig, offline: bool) -> Path | None:
    from pepseq.models.download import find_msa_transformer, find_or_download
    from pepseq.models.registry import MSA, find_known_model

    model = config.model
    if model is None and config.method == "diffpalm":
        model = MSA_TRANSFORMER
    known = None if model is None or Path(model).is_file() else find_known_model(model)
    if known is not None and known.kind == MSA and known.missing_files():
        find_or_download(known, offline)
    return find_msa_transformer(model)


def _against_diffpalm(families: Families, config: PairConfig) -> str | None:
    """Return why `auto` does not take diffpalm; None if it does."""
    if config.model is None:
        return f"no weights of the MSA Transformer here (pepseq models download {MSA_TRANSFORMER})"
    from pepseq.models.devices import pick_device
    from pepseq.models.msa_weights import load_msa_transformer

    columns = families.a.shape[1] + families.b.shape[1]
    rows = sum(min(len(species.a), len(species.b)) for species in families.species)
    most = load_msa_transformer(config.model).max_columns
    if columns > most:
        return f"the paired alignment has {columns} columns, the MSA Transformer takes {most}"
    if rows > MOST_ROWS:
        return f"the paired alignment has {rows} rows, diffpalm is for at most {MOST_ROWS}"
    work = rows * columns * config.steps * config.runs * config.rounds
    if pick_device(config.device).type == "cpu" and work > MOST_WORK_ON_CPU:
        return (
            f"diffpalm would take about {work / MOST_WORK_ON_CPU:.0f} core hours without a GPU "
            "(--method diffpalm does it all the same)"
        )
    return None
