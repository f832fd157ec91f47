"""Reconstructions matched with true proteins by id, and what is right in each."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pepseq.errors import InputError, printable, quoted
from pepseq.evaluation.baselines import Baselines
from pepseq.evaluation.metrics import (
    UNKNOWN_CODE,
    confusion_counts,
    count_residues,
    encode,
    hidden_mask,
)
from pepseq.io.failures import FailedRecord
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

log = logging.getLogger("pepseq")


class ProteinCounts(NamedTuple):
    """Residues of a protein: its length, `ResidueCounts`, and what each baseline gets right."""

    length: int
    hidden: int
    correct: int
    known: int
    identical: int
    commonest: int
    neighbours: int


COUNTS = ProteinCounts._fields


@dataclass(frozen=True)
class ScoredProteins:
    """What was counted in each protein that could be compared, in the order of the truth.

    `counts` is int64 of shape (proteins, 7), its columns those of ProteinCounts. `confusion` holds
    hidden residues by true (row) and predicted (column) amino acid, int64 of shape (20, 20), and
    adds up to the hidden ones.
    """

    ids: list[str]
    counts: np.ndarray
    confusion: np.ndarray

    def __post_init__(self) -> None:
        if self.counts.shape != (len(self.ids), len(COUNTS)):
            raise ValueError(f"expected {len(COUNTS)} counts for each protein")
        if self.confusion.sum() != self["hidden"].sum():
            raise ValueError("expected a confusion count for each hidden residue")

    def __getitem__(self, column: str) -> np.ndarray:
        """Return one column of counts: int64, (proteins,)."""
        return self.counts[:, COUNTS.index(column)]

    @property
    def accuracy(self) -> np.ndarray:
        """Hidden-residue accuracy of each protein in percent, NaN if nothing is hidden."""
        hidden = self["hidden"]
        accuracy = np.full(len(hidden), np.nan)
        np.divide(100 * self["correct"], hidden, out=accuracy, where=hidden > 0)
        return accuracy

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the residues of each protein that the readout observes, and the wrong of them.

        Both int64, (proteins,). Wrong ones are misread or missed labels.
        """
        observed = self["known"] - self["hidden"]
        return observed, observed - (self["identical"] - self["correct"])


