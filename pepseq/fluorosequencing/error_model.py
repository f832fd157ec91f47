"""Errors of fluorosequencing: the rates of whatprot's model, by molecule and by channel.

Source of the model: Smith et al. 2023 (PLoS Comput Biol 19(5): e1011157).
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.io.json_files import found_json, read_json
from pepseq.readout.fluorosequencing import CHANNELS, DECAY, RATES
from pepseq.settings import Range, check, require

Rate = Annotated[float, Range(0, 1)]
_DECAY_FIELD = DECAY.removeprefix("p_")


@dataclass(frozen=True)
class MoleculeRates:
    """Error rates of a molecule, each a probability except the decay, which is per cycle.

    edman_failure: a cycle removes no residue.
    detach: in each cycle, the molecule is washed away.
    initial_detach, initial_detach_decay: initial_detach * exp(-initial_detach_decay * t) is added
        to detach in cycle t, from 0.
    initial_block: the peptide's end is blocked from the start: no residue is ever removed.
    cyclic_block: in each cycle, the peptide's end becomes blocked.
    """

    edman_failure: Rate = 0.0
    detach: Rate = 0.0
    initial_detach: Rate = 0.0
    initial_detach_decay: Annotated[float, Range(0)] = 0.0
    initial_block: Rate = 0.0
    cyclic_block: Rate = 0.0

    def __post_init__(self) -> None:
        check(self)
        total = self.detach + self.initial_detach
        require(
            total <= 1, f"detach and initial_detach: expected a sum of at most 1, found {total}"
        )

    def detach_rate(self, cycle: int | np.ndarray) -> np.ndarray:
        """Return the probability that a molecule detaches in a cycle, from 0; float64."""
        decay = np.exp(-self.initial_detach_decay * np.asarray(cycle, float))
        return self.detach + self.initial_detach * decay


@dataclass(frozen=True)
class EqualChannelRates(MoleculeRates):
    """Error rates, the same for all channels: a dye bleaches in a cycle, or is a dud."""

    bleach: Rate = 0.0
    dud: Rate = 0.0

    def of_channels(self, channels: int) -> "SequencingErrors":
        """Return the error rates of an experiment with so many channels."""
        rates = {name: getattr(self, name) for name in MoleculeRates.__dataclass_fields__}
        return SequencingErrors(
            **rates, bleach=(self.bleach,) * channels, dud=(self.dud,) * channels
        )


@dataclass(frozen=True)
class SequencingErrors(MoleculeRates):
    """Error rates of an experiment.

    bleach, dud: for each channel, the probability that a dye stops to shine in a cycle, and that it
    never shines. Raises SettingsError for a rate outside 0 to 1, and for other numbers of channels.

    >>> SequencingErrors(detach=0.5, bleach=(0.1, 0.2), dud=(0.0, 0.0)).scaled(0.5).bleach
    (0.05, 0.1)
    """

    bleach: tuple[float, ...] = ()
    dud: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            len(self.bleach) == len(self.dud),
            f"bleach and dud: expected as many rates, found {len(self.bleach)} and {len(self.dud)}",
        )
        for bleach, dud in zip(self.bleach, self.dud, strict=True):
            EqualChannelRates(bleach=bleach, dud=dud)

    @property
    def channels(self) -> int:
        """The number of channels."""
        return len(self.dud)

    def scaled(self, factor: float) -> "SequencingErrors":
        """Return the errors with all probabilities multiplied; the decay stays as it is.

        Raises SettingsError if the factor is negative or makes a probability larger than 1.
        """
        require(factor >= 0, f"error_scale: expected 0 or more, found {factor}")
        names = [name for name in MoleculeRates.__dataclass_fields__ if name != _DECAY_FIELD]
        rates = {name: getattr(self, name) * factor for name in names}
        for name in ("bleach", "dud"):
            rates[name] = tuple(rate * factor for rate in getattr(self, name))
        try:
            return replace(self, **rates)
        except SettingsError as error:
            raise SettingsError(f"error_scale {factor:g}: {error}") from error

    @classmethod
    def from_whatprot(cls, path: str | Path, channels: int | None = None) -> "SequencingErrors":
        """Return the errors of a JSON file of whatprot's sequencing parameters.

        Other keys, such as those of intensities (mu, sig, interactions), are ignored. Raises
        InputError that names file and key for a missing key, a value that is no probability, and
        another number of channels than `channels`.
        """
        data = read_json(path)
        rates: dict[str, Any] = {
            key.removeprefix("p_"): _rate(path, "", data, key) for key in RATES
        }
        rates[_DECAY_FIELD] = _rate(path, "", data, DECAY, sys.float_info.max)
        models = data.get(CHANNELS)
        if not isinstance(models, list):
            raise InputError(f"{path}: {CHANNELS}: expected a list, found {found_json(models)}")
        if channels is not None and len(models) != channels:
            raise InputError(
                f"{path}: {CHANNELS}: expected {channels}, one for each label, found {len(models)}"
            )
        bleach, dud = (
            tuple(
                _rate(path, f"{CHANNELS}[{number}]: ", model, key)
                for number, model in enumerate(models)
            )
            for key in ("p_bleach", "p_dud")
        )
        try:
            return cls(bleach=bleach, dud=dud, **rates)
        except SettingsError as error:
            raise InputError(f"{path}: {error}") from error


def _rate(path: str | Path, where: str, data: object, key: str, maximum: float = 1.0) -> float:
    """Return a rate of a JSON object; InputError."""
    if not isinstance(data, dict):
        raise InputError(f"{path}: {where}expected a JSON object, found {found_json(data)}")
    if key not in data:
        raise InputError(f"{path}: {where}{key} is missing")
    value = data[key]
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= maximum:
        expected = "a rate from 0 to 1" if maximum == 1 else "a number of 0 or more"
        raise InputError(f"{path}: {where}{key}: expected {expected}, found {found_json(value)}")
    return float(value)
