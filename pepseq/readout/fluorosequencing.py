"""Fluorosequencing's errors, from the parameter file of whatprot.

The model is that of Smith et al. 2024 (PLoS Comput Biol 20(7): e1012258): labelled peptides are
fixed to a slide, and each cycle of Edman degradation takes off one residue, with its dye.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.files import open_input
from pepseq.io.json_files import decode_json, found_json
from pepseq.readout.noise import NOT_SEEN, Run, count_failures
from pepseq.readout.readout import Readout

RATES = ("p_edman_failure", "p_detach", "p_initial_detach", "p_initial_block", "p_cyclic_block")
DECAY = "p_initial_detach_decay"
CHANNELS = "channel_models"
CHANNEL_RATES = ("p_dud", "p_bleach")
IMAGE_KEYS = ("bg_sig", "mu", "sig", "interactions")
"""What whatprot knows of the intensities in the images, which a readout does not have."""


@dataclass(frozen=True)
class Channel:
    """The dye of one label: the probability that it never shines, and that a cycle bleaches it."""

    p_dud: float = 0.0
    p_bleach: float = 0.0


@dataclass(frozen=True)
class Fluorosequencing:
    """Error rates with whatprot's names, each a probability but the decay, which is per cycle.

    p_edman_failure: a cycle takes off no residue: an empty cycle, the residue comes a cycle later.
    p_detach: in each cycle, the peptide is washed away, and the read ends.
    p_initial_detach, p_initial_detach_decay: cycle t, from 0, has p_initial_detach *
        exp(-p_initial_detach_decay * t) on top of p_detach.
    p_initial_block: the peptide's end is blocked from the start: nothing is read.
    p_cyclic_block: in each cycle, it becomes blocked, and the read ends.
    channels: the dyes, in the order of the readout's labels.

    Residues after the end of a read are hidden, and the readout keeps its length. A dud, or a dye
    that bleaches in a cycle before its residue comes, is a missed label; that the light lost by
    bleaching may be taken for a residue is not simulated.
    """

    p_edman_failure: float = 0.0
    p_detach: float = 0.0
    p_initial_detach: float = 0.0
    p_initial_detach_decay: float = 0.0
    p_initial_block: float = 0.0
    p_cyclic_block: float = 0.0
    channels: tuple[Channel, ...] = ()

    def check(self, readout: Readout) -> None:
        """Raise SettingsError unless there is a channel for each of the readout's labels."""
        if len(self.channels) != len(readout.labels):
            raise SettingsError(
                f"noise: expected {len(readout.labels)} channel models, one for each of the labels "
                f"{','.join(readout.labels)}, found {len(self.channels)}"
            )

    def draw(self, labels: np.ndarray, count: int, generator: np.random.Generator) -> Run:
        """Simulate one run; `labels` are numbers below `count`, or -1, int64 of shape (n,).

        Within a cycle, a peptide is blocked or detached before its residue can be taken off, and
        dyes bleach after that.
        """
        failures, light = generator.random(len(labels)), generator.random(len(labels))
        extra = count_failures(failures, self.p_edman_failure)
        cycle = np.arange(len(labels)) + np.cumsum(extra)
        times = np.arange(cycle.max(initial=-1) + 1)
        detach = self.p_detach + self.p_initial_detach * np.exp(
            -self.p_initial_detach_decay * times
        )
        goes_on = (1 - self.p_initial_block) * np.cumprod((1 - detach) * (1 - self.p_cyclic_block))
        read = generator.random() < goes_on[cycle]
        shines = np.array([1 - channel.p_dud for channel in self.channels])
        stays = np.array([1 - channel.p_bleach for channel in self.channels])
        seen = read & (labels != NOT_SEEN) & (light < shines[labels] * stays[labels] ** cycle)
        lost = np.zeros(len(labels), dtype=bool)
        return Run(np.where(seen, labels, NOT_SEEN), lost, np.where(read, extra, 0))


def read_fluorosequencing(path: str | Path) -> Fluorosequencing:
    """Read whatprot's sequencing parameters, a JSON file; `-` is stdin.

    A rate that is not there is 0. What is about the intensities in the images (`bg_sig`, `mu`,
    `sig`, `interactions`) is ignored.

    Raises InputError, naming the key, for one that whatprot does not know and for a value that is
    no rate.
    """
    with open_input(path) as stream:
        text = stream.read()
    try:
        data = decode_json(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{path}:{line}: expected JSON, found: {error}") from error
    _check_keys(path, "", data, (*RATES, DECAY, CHANNELS))
    rates = {name: _rate(path, "", data, name) for name in RATES}
    decay = _rate(path, "", data, DECAY, sys.float_info.max)
    if rates["p_detach"] + rates["p_initial_detach"] > 1:
        raise InputError(f"{path}: p_detach and p_initial_detach: expected a sum of at most 1")
    if rates["p_edman_failure"] == 1:
        raise InputError(f"{path}: p_edman_failure: expected a rate below 1, found 1")
    models = data.get(CHANNELS)
    if not isinstance(models, list):
        raise InputError(f"{path}: {CHANNELS}: expected a list, found {found_json(models)}")
    channels = []
    for number, model in enumerate(models):
        where = f"{CHANNELS}[{number}]: "
        _check_keys(path, where, model, CHANNEL_RATES + IMAGE_KEYS)
        channels.append(Channel(*(_rate(path, where, model, name) for name in CHANNEL_RATES)))
    return Fluorosequencing(**rates, **{DECAY: decay}, channels=tuple(channels))


def _check_keys(path: str | Path, where: str, data: object, known: tuple[str, ...]) -> None:
    if not isinstance(data, dict):
        raise InputError(f"{path}: {where}expected a JSON object, found {found_json(data)}")
    if unknown := [key for key in data if key not in known]:
        raise InputError(
            f"{path}: {where}expected the keys {', '.join(known)}, found {found(unknown[0])}"
        )


def _rate(path: str | Path, where: str, data: dict, name: str, most: float = 1.0) -> float:
    value = data.get(name, 0.0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        wanted = "a rate from 0 to 1" if most == 1 else "a number from 0 up"
        raise InputError(f"{path}: {where}{name}: expected {wanted}, found {found_json(value)}")
    return float(value)
