"""Simulated errors of sequencing: missed labels, misreads, lost residues, empty cycles."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pepseq.errors import SettingsError
from pepseq.io.files import encode_text
from pepseq.readout.config import NoiseRates
from pepseq.readout.confusion import Confusion, check_one_confusion
from pepseq.readout.masking import HIDDEN, MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import label_symbol

NO_LABEL = -1
"""The label number of a residue that carries no label, or whose label is missed."""
MAX_EMPTY_CYCLES = 100_000_000
"""Most empty cycles that one read may have."""

Labels = NDArray[np.int64]
"""The number of the label of each residue, NO_LABEL for none; int64 of shape (n,)."""


@dataclass(frozen=True)
class SimulatedRead:
    """What an experiment reports of a protein's n residues; all arrays have shape (n,).

    labels: the label that is reported for each residue, int64, NO_LABEL for none.
    is_lost: residues that are missing from the read, bool.
    empty_cycles: number of empty cycles before each residue, int64.

    Raises ValueError if the shapes differ.
    """

    labels: Labels
    is_lost: NDArray[np.bool_]
    empty_cycles: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not self.labels.shape == self.is_lost.shape == self.empty_cycles.shape:
            raise ValueError("expected a label, a loss and a number of cycles for each residue")


class NoiseModel(Protocol):
    """A model of an experiment's errors: `Noise`, `ConfusedLabels` or `Fluorosequencing`."""

    def check_readout(self, readout: Readout) -> None:
        """Raise SettingsError unless the readout's labels can be simulated."""

    def simulate(
        self, labels: Labels, label_count: int, generator: np.random.Generator
    ) -> SimulatedRead:
        """Simulate one read of residues whose labels are numbers below `label_count`."""


@dataclass(frozen=True)
class Noise(NoiseRates):
    """Errors that hit each residue independently, at the rates of `NoiseRates`."""

    def check_readout(self, readout: Readout) -> None:
        """Raise SettingsError for misreads of a readout that has no other label to report."""
        if self.misread and len(readout.labels) < 2:
            raise SettingsError(
                f"misread: misreads need at least two labels, but the readout is {readout}"
            )

    def simulate(
        self, labels: Labels, label_count: int, generator: np.random.Generator
    ) -> SimulatedRead:
        """Simulate one read, see `NoiseModel`."""
        empty, lost, missed, misread, other = (generator.random(len(labels)) for _ in range(5))
        is_misread = (misread < self.misread) & (labels != NO_LABEL)
        shift = 1 + (other * (label_count - 1)).astype(np.int64)
        reported = np.where(is_misread, (labels + shift) % label_count, labels)
        reported[missed < self.missed_label] = NO_LABEL
        empty_cycles = draw_empty_cycles(empty, self.extra_cycle)
        return SimulatedRead(reported, lost < self.lost_cycle, empty_cycles)


@dataclass(frozen=True, eq=False)
class ConfusedLabels(NoiseModel):
    """Labels that are reported by a confusion matrix; cycles are lost or empty as in `rates`.

    Raises SettingsError for `rates` of missed labels or misreads, which the matrix has.
    """

    confusion: Confusion
    rates: NoiseRates = NoiseRates()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        check_one_confusion(self.rates.missed_label, self.rates.misread)

    def check_readout(self, readout: Readout) -> None:
        """Raise SettingsError for another readout than that of the matrix."""
        if readout != self.confusion.readout:
            raise SettingsError(
                f"confusion: expected a matrix of the readout {readout}, found one of "
                f"{self.confusion.readout}"
            )

    def simulate(
        self, labels: Labels, label_count: int, generator: np.random.Generator
    ) -> SimulatedRead:
        """Simulate one read, see `NoiseModel`."""
        empty, lost, reported = (generator.random(len(labels)) for _ in range(3))
        places = self.confusion.places
        highest = self.confusion.probabilities[np.ix_(places, places)].cumsum(1)
        highest /= highest[:, -1:]
        drawn = (reported[:, None] >= highest[labels]).sum(1)
        return SimulatedRead(
            np.where(drawn == label_count, NO_LABEL, drawn),
            lost < self.rates.lost_cycle,
            draw_empty_cycles(empty, self.rates.extra_cycle),
        )


def draw_empty_cycles(uniform: NDArray[np.float64], rate: float) -> NDArray[np.int64]:
    """Return how many empty cycles come before each residue: geometric, int64.

    `uniform` are draws from [0, 1), one for each residue; each cycle is empty with probability
    `rate`, below 1. Raises SettingsError for more than MAX_EMPTY_CYCLES in all.
    """
    if not rate:
        return np.zeros(len(uniform), dtype=np.int64)
    empty_cycles: NDArray[np.float64] = np.floor(np.log1p(-uniform) / np.log(rate))
    if empty_cycles.sum() > MAX_EMPTY_CYCLES:
        raise SettingsError(
            f"empty cycles: a read would have {empty_cycles.sum():.3g}, more than "
            f"{MAX_EMPTY_CYCLES:,}: the rate of {rate} is too close to 1"
        )
    return empty_cycles.astype(np.int64)


def record_generator(name: str, sequence: str, seed: int) -> np.random.Generator:
    """Return a random generator that depends on a record's id and sequence and on the seed alone.

    The order of the records, and the other records of a file, change no record's errors.
    """
    text = encode_text(f"{seed}\0{name}\0{sequence}")
    key = hashlib.blake2b(text, digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))


def add_noise(
    masked: MaskedSequence, readout: Readout, noise: NoiseModel, generator: np.random.Generator
) -> MaskedSequence:
    """Return the read with simulated errors of a protein whose errorless read is `masked`.

    The same generator state gives the same result. If every residue is lost, the read is one hidden
    residue.

    >>> generator = record_generator("a", "MAGICK", 1)
    >>> add_noise(MaskedSequence("MXXXCK"), Readout("KCM"), Noise(missed_label=1), generator)
    MaskedSequence(residues='XXXXXX')
    """
    text = "".join(map(label_symbol, readout.labels)) + HIDDEN  # NO_LABEL, -1, is the last one
    symbols = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    label_of_symbol = np.full(256, NO_LABEL, dtype=np.int64)
    label_of_symbol[symbols[:-1]] = np.arange(len(readout.labels))
    residues = np.frombuffer(masked.residues.encode("ascii"), dtype=np.uint8)
    read = noise.simulate(label_of_symbol[residues], len(readout.labels), generator)
    is_kept = ~read.is_lost
    ends = np.cumsum(read.empty_cycles + is_kept)  # cycles up to and with each residue's own
    cycles = np.full(max(1, ends.max(initial=0)), ord(HIDDEN), dtype=np.uint8)
    cycles[ends[is_kept] - 1] = symbols[read.labels[is_kept]]
    return MaskedSequence(cycles.tobytes().decode("ascii"))
