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
    """Reconstructions that were matched with true proteins.

    `failed` are records that could not be read or compared; `unmatched` are ids that the truth does
    not have; `predictions` holds the codes of each reconstruction that was scored, if kept.
    `labels`, int64 (2,), counts residues predicted as an amino acid that the readout identifies,
    and those of them that the truth has as another. `amino_acids`, int64 (2, 20), counts for each
    amino acid the residues that either has as it, and those that only one of them has.
    """

    counts: dict[str, ProteinCounts] = field(default_factory=dict)
    confusion: np.ndarray = field(default_factory=lambda: np.zeros((20, 20), dtype=np.int64))
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    failed: list[FailedRecord] = field(default_factory=list)
    unmatched: set[str] = field(default_factory=set)
    labels: np.ndarray = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    amino_acids: np.ndarray = field(default_factory=lambda: np.zeros((2, 20), dtype=np.int64))

    @property
    def records(self) -> int:
        """Number of predicted records."""
        return len(self.counts) + len(self.failed) + len(self.unmatched)

    def scores(self, order: Iterable[str]) -> ScoredProteins:
        """Return the proteins compared, in the order of the ids given."""
        ids = [name for name in order if name in self.counts]
        counts = np.array([self.counts[name] for name in ids], dtype=np.int64)
        return ScoredProteins(ids, counts.reshape(len(ids), len(COUNTS)), self.confusion)

    def add(
        self,
        name: str,
        truth: np.ndarray,
        predicted: np.ndarray,
        readout: Readout,
        baselines: Baselines | None,
    ) -> None:
        """Count a reconstruction; `truth` and `predicted` are codes, (length,)."""
        hidden = hidden_mask(truth, readout)
        guessed = baselines.correct(truth, hidden) if baselines else (0, 0)
        counts = count_residues(truth, predicted, hidden)
        self.counts[name] = ProteinCounts(len(truth), *counts, *guessed)
        self.confusion += confusion_counts(truth, predicted, hidden)
        labels = (truth != UNKNOWN_CODE) & ~hidden_mask(predicted, readout)
        wrong_labels = labels & (truth != predicted)
        self.labels += np.count_nonzero(labels), np.count_nonzero(wrong_labels)
        self.amino_acids += _count_amino_acids(truth, predicted)


def match_predictions(
    truth: dict[str, Record],
    predicted: Iterable[Record],
    source: str | Path,
    readout: Readout,
    baselines: Baselines | None,
    failed: list[FailedRecord],
    keep_predictions: bool,
) -> Matches:
    """Score every reconstruction that has a true protein.

    `truth` are true proteins by id; `source` names the reconstructions in messages; those that
    cannot be compared are added to `failed`, which becomes `Matches.failed`. Raises InputError if
    no id is in both, and if most reconstructions have another length than the truth.
    """
    matches, other_lengths = Matches(failed=failed), []
    for record in predicted:
        if record.id not in truth:
            matches.unmatched.add(record.id)
            continue
        true, guess = encode(truth[record.id].sequence), encode(record.sequence)
        if reason := _fault(true, guess, record.sequence):
            failed.append(FailedRecord(str(source), record.line, record.id, reason))
            if len(true) != len(guess):
                other_lengths.append(record)
            continue
        matches.add(record.id, true, guess, readout, baselines)
        if keep_predictions:
            matches.predictions[record.id] = guess
    if not matches.counts and not failed:
        raise InputError(
            f"{source}: no protein has an id of the truth: ids are such as "
            f"{quoted(min(matches.unmatched))}, in the truth {quoted(next(iter(truth)))}"
        )
    if len(other_lengths) > len(matches.counts):
        matched = matches.records - len(matches.unmatched)
        raise InputError(_describe_other_lengths(source, other_lengths, matched))
    return matches


def _count_amino_acids(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the counts of `Matches.amino_acids` for one protein."""
    known = truth != UNKNOWN_CODE
    residues = (truth[known], predicted[known], truth[known & (truth == predicted)])
    true, guessed, both = (np.bincount(codes, minlength=UNKNOWN_CODE) for codes in residues)
    return np.stack([true + guessed - both, true + guessed - 2 * both])


def _describe_other_lengths(source: str | Path, records: list[Record], matched: int) -> str:
    first = printable(f"{records[0].id} on line {records[0].line}")
    return (
        f"{source}: {len(records)} of {matched} reconstructions have another length than the "
        f"true protein ({first} is the first), so their residues cannot be compared. "
        "If the reads have lost or extra cycles, use pepseq lookup, or simulate them without: "
        "pepseq mask TRUTH.fasta --readout READOUT -o reads.fasta"
    )


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


def list_missing(
    truth: dict[str, Record], matches: Matches, source: str | Path, predicted: str | Path
) -> list[FailedRecord]:
    """Return the true proteins, of the file `source`, that `predicted` does not have."""
    matched = {*matches.counts, *(failure.id for failure in matches.failed)}
    reason = f"expected a record of this id in {predicted}, found none"
    return [
        FailedRecord(str(source), record.line, record.id, reason)
        for record in truth.values()
        if record.id not in matched
    ]


def warn_of_unmatched(
    matches: Matches, failed: Sequence[FailedRecord], truth: str | Path, predicted: str | Path
) -> int:
    """Warn of predicted ids that the truth lacks, and return their number.

    `failed` are records of the truth that could not be read.
    """
    unmatched = len(matches.unmatched - {failure.id for failure in failed})
    if unmatched:
        log.warning(f"{predicted}: records whose id is not in {truth}, not scored: {unmatched}")
    return unmatched


def count_records(
    in_truth: int, unmatched: int, matches: Matches, failed: Sequence[FailedRecord]
) -> dict[str, int]:
    """Return the numbers of records of both inputs; `failed` are all that were left out."""
    return {
        "in_truth": in_truth,
        "in_predicted": matches.records,
        "only_in_predicted": unmatched,
        "left_out": len(failed),
        "compared": len(matches.counts),
    }