@dataclass
class Matches:
    """Reconstructions matched with true proteins by id, and what is right in them.

    `truth` are true proteins by id; `truth_source` and `source` name them and the reconstructions
    in messages. `failed` are records that could not be read or compared; `unmatched` are ids that
    the truth does not have; `predictions` holds the codes of each reconstruction that was scored,
    if they are kept. `labels`, int64 (2,), counts residues predicted as an amino acid that the
    readout identifies, and those of them that the truth has as another. `amino_acids`, int64
    (2, 20), counts for each amino acid the residues that either has as it, and those that only one
    of them has.
    """

    truth: dict[str, Record]
    truth_source: str | Path
    source: str | Path
    readout: Readout
    baselines: Baselines | None
    keep_predictions: bool
    counts: dict[str, ProteinCounts] = field(default_factory=dict)
    confusion: np.ndarray = field(default_factory=lambda: np.zeros((20, 20), dtype=np.int64))
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    failed: list[FailedRecord] = field(default_factory=list)
    unmatched: set[str] = field(default_factory=set)
    labels: np.ndarray = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    amino_acids: np.ndarray = field(default_factory=lambda: np.zeros((2, 20), dtype=np.int64))

    def add_all(self, predicted: Iterable[Record]) -> None:
        """Count every reconstruction that has a true protein.

        Raises InputError if no id is in both, and if most reconstructions have another length than
        the truth.
        """
        other_lengths = []
        for record in predicted:
            if record.id not in self.truth:
                self.unmatched.add(record.id)
                continue
            true, guess = encode(self.truth[record.id].sequence), encode(record.sequence)
            if reason := _fault(true, guess, record.sequence):
                self.failed.append(FailedRecord(str(self.source), record.line, record.id, reason))
                if len(true) != len(guess):
                    other_lengths.append(record)
                continue
            self._add(record.id, true, guess)
        if not self.counts and not self.failed:
            raise InputError(
                f"{self.source}: no protein has an id of the truth: ids are such as "
                f"{quoted(min(self.unmatched))}, in the truth {quoted(next(iter(self.truth)))}"
            )
        if len(other_lengths) > len(self.counts):
            first = printable(f"{other_lengths[0].id} on line {other_lengths[0].line}")
            raise InputError(
                f"{self.source}: {len(other_lengths)} of {len(self.counts) + len(self.failed)} "
                f"reconstructions have another length than the true protein ({first} is the "
                "first), so their residues cannot be compared. If the reads have lost or extra "
                "cycles, use pepseq lookup, or simulate them without: pepseq mask TRUTH.fasta "
                "--readout READOUT -o reads.fasta"
            )

    def _add(self, name: str, truth: np.ndarray, predicted: np.ndarray) -> None:
        """Count a reconstruction; `truth` and `predicted` are codes, (length,)."""
        hidden = hidden_mask(truth, self.readout)
        guessed = self.baselines.correct(truth, hidden) if self.baselines else (0, 0)
        counts = count_residues(truth, predicted, hidden)
        self.counts[name] = ProteinCounts(len(truth), *counts, *guessed)
        self.confusion += confusion_counts(truth, predicted, hidden)
        labels = (truth != UNKNOWN_CODE) & ~hidden_mask(predicted, self.readout)
        wrong_labels = labels & (truth != predicted)
        self.labels += np.count_nonzero(labels), np.count_nonzero(wrong_labels)
        self.amino_acids += _count_amino_acids(truth, predicted)
        if self.keep_predictions:
            self.predictions[name] = predicted

    def scores(self) -> ScoredProteins:
        """Return the proteins compared, in the order of the truth."""
        ids = [name for name in self.truth if name in self.counts]
        counts = np.array([self.counts[name] for name in ids], dtype=np.int64)
        return ScoredProteins(ids, counts.reshape(len(ids), len(COUNTS)), self.confusion)

    def missing(self) -> list[FailedRecord]:
        """Return the true proteins that have no reconstruction."""
        matched = {*self.counts, *(failure.id for failure in self.failed)}
        reason = f"expected a record of this id in {self.source}, found none"
        return [
            FailedRecord(str(self.truth_source), record.line, record.id, reason)
            for record in self.truth.values()
            if record.id not in matched
        ]

    def count_records(self, bad: Sequence[FailedRecord] = ()) -> dict[str, int]:
        """Return the numbers of records of both inputs, and warn of ids that the truth lacks.

        `bad` are records of the truth that could not be read.
        """
        unmatched = len(self.unmatched - {failure.id for failure in bad})
        if unmatched:
            message = "%s: records whose id is not in %s, not scored: %d"
            log.warning(message, self.source, self.truth_source, unmatched)
        return {
            "in_truth": len(self.truth) + len(bad),
            "in_predicted": len(self.counts) + len(self.failed) + len(self.unmatched),
            "only_in_predicted": unmatched,
            "left_out": len(bad) + len(self.failed) + len(self.missing()),
            "compared": len(self.counts),
        }


def _count_amino_acids(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the counts of `Matches.amino_acids` for one protein."""
    known = truth != UNKNOWN_CODE
    residues = (truth[known], predicted[known], truth[known & (truth == predicted)])
    true, guessed, both = (np.bincount(codes, minlength=UNKNOWN_CODE) for codes in residues)
    return np.stack([true + guessed - both, true + guessed - 2 * both])


def _fault(truth: np.ndarray, predicted: np.ndarray, sequence: str) -> str:
    """Say why a reconstruction (codes, and as it stands in the file) cannot be scored, or ""."""
    if len(truth) != len(predicted):
        return (
            f"expected {len(truth)} residues as in the truth, found {len(predicted)} (a read "
            "with lost or extra cycles? residues are compared by position)"
        )
    unknown = (truth != UNKNOWN_CODE) & (predicted == UNKNOWN_CODE)
    if not unknown.any():
        return ""
    place = int(unknown.argmax())
    text = f"expected an amino acid at residue {place + 1}, found {quoted(sequence[place])}"
    if sequence[place] != "X":
        return text
    if 2 * sequence.count("X") >= len(sequence):
        return f"{text} (a read? complete it first: pepseq predict)"
    return f"{text} (--min-confidence writes it: evaluate a prediction made without)"
