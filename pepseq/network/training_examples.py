"""Training examples: random stretches of proteins, random readouts, random error rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.network.inputs import NetworkInput, input_without_templates, is_identified, pack
from pepseq.readout.readout import PRESETS, Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import ReadSymbols, read_symbols

MAX_RESIDUES = 1022
MIN_RESIDUES = 7
UNKNOWN = len(AMINO_ACIDS)


@dataclass(frozen=True)
class ErrorRates:
    """Rates of errors in one read; with `any_candidate` a hidden residue may be any amino acid."""

    missed_label: float = 0.0
    misread: float = 0.0
    any_candidate: bool = False


@dataclass(frozen=True)
class Example:
    """The network's input, the true residue codes, (L,), and which residues are scored, (L,)."""

    input: NetworkInput
    truth: np.ndarray
    scored: np.ndarray


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


def random_error_rates(rng: np.random.Generator) -> ErrorRates:
    """Return no errors in 7 of 10 cases, else rates of up to 20 % missed labels, 3 % misread."""
    any_candidate = bool(rng.random() < 0.1)
    if rng.random() < 0.7:
        return ErrorRates(any_candidate=any_candidate)
    return ErrorRates(float(rng.uniform(0, 0.2)), float(rng.uniform(0, 0.03)), any_candidate)


def simulate_read(
    codes: np.ndarray, symbols: ReadSymbols, rates: ErrorRates, rng: np.random.Generator
) -> np.ndarray:
    """Return the symbols, (L,) uint8, of residue codes that are read at these error rates."""
    read = symbols.symbol_of_code[codes]
    if rates.misread and symbols.hidden > 1:
        wrong = (rng.random(len(read)) < rates.misread) & (read < symbols.hidden)
        step = rng.integers(1, symbols.hidden, wrong.sum())
        read[wrong] = (read[wrong] + step) % symbols.hidden
    if rates.missed_label:
        read[rng.random(len(read)) < rates.missed_label] = symbols.hidden
    return read


def emission_table(symbols: ReadSymbols, any_candidate: bool = False) -> np.ndarray:
    """Return P(symbol | amino acid), each row's largest 1, float32, (symbols, 20)."""
    table = symbols.emission.T.astype(np.float32)
    if any_candidate:
        table[-1] = 1
    largest = table.max(1, keepdims=True)
    return np.divide(table, largest, out=np.ones_like(table), where=largest > 0)


def plain_input(
    emission: np.ndarray, background: np.ndarray, begins: bool = True, ends: bool = True
) -> NetworkInput:
    """Return an input without templates whose prior are amino acid frequencies, (20,)."""
    prior = emission * background
    prior /= prior.sum(1, keepdims=True)
    return input_without_templates(emission, prior, begins, ends)


def scored_residues(emission: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return which residues are not identified by the read, and known, (L,) bool."""
    return ~is_identified(emission) & (truth < UNKNOWN)


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
        rates = random_error_rates(rng)
        symbols = read_symbols(readout, rates.missed_label, rates.misread)
        truth = codes[start:end]
        read = simulate_read(truth, symbols, rates, rng)
        emission = emission_table(symbols, rates.any_candidate)[read]
        if rng.random() < 0.1:
            hide_stretches(emission, rng)
        known = rng.random() < 0.5  # where the stretch lies in its protein
        return self._example(emission, truth, known and start == 0, known and end == len(codes))

    def draw_easy(self, rng: np.random.Generator) -> Example:
        """Return a protein from its first residue on, read as KCYM without errors."""
        truth = self._protein(rng)[:MAX_RESIDUES]
        symbols = read_symbols(Readout(PRESETS["K1"]))
        return self._example(emission_table(symbols)[symbols.symbol_of_code[truth]], truth)

    def _example(
        self, emission: np.ndarray, truth: np.ndarray, begins: bool = True, ends: bool = True
    ) -> Example:
        read = plain_input(emission, self.background, begins, ends)
        return Example(read, truth, scored_residues(emission, truth))

    def _protein(self, rng: np.random.Generator) -> np.ndarray:
        number = int(rng.integers(len(self.offsets) - 1))
        return self.residues[self.offsets[number] : self.offsets[number + 1]]


def random_crop(length: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return the start and end of the whole protein, in half of the cases, or of a stretch.

    Stretches have MIN_RESIDUES to MAX_RESIDUES residues, their logarithm evenly spread.
    """
    longest = min(length, MAX_RESIDUES)
    size = longest
    if rng.random() < 0.5 and longest > MIN_RESIDUES:
        size = int(np.exp(rng.uniform(np.log(MIN_RESIDUES), np.log(longest + 1))))
    start = int(rng.integers(length - size + 1)) if rng.random() < 0.8 else 0
    return start, start + size


def hide_stretches(emission: np.ndarray, rng: np.random.Generator) -> None:
    """Leave one to three stretches of a read unread, in place."""
    for _ in range(int(rng.integers(1, 4))):
        size = max(1, int(len(emission) * rng.uniform(0.05, 0.4)))
        start = int(rng.integers(len(emission) - size + 1))
        emission[start : start + size] = 1


def batch(examples: Sequence[Example]) -> dict[str, np.ndarray]:
    """Return the network's packed inputs, the indices `scored`, and the `truth` there."""
    scored = np.concatenate([example.scored for example in examples])
    truth = np.concatenate([example.truth for example in examples])
    packed = pack([example.input for example in examples])
    return packed | {"scored": np.flatnonzero(scored), "truth": truth[scored].astype(np.int64)}
