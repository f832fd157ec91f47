"""Training examples: random stretches of proteins, read by random readouts with random errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.network.inputs import Reading, pack
from pepseq.readout.readout import PRESETS, Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.symbols import Symbols, symbols_of

LONGEST = 1022
SHORTEST = 7
UNKNOWN = len(AMINO_ACIDS)


@dataclass(frozen=True)
class Noise:
    """How one protein is read: rates of errors, and whether hidden residues may be anything."""

    missed_label: float = 0.0
    misread: float = 0.0
    anything: bool = False


@dataclass(frozen=True)
class Example:
    """What the network is told, the true residue codes, (L,), and which of them it is asked for."""

    reading: Reading
    truth: np.ndarray
    asked: np.ndarray


def random_readout(rng: np.random.Generator) -> Readout:
    """Return a readout: the paper's two, one of them and one more, a random set, or with groups."""
    kind = rng.random()
    letters = rng.permutation(list(AMINO_ACIDS))
    if kind < 0.25:
        return Readout(PRESETS["K1"])
    if kind < 0.4:
        return Readout(PRESETS["K2"])
    if kind < 0.55:
        return Readout(PRESETS["K1"] + next(a for a in letters if a not in PRESETS["K1"]))
    number = int(rng.integers(2, 13))
    if kind < 0.8:
        return Readout("".join(letters[:number]))
    groups = ["DE"] if rng.random() < 0.5 else []
    while not groups or (rng.random() < 0.5 and len(groups) < 4):
        free = [a for a in letters if a not in "".join(groups)]
        groups.append("".join(free[: int(rng.integers(2, 4))]))
    rest = [a for a in letters if a not in "".join(groups)]
    return Readout("".join(rest[: int(rng.integers(0, 6))]) + "".join(f"[{g}]" for g in groups))


def random_noise(rng: np.random.Generator) -> Noise:
    """Return no errors in 7 of 10 cases, else rates of up to 20 % missed labels, 3 % misread."""
    anything = bool(rng.random() < 0.1)
    if rng.random() < 0.7:
        return Noise(anything=anything)
    return Noise(float(rng.uniform(0, 0.2)), float(rng.uniform(0, 0.03)), anything)


def read(codes: np.ndarray, symbols: Symbols, noise: Noise, rng: np.random.Generator):
    """Return the symbols, (L,) uint8, that these errors make of residue codes."""
    seen = symbols.of_code[codes]
    if noise.misread and symbols.hidden > 1:
        wrong = (rng.random(len(seen)) < noise.misread) & (seen < symbols.hidden)
        step = rng.integers(1, symbols.hidden, wrong.sum())
        seen[wrong] = (seen[wrong] + step) % symbols.hidden
    if noise.missed_label:
        seen[rng.random(len(seen)) < noise.missed_label] = symbols.hidden
    return seen


def reads_table(symbols: Symbols, anything: bool = False) -> np.ndarray:
    """Return P(symbol | amino acid), each row's largest 1, float32, (symbols, 20)."""
    table = symbols.likelihood.T.astype(np.float32)
    if anything:
        table[-1] = 1
    most = table.max(1, keepdims=True)
    return np.divide(table, most, out=np.ones_like(table), where=most > 0)


def plain_reading(reads: np.ndarray, background: np.ndarray, begins=True, ends=True) -> Reading:
    """Return a reading without templates; `background`: frequencies of amino acids, (20,)."""
    prior = reads * background
    prior /= prior.sum(1, keepdims=True)
    length = len(reads)
    rows = np.empty((0, length), np.uint8)
    none = np.ones(length, np.float32)
    return Reading(reads, prior, none, rows, rows.astype(np.float32), none[:0], begins, ends)


def asked(reads: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return which residues are left open by what is read, and known, (L,) bool."""
    return (reads.sum(1) >= 1.5) & (truth < UNKNOWN)


class PlainExamples:
    """Examples without templates from residue codes of proteins laid one after the other.

    `residues`: codes 0-20, uint8; `offsets`: where each protein begins, and the end. Readouts are
    random, or of those given.
    """

    def __init__(
        self,
        residues: np.ndarray,
        offsets: np.ndarray,
        background: np.ndarray,
        readouts: Sequence[Readout] = (),
    ):
        self.residues, self.offsets, self.readouts = residues, offsets, list(readouts)
        self.background = background.astype(np.float32)

    def draw(self, rng: np.random.Generator) -> Example:
        """Return a random example."""
        codes = self._protein(rng)
        start, end = random_crop(len(codes), rng)
        readouts = self.readouts
        readout = readouts[rng.integers(len(readouts))] if readouts else random_readout(rng)
        noise = random_noise(rng)
        symbols = symbols_of(readout, noise.missed_label, noise.misread)
        truth = codes[start:end]
        reads = reads_table(symbols, noise.anything)[read(truth, symbols, noise, rng)]
        if rng.random() < 0.1:
            hide_stretches(reads, rng)
        known = rng.random() < 0.5  # where the stretch lies in its protein
        edges = (known and start == 0, known and end == len(codes))
        return Example(plain_reading(reads, self.background, *edges), truth, asked(reads, truth))

    def draw_easy(self, rng: np.random.Generator) -> Example:
        """Return a protein from its beginning, read as KCYM and without errors, to begin with."""
        truth = self._protein(rng)[:LONGEST]
        symbols = symbols_of(Readout(PRESETS["K1"]))
        reads = reads_table(symbols)[symbols.of_code[truth]]
        return Example(plain_reading(reads, self.background), truth, asked(reads, truth))

    def _protein(self, rng: np.random.Generator) -> np.ndarray:
        number = int(rng.integers(len(self.offsets) - 1))
        return self.residues[self.offsets[number] : self.offsets[number + 1]]


def random_crop(length: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return the start and end of the whole protein, in half of the cases, or of a stretch.

    Stretches have SHORTEST to LONGEST residues, their logarithm evenly spread.
    """
    longest = min(length, LONGEST)
    size = longest
    if rng.random() < 0.5 and longest > SHORTEST:
        size = int(np.exp(rng.uniform(np.log(SHORTEST), np.log(longest + 1))))
    start = int(rng.integers(length - size + 1)) if rng.random() < 0.8 else 0
    return start, start + size


def hide_stretches(reads: np.ndarray, rng: np.random.Generator) -> None:
    """Leave one to three stretches of a readout unread."""
    for _ in range(int(rng.integers(1, 4))):
        size = max(1, int(len(reads) * rng.uniform(0.05, 0.4)))
        start = int(rng.integers(len(reads) - size + 1))
        reads[start : start + size] = 1


def batch(examples: Sequence[Example]) -> dict[str, np.ndarray]:
    """Return the network's inputs, where it is asked (`at`, indices), and the `truth` there."""
    asked = np.concatenate([example.asked for example in examples])
    truth = np.concatenate([example.truth for example in examples])
    packed = pack([example.reading for example in examples])
    return packed | {"at": np.flatnonzero(asked), "truth": truth[asked].astype(np.int64)}
