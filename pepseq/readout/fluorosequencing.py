"""Errors of fluorosequencing, with the parameters of whatprot.

The model is that of Smith et al. 2024 (PLoS Comput Biol 20(7): e1012258): labelled peptides are
fixed to a slide, and each cycle of Edman degradation takes off one residue, with its dye.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.files import open_input
from pepseq.io.json_files import decode_json, found_json
from pepseq.readout.noise import NO_LABEL, Labels, SimulatedRead, draw_empty_cycles
from pepseq.readout.readout import Readout

RATES = ("p_edman_failure", "p_detach", "p_initial_detach", "p_initial_block", "p_cyclic_block")
DECAY = "p_initial_detach_decay"
CHANNELS = "channel_models"
CHANNEL_RATES = ("p_dud", "p_bleach")
IMAGE_KEYS = ("bg_sig", "mu", "sig", "interactions")
"""Parameters of the intensities in images, which reads do not have: ignored."""


@dataclass(frozen=True)
class Channel:
    """Probabilities that the dye of a label never shines, and that a cycle bleaches it."""

    p_dud: float = 0.0
    p_bleach: float = 0.0


@dataclass(frozen=True)
class Fluorosequencing:
    """Error rates with whatprot's names, each a probability except the decay, which is per cycle.

    p_edman_failure: a cycle removes no residue: it is empty, and the residue comes a cycle later.
    p_detach: in each cycle, the peptide is washed away, and the read ends.
    p_initial_detach, p_initial_detach_decay: in cycle t, from 0, p_initial_detach *
        exp(-p_initial_detach_decay * t) is added to p_detach.
    p_initial_block: the peptide's end is blocked from the start: nothing is read.
    p_cyclic_block: in each cycle, the peptide's end becomes blocked, and the read ends.
    channels: the dyes, in the order of the readout's labels.

    Residues after the end of a read are hidden, and the read keeps its length. A dud, or a dye
    that bleaches in a cycle before its residue comes, is a missed label. Not simulated: light lost
    by bleaching may look like a removed residue.
    """

    p_edman_failure: float = 0.0
    p_detach: float = 0.0
    p_initial_detach: float = 0.0
    p_initial_detach_decay: float = 0.0
    p_initial_block: float = 0.0
    p_cyclic_block: float = 0.0
    channels: tuple[Channel, ...] = ()

    def check_readout(self, readout: Readout) -> None:
        """Raise SettingsError unless there is a channel for each of the readout's labels."""
        if len(self.channels) != len(readout.labels):
            raise SettingsError(
                f"noise: expected {len(readout.labels)} channel models, one for each of the labels "
                f"{','.join(readout.labels)}, found {len(self.channels)}"
            )

    def simulate(
        self, labels: Labels, label_count: int, generator: np.random.Generator
    ) -> SimulatedRead:
        """Simulate one read, see `NoiseModel`.

        Within a cycle, the peptide is blocked or detached before its residue can be removed, and
        dyes bleach after that.
        """
        failures, light = generator.random(len(labels)), generator.random(len(labels))
        empty_cycles = draw_empty_cycles(failures, self.p_edman_failure)
        cycle = np.arange(len(labels)) + np.cumsum(empty_cycles)
        times = np.arange(cycle.max(initial=-1) + 1)
        detach = self.p_detach + self.p_initial_detach * np.exp(
            -self.p_initial_detach_decay * times
        )
        attached = (1 - self.p_initial_block) * np.cumprod((1 - detach) * (1 - self.p_cyclic_block))
        is_read = generator.random() < attached[cycle]
        shines = np.array([1 - channel.p_dud for channel in self.channels])
        stays = np.array([1 - channel.p_bleach for channel in self.channels])
        is_lit = light < shines[labels] * stays[labels] ** cycle
        is_seen = is_read & (labels != NO_LABEL) & is_lit
        return SimulatedRead(
            np.where(is_seen, labels, NO_LABEL),
            np.zeros(len(labels), dtype=bool),
            np.where(is_read, empty_cycles, 0),
        )


def read_fluorosequencing(path: str | Path) -> Fluorosequencing:
    """Return the error rates of a JSON file of whatprot's sequencing parameters; `-` is stdin.

    A missing rate is 0. Parameters of the intensities in images (`bg_sig`, `mu`, `sig`,
    `interactions`) are ignored. Raises InputError that names the key for an unknown key and for a
    value that is not a rate.
    """
    with open_input(path) as stream:
        text = stream.read()
    try:
        data = decode_json(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{path}:{line}: expected JSON: {error}") from error
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
    """Raise InputError unless `data` is a JSON object with known keys only."""
    if not isinstance(data, dict):
        raise InputError(f"{path}: {where}expected a JSON object, found {found_json(data)}")
    if unknown := [key for key in data if key not in known]:
        raise InputError(
            f"{path}: {where}unknown key {quoted(unknown[0])}; known keys are {', '.join(known)}"
        )


def _rate(
    path: str | Path, where: str, data: dict[str, object], name: str, maximum: float = 1.0
) -> float:
    value = data.get(name, 0.0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= maximum:
        expected = "a rate from 0 to 1" if maximum == 1 else "a number of 0 or more"
        raise InputError(f"{path}: {where}{name}: expected {expected}, found {found_json(value)}")
    return float(value)
