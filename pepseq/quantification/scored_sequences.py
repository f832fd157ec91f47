"""Dye sequences that reads were scored with, by their ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.fluorosequencing.dye_codes import max_cycles
from pepseq.fluorosequencing.molecules import LabelledPeptides
from pepseq.fluorosequencing.read_probabilities import DyeSequences
from pepseq.io.checked_tables import read_checked_table
from pepseq.quantification.patterns import ProteinPatterns, dye_patterns, pattern_keys
from pepseq.readout.dye_sequences import UNLABELLED, check_channels, read_dye_sequences
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import label_symbol


@dataclass(frozen=True)
class ScoredSequences:
    """Distinct dye sequences.

    numbers: number of the dye sequence of each id.
    keys: int64 (D, 2), sorted, see `pattern_keys`; peptides: float64 (D,), how many have each.
    """

    numbers: dict[str, int]
    keys: np.ndarray
    peptides: np.ndarray


def read_scored_sequences(given: Any, readout: Readout) -> ScoredSequences:
    """Return the dye sequences of a file of whatprot, or of a DataFrame with id, sequence, count.

    A mapping of ids to dye sequences is one with a peptide each, and so is a DataFrame without
    counts. Raises InputError.
    """
    check_channels(readout)
    if isinstance(given, str | Path):
        symbols = {ord(label_symbol(label)): str(n) for n, label in enumerate(readout.labels)}
        symbols[ord(HIDDEN)] = UNLABELLED
        records = list(read_dye_sequences(given, readout, of_reads=False))
        texts = [record.sequence.translate(symbols) for record in records]
        peptides = np.array([record.count for record in records], float)
        return _scored_sequences([record.id for record in records], texts, peptides, readout)
    if isinstance(given, Mapping):
        names, texts = list(map(str, given)), list(map(str, given.values()))
        peptides = np.ones(len(names))
    else:
        table = read_checked_table(given, "score_ids", ("id", "sequence"), ("count",))
        names, texts = table.texts("id"), table.texts("sequence")
        table.refuse_repeated(enumerate(names), "id")
        has_counts = "count" in table.columns
        peptides = table.numbers("count", whole=True) if has_counts else np.ones(len(names))
    allowed = {UNLABELLED, *map(str, range(len(readout.labels)))}
    for place, (name, text, count) in enumerate(zip(names, texts, peptides, strict=True), 1):
        if set(text) - allowed or count < 1:
            raise InputError(
                f"score_ids:{place}: {quoted(name)}: expected a dye sequence of "
                f"{len(readout.labels)} channels and a count of 1 or more, found {quoted(text)}"
            )
    return _scored_sequences(names, texts, peptides, readout)


def reference_sequences(
    names: Sequence[str], patterns: ProteinPatterns[DyeSequences], readout: Readout
) -> ScoredSequences:
    """Return the dye sequences of a reference, whose ids are those of `names` that it has.

    `patterns` are of the codes' largest number of cycles.
    """
    keys = pattern_keys(patterns.sequences)
    allowed = {UNLABELLED, *map(str, range(len(readout.labels)))}
    named = [name for name in names if name and not set(name) - allowed]
    places = find_keys(_keys_of_texts(named, readout), keys)
    numbers = {name: place for name, place in zip(named, places.tolist(), strict=True)}
    numbers = {name: place for name, place in numbers.items() if place >= 0}
    counts = patterns.weights.sum(0)
    return ScoredSequences(numbers, keys, np.maximum(counts, 1e-9))


def find_keys(keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the place of each pair (keys, 2) among known ones, int64; -1 for none."""
    if not len(keys):
        return np.zeros(0, np.int64)
    both = np.concatenate([known, keys])
    _, number = np.unique(both, axis=0, return_inverse=True)
    number = number.reshape(-1)
    place = np.full(len(both), -1)
    place[number[: len(known)]] = np.arange(len(known))
    return place[number[len(known) :]]


def _scored_sequences(
    names: list[str], texts: list[str], peptides: np.ndarray, readout: Readout
) -> ScoredSequences:
    keys, number = np.unique(_keys_of_texts(texts, readout), axis=0, return_inverse=True)
    number = number.reshape(-1)
    numbers = dict(zip(names, number.tolist(), strict=True))
    return ScoredSequences(numbers, keys, np.bincount(number, peptides, len(keys)))


def _keys_of_texts(texts: Sequence[str], readout: Readout) -> np.ndarray:
    """Return the numbers of dye sequences as of `pattern_keys`, int64 (texts, 2)."""
    channels = len(readout.labels)
    joined = np.frombuffer("".join(texts).encode(), np.uint8)
    lengths = np.array([len(text) for text in texts], np.int64)
    starts = np.cumsum(lengths) - lengths
    dyes = np.flatnonzero(joined != ord(UNLABELLED))
    text = np.repeat(np.arange(len(texts)), lengths)[dyes]
    offsets = np.searchsorted(text, np.arange(len(texts) + 1))
    channel = joined[dyes].astype(np.int64) - ord("0")
    labelled = LabelledPeptides(dyes - starts[text], channel, offsets)
    whole = np.arange(len(texts))
    patterns = dye_patterns(
        labelled, whole, np.ones(len(texts)), len(texts), channels, max_cycles(channels)
    )
    keys = np.zeros((len(texts), 2), np.int64)
    entries = patterns.weights.tocoo()
    keys[entries.row] = pattern_keys(patterns.sequences)[entries.col]
    return keys
