"""Match reconstructions with true proteins by id, and count what is right in each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, found
from pepseq.evaluation.baselines import Baselines, fit_baselines
from pepseq.evaluation.metrics import (
    UNKNOWN_CODE,
    confusion_counts,
    encode,
    hidden_mask,
    score_protein,
)
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import BadRecord, Record, read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

COUNTS = ("length", "hidden", "correct", "known", "identical", "commonest", "neighbours")
"""The columns of `Scores.counts`."""


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


@dataclass
class Comparison:
    """Everything that comparing with one predicted file gave.

    `bad` are its records that could not be read or compared; `extra` are ids that the truth does
    not have; `predictions` holds the codes of each reconstruction that was scored, if kept.
    """

    rows: dict[str, tuple[int, ...]] = field(default_factory=dict)
    confusion: np.ndarray = field(default_factory=lambda: np.zeros((20, 20), dtype=np.int64))
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    bad: list[BadRecord] = field(default_factory=list)
    extra: set[str] = field(default_factory=set)

    @property
    def records(self) -> int:
        """Records of the predicted file."""
        return len(self.rows) + len(self.bad) + len(self.extra)

    def scores(self, order: Iterable[str]) -> Scores:
        """Return the scores of the proteins compared, in the order of the ids given."""
        ids = [name for name in order if name in self.rows]
        counts = np.array([self.rows[name] for name in ids], dtype=np.int64)
        return Scores(ids, counts.reshape(len(ids), len(COUNTS)), self.confusion)


def read_truth(truth: str | Path, bad: list[BadRecord]) -> dict[str, Record]:
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

    `keep` keeps their codes. Raises InputError for a file that cannot be read, and if no id is in
    both.
    """
    comparison = Comparison()
    for record in read_fasta(predicted, bad=comparison.bad):
        if record.id not in proteins:
            comparison.extra.add(record.id)
            continue
        truth, guess = encode(proteins[record.id].sequence), encode(record.sequence)
        hidden = hidden_mask(truth, readout)
        if reason := _fault(truth, guess, hidden, record.sequence):
            comparison.bad.append(BadRecord(str(predicted), record.line, record.id, reason))
            continue
        guessed = baselines.correct(truth, hidden) if baselines else (0, 0)
        comparison.rows[record.id] = (len(truth), *score_protein(truth, guess, hidden), *guessed)
        comparison.confusion += confusion_counts(truth, guess, hidden)
        if keep:
            comparison.predictions[record.id] = guess
    if not comparison.rows and not comparison.bad:
        raise InputError(
            f"{predicted}: expected ids of the truth such as {found(next(iter(proteins)))}, "
            f"found no id in common, such as {found(min(comparison.extra))}"
        )
    return comparison


def _fault(truth: np.ndarray, guess: np.ndarray, hidden: np.ndarray, sequence: str) -> str:
    """Say why a reconstruction (codes, and as it stands in the file) cannot be scored, or ""."""
    if len(truth) != len(guess):
        return f"expected {len(truth)} residues as in the truth, found {len(guess)}"
    known = truth != UNKNOWN_CODE
    wrong = known & (guess == UNKNOWN_CODE)
    if wrong.any():
        at = int(wrong.argmax())
        return f"expected an amino acid at residue {at + 1}, found {found(sequence[at])}"
    changed = known & ~hidden & (truth != guess)
    if changed.any():
        at = int(changed.argmax())
        return (
            f"expected the observed {AMINO_ACIDS[truth[at]]} at residue {at + 1}, "
            f"found {found(sequence[at])}"
        )
    return ""


def list_missing(
    proteins: dict[str, Record], comparison: Comparison, truth: str | Path, predicted: str | Path
) -> list[BadRecord]:
    """Return the true proteins that the predicted file does not have."""
    there = {*comparison.rows, *(fault.id for fault in comparison.bad)}
    reason = f"expected a record of this id in {predicted}, found none"
    return [
        BadRecord(str(truth), record.line, record.id, reason)
        for record in proteins.values()
        if record.id not in there
    ]
