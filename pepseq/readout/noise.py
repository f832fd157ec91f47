"""What sequencing gets wrong: missed labels, misreads, lost residues, empty cycles."""

import hashlib
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from pepseq.errors import SettingsError
from pepseq.io.files import encode_text
from pepseq.readout.masking import HIDDEN, MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import label_symbol

NOT_SEEN = -1
"""The label of a residue that carries none, or whose label is not seen."""
MOST_FAILURES = 100_000_000
"""A readout with more empty cycles than this is refused."""


@dataclass(frozen=True)
class Run:
    """What one simulated run made of n residues; all arrays have shape (n,).

    `seen` is the number of the label that is reported for each residue, int64, -1 for none; `lost`
    says which residues are missing from the readout, bool; `extra` counts the empty cycles before
    each residue, int64. Raises ValueError if the shapes differ.
    """

    seen: np.ndarray
    lost: np.ndarray
    extra: np.ndarray

    def __post_init__(self):
        if not self.seen.shape == self.lost.shape == self.extra.shape:
            raise ValueError("expected a label, a loss and a number of cycles for each residue")


class ErrorModel(Protocol):
    """Anything that can be simulated: `Noise`, or `Fluorosequencing`."""

    def check(self, readout: Readout) -> None:
        """Raise SettingsError unless the readout's labels can be simulated."""

    def draw(self, labels: np.ndarray, count: int, generator: np.random.Generator) -> Run:
        """Simulate one run; `labels` are numbers below `count`, or -1, int64 of shape (n,)."""


@dataclass(frozen=True)
class Noise:
    """How often a residue goes wrong, each a probability; residues are independent.

    missed_label: a labelled residue is not seen and becomes hidden.
    misread: a labelled residue is reported as another label of the readout, each equally often.
    lost_cycle: a residue is missing from the readout, which is then shorter.
    extra_cycle: a cycle is empty. A hidden symbol is inserted, the residue comes a cycle later, and
        that cycle may be empty too; so there are extra_cycle / (1 - extra_cycle) for each residue.

    A label that is both missed and misread is missed. Raises SettingsError for a rate that is not
    in 0-1, or an `extra_cycle` of 1.
    """

    missed_label: float = 0.0
    misread: float = 0.0
    lost_cycle: float = 0.0
    extra_cycle: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            rate = getattr(self, field.name)
            if not 0 <= rate <= 1:
                raise SettingsError(f"{field.name}: expected a rate from 0 to 1, found {rate}")
        if self.extra_cycle == 1:
            raise SettingsError("extra_cycle: expected a rate below 1, or no residue ever comes")

    def check(self, readout: Readout) -> None:
        """Raise SettingsError for misreads of a readout that has no other label to report."""
        if self.misread and len(readout.labels) < 2:
            raise SettingsError(
                f"misread: expected a readout of two labels or more, found {readout}"
            )

    def draw(self, labels: np.ndarray, count: int, generator: np.random.Generator) -> Run:
        """Simulate one run; `labels` are numbers below `count`, or -1, int64 of shape (n,)."""
        extra, lost, missed, misread, other = (generator.random(len(labels)) for _ in range(5))
        wrong = (misread < self.misread) & (labels != NOT_SEEN)
        shift = 1 + (other * (count - 1)).astype(np.int64)
        seen = np.where(wrong, (labels + shift) % count, labels)
        seen[missed < self.missed_label] = NOT_SEEN
        return Run(seen, lost < self.lost_cycle, count_failures(extra, self.extra_cycle))


def count_failures(uniform: np.ndarray, rate: float) -> np.ndarray:
    """Return how often each of some tries fails before it succeeds: geometric, int64.

    `uniform` are draws from [0, 1); each try fails with probability `rate`, below 1. Raises
    SettingsError if they fail more than MOST_FAILURES times.
    """
    if not rate:
        return np.zeros(len(uniform), dtype=np.int64)
    failures = np.floor(np.log1p(-uniform) / np.log(rate))
    if failures.sum() > MOST_FAILURES:
        raise SettingsError(
            f"empty cycles: expected at most {MOST_FAILURES:,} in one readout, "
            f"found {failures.sum():.3g}: a rate of {rate} is too close to 1"
        )
    return failures.astype(np.int64)


def record_generator(name: str, sequence: str, seed: int) -> np.random.Generator:
    """Return random numbers that depend on a record's id and sequence and on the seed alone.

    So neither the order of the records nor what else is in the file changes what happens to one.
    """
    text = encode_text(f"{seed}\0{name}\0{sequence}")
    key = hashlib.blake2b(text, digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))


def add_noise(
    masked: MaskedSequence, readout: Readout, noise: ErrorModel, generator: np.random.Generator
) -> MaskedSequence:
    """Return what a run with errors reads of a protein that an errorless one reads as `masked`.

    The same generator state gives the same result. A readout that lost every residue is one hidden
    residue.

    >>> generator = record_generator("a", "MAGICK", 1)
    >>> add_noise(MaskedSequence("MXXXCK"), Readout("KCM"), Noise(missed_label=1), generator)
    MaskedSequence(residues='XXXXXX')
    """
    shown = "".join(map(label_symbol, readout.labels)) + HIDDEN
    shown = np.frombuffer(shown.encode("ascii"), dtype=np.uint8)
    numbers = np.full(256, NOT_SEEN, dtype=np.int64)
    numbers[shown[:-1]] = np.arange(len(readout.labels))
    residues = np.frombuffer(masked.residues.encode("ascii"), dtype=np.uint8)
    run = noise.draw(numbers[residues], len(readout.labels), generator)
    ends = np.cumsum(run.extra + ~run.lost)
    cycles = np.full(max(1, ends.max(initial=0)), ord(HIDDEN), dtype=np.uint8)
    cycles[ends[~run.lost] - 1] = shown[run.seen[~run.lost]]
    return MaskedSequence(cycles.tobytes().decode("ascii"))
