"""Match reconstructions with true proteins by id, and count what is right in each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, found, printable
from pepseq.evaluation.baselines import Baselines, fit_baselines
from pepseq.evaluation.metrics import (
    UNKNOWN_CODE,
    confusion_counts,
    encode,
    hidden_mask,
    score_protein,
)
from pepseq.io.failures import FailedRecord
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta

COUNTS = ("length", "hidden", "correct", "known", "identical", "commonest", "neighbours")
"""The columns of `Scores.counts`."""

LABELS_TO_JUDGE = 100
"""So many residues of one amino acid are not all missed if the readout identifies it."""

MIXED_UP = 3
"""Prediction and truth do not belong together if more than one in so many labels is wrong."""


@dataclass(frozen=True)
class Scores:
    """What was counted in each protein that could be compared, in the order of the truth.

    `counts` is int64 of shape (proteins, 7), its columns named by COUNTS: residues of the protein;
    hidden ones; those right; known ones (of the twenty amino acids); those right; hidden ones that
    each baseline gets right. `confusion` holds hidden residues by true (row) and predicted (column)
    amino acid, int64 of shape (20, 20), and adds up to the hidden ones.
    """

    ids: list[str]
    counts: np.ndarray
    confusion: np.ndarray

    def __post_init__(self):
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
        undefined = np.full(len(hidden), np.nan)
        return np.divide(100 * self["correct"], hidden, out=undefined, where=hidden > 0)


@dataclass
class Comparison:
    """Everything that comparing with one predicted file gave.

    `bad` are its records that could not be read or compared; `extra` are ids that the truth does
    not have; `predictions` holds the codes of each reconstruction that was scored, if kept.
    `labels`, int64 (2,), counts residues predicted as an amino acid that the readout identifies,
    and those of them that the truth has as another. `amino_acids`, int64 (2, 20), counts for each
    amino acid the residues that either has as it, and those that only one of them has.
    """

    rows: dict[str, tuple[int, ...]] = field(default_factory=dict)
    confusion: np.ndarray = field(default_factory=lambda: np.zeros((20, 20), dtype=np.int64))
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    bad: list[FailedRecord] = field(default_factory=list)
    extra: set[str] = field(default_factory=set)
    labels: np.ndarray = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    amino_acids: np.ndarray = field(default_factory=lambda: np.zeros((2, 20), dtype=np.int64))

    @property
    def records(self) -> int:
        """Records of the predicted file."""
        return len(self.rows) + len(self.bad) + len(self.extra)

    def scores(self, order: Iterable[str]) -> Scores:
        """Return the scores of the proteins compared, in the order of the ids given."""
        ids = [name for name in order if name in self.rows]
        counts = np.array([self.rows[name] for name in ids], dtype=np.int64)
        return Scores(ids, counts.reshape(len(ids), len(COUNTS)), self.confusion)


def read_truth(truth: str | Path, bad: list[FailedRecord]) -> dict[str, Record]:
    """Return the true proteins by id; InputError if none can be read."""
    proteins = {record.id: record for record in read_fasta(truth, bad=bad)}
    if not proteins:
        raise InputError(f"{bad[0]} (and no other record is any better)")
    return proteins


def fit(
    proteins: dict[str, Record],
    background: str | Path | None,
    readout: Readout,
    keep_going: bool,
) -> Baselines | None:
    """Fit the baselines on the background, or on the true proteins if there is none.

    None if these have no hidden residue; InputError if the background has none, or a bad record
    and not `keep_going`.
    """
    if background is None:
        if not any(set(readout.unobserved) & set(record.sequence) for record in proteins.values()):
            return None
        return fit_baselines((r.sequence for r in proteins.values()), readout, "truth")
    records = read_fasta(background, bad=[] if keep_going else None)
    try:
        return fit_baselines((r.sequence for r in records), readout, "background")
    except ValueError as error:
        raise InputError(f"{background}: {error}") from error


def compare(
    proteins: dict[str, Record],
    predicted: str | Path,
    readout: Readout,
    baselines: Baselines | None,
    keep: bool = False,
) -> Comparison:
    """Score every reconstruction in `predicted`, a FASTA file, that has a true protein.

    `keep` keeps their codes. Raises InputError for a file that cannot be read, if no id is in
    both, and if most reconstructions have another length than the truth.
    """
    comparison, lengths = Comparison(), []
    for record in read_fasta(predicted, bad=comparison.bad):
        if record.id not in proteins:
            comparison.extra.add(record.id)
            continue
        truth, guess = encode(proteins[record.id].sequence), encode(record.sequence)
        hidden = hidden_mask(truth, readout)
        if reason := _fault(truth, guess, record.sequence):
            comparison.bad.append(FailedRecord(str(predicted), record.line, record.id, reason))
            lengths += comparison.bad[-1:] if len(truth) != len(guess) else []
            continue
        guessed = baselines.correct(truth, hidden) if baselines else (0, 0)
        comparison.rows[record.id] = (len(truth), *score_protein(truth, guess, hidden), *guessed)
        comparison.confusion += confusion_counts(truth, guess, hidden)
        labels = (truth != UNKNOWN_CODE) & ~hidden_mask(guess, readout)
        comparison.labels += np.count_nonzero(labels), np.count_nonzero(labels & (truth != guess))
        comparison.amino_acids += _either_or_one(truth, guess)
        if keep:
            comparison.predictions[record.id] = guess
    if not comparison.rows and not comparison.bad:
        raise InputError(
            f"{predicted}: expected ids of the truth such as {found(next(iter(proteins)))}, "
            f"found no id in common, such as {found(min(comparison.extra))}"
        )
    if len(lengths) > len(comparison.rows):
        matched = comparison.records - len(comparison.extra)
        raise InputError(_other_lengths(predicted, lengths, matched))
    return comparison


def _either_or_one(truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Return the counts of `Comparison.amino_acids` for one protein."""
    known = truth != UNKNOWN_CODE
    each = (truth[known], guess[known], truth[known & (truth == guess)])
    a, b, both = (np.bincount(codes, minlength=UNKNOWN_CODE) for codes in each)
    return np.stack([a + b - both, a + b - 2 * both])


