"""Errors of fluorosequencing: the rates of whatprot's model, by molecule and by channel.

Source of the model: Smith et al. 2023 (PLoS Comput Biol 19(5): e1011157).
"""

import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pepseq.errors import InputError, SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates, MoleculeRates
from pepseq.io.json_files import found_json, read_json
from pepseq.readout.fluorosequencing import CHANNELS, DECAY, RATES
from pepseq.settings import require

_DECAY_FIELD = DECAY.removeprefix("p_")


class Rates(NamedTuple):
    """Error rates as the kernel takes them; `detach` by cycle, `bleach` and `dud` by channel."""

    edman_failure: float
    detach: np.ndarray
    initial_block: float
    cyclic_block: float
    bleach: np.ndarray
    dud: np.ndarray


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

    @classmethod
    def of_equal_channels(cls, rates: EqualChannelRates, channels: int) -> "SequencingErrors":
        """Return the errors of an experiment with so many channels, all with the same rates."""
        shared = {field.name: getattr(rates, field.name) for field in fields(MoleculeRates)}
        return cls(bleach=(rates.bleach,) * channels, dud=(rates.dud,) * channels, **shared)

    def detach_rate(self, cycle: int | np.ndarray) -> np.ndarray:
        """Return the probability that a molecule detaches in a cycle, from 0; float64."""
        decay = np.exp(-self.initial_detach_decay * np.asarray(cycle, float))
        return self.detach + self.initial_detach * decay

    def rates(self, cycles: int) -> Rates:
        """Return the rates of so many cycles, as kernels take them."""
        return Rates(
            self.edman_failure,
            self.detach_rate(np.arange(cycles)),
            self.initial_block,
            self.cyclic_block,
            np.array(self.bleach),
            np.array(self.dud),
        )

    def scaled(self, factor: float) -> "SequencingErrors":
        """Return the errors with all probabilities multiplied; the decay stays as it is.

        Raises SettingsError if the factor is negative or makes a probability larger than 1.
        """
        require(factor >= 0, f"error_scale: expected 0 or more, found {factor}")
        names = [field.name for field in fields(MoleculeRates) if field.name != _DECAY_FIELD]
        rates: dict[str, Any] = {name: getattr(self, name) * factor for name in names}
        for name in ("bleach", "dud"):
            rates[name] = tuple(rate * factor for rate in getattr(self, name))
        try:
            return replace(self, **rates)
        except SettingsError as error:
            raise SettingsError(f"error_scale: {factor:g} is too large: {error}") from error

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