def _other_lengths(predicted: str | Path, lengths: list[FailedRecord], matched: int) -> str:
    """Say that most reconstructions cannot be compared by position, and the next step."""
    first = f"{lengths[0].id} on line {lengths[0].line}"
    return (
        f"{predicted}: {len(lengths)} of {matched} reconstructions have another length than the "
        f"true protein ({printable(first)} is the first), so their residues cannot be compared. "
        "If the readouts have lost or extra cycles, use pepseq lookup, or simulate them without: "
        "pepseq mask TRUTH.fasta --readout READOUT -o readouts.fasta"
    )


def _fault(truth: np.ndarray, guess: np.ndarray, sequence: str) -> str:
    """Say why a reconstruction (codes, and as it stands in the file) cannot be scored, or ""."""
    if len(truth) != len(guess):
        return (
            f"expected {len(truth)} residues as in the truth, found {len(guess)} (a readout with "
            "lost or extra cycles? residues are compared by position)"
        )
    known = truth != UNKNOWN_CODE
    wrong = known & (guess == UNKNOWN_CODE)
    if wrong.any():
        at = int(wrong.argmax())
        text = f"expected an amino acid at residue {at + 1}, found {found(sequence[at])}"
        if sequence[at] != "X":
            return text
        if 2 * sequence.count("X") >= len(sequence):
            return f"{text} (a readout? complete it first: pepseq predict)"
        return f"{text} (--min-confidence writes it: evaluate a prediction made without)"
    return ""


def refuse_mixed_up(comparison: Comparison, predicted: str | Path, readout: Readout) -> None:
    """Raise InputError if more than a third of the labels are wrong both ways.

    Missed labels alone leave those that are there right, and misread ones are few. So if labels of
    the truth are something else in the prediction, and labels of the prediction something else in
    the truth, either the readout is another or the ids do not belong together.
    """
    there, differ = comparison.labels.tolist()
    rows = np.array(list(comparison.rows.values()), dtype=np.int64).reshape(-1, len(COUNTS))
    observed, wrong = observed_counts(dict(zip(COUNTS, rows.T, strict=True)))
    if MIXED_UP * wrong.sum() > observed.sum() and MIXED_UP * differ > there:
        raise InputError(
            f"{predicted}: expected residues {readout.observed} as in the truth, found "
            f"{wrong.sum()} of {observed.sum()} different (another readout, or other proteins "
            "under the same ids?)"
        )


def observed_counts(counts: Mapping[str, np.ndarray] | Scores) -> tuple[np.ndarray, np.ndarray]:
    """Return how many residues of each protein the readout shows, and how many are predicted wrong.

    Both int64, (proteins,). `counts` has the columns of COUNTS. Wrong ones are misread or missed.
    """
    observed = counts["known"] - counts["hidden"]
    return observed, observed - (counts["identical"] - counts["correct"])


def list_missing(
    proteins: dict[str, Record], comparison: Comparison, truth: str | Path, predicted: str | Path
) -> list[FailedRecord]:
    """Return the true proteins that the predicted file does not have."""
    there = {*comparison.rows, *(fault.id for fault in comparison.bad)}
    reason = f"expected a record of this id in {predicted}, found none"
    return [
        FailedRecord(str(truth), record.line, record.id, reason)
        for record in proteins.values()
        if record.id not in there
    ]
