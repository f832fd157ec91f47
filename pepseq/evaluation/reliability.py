"""Are confidences honest? Compare those of a table with the truth."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from pepseq.errors import InputError, found
from pepseq.evaluation.confidence_table import Rows, check_rows, read_rows
from pepseq.evaluation.match import COUNTS, LABELS_TO_JUDGE, MIXED_UP, Comparison
from pepseq.evaluation.metrics import (
    CALIBRATION_BINS,
    UNKNOWN_CODE,
    calibration_counts,
    calibration_error,
    calibration_rows,
    encode,
    hidden_mask,
    percent,
)
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS

AT_LEAST = np.array([0.5, 0.7, 0.9, 0.95, 0.99])
"""Confidences down to which the surest residues are counted."""


class Calibration:
    """Compares confidences with the truth; what it holds does not grow with the residues.

    `counts` are sums of `calibration_counts`; `surest`, int64 (2, AT_LEAST), residues at least so
    sure, and those of them that are right. By amino acid of the truth, int64 of shape (3, 20):
    `labels` has all rows, those observed, and those of them that differ from it.
    """

    def __init__(self):
        self.counts = np.zeros((3, CALIBRATION_BINS))
        self.surest = np.zeros((2, len(AT_LEAST)), dtype=np.int64)
        self.labels = np.zeros((3, UNKNOWN_CODE), dtype=np.int64)
        self._top_three = 0

    @classmethod
    def total(cls, parts: Iterable["Calibration"]) -> "Calibration":
        """Return the sum of comparisons of different proteins."""
        total = cls()
        for part in parts:
            total.counts += part.counts
            total.surest += part.surest
            total.labels += part.labels
            total._top_three += part._top_three
        return total

    def add(self, rows: Rows, truth: np.ndarray, hidden: np.ndarray) -> int:
        """Add the rows of hidden residues, and return how many they are.

        `truth` are the protein's codes and `hidden` says which of them are scored; both (length,).
        Those that an error of sequencing shows, `observed`, are no predictions and not summed up.
        Raises InputError for a hidden residue whose confidence does not lie in 0-1.
        """
        at = rows.position.astype(np.int64) - 1
        wanted = truth[at]
        shown = rows.source == 0
        differ = shown & (rows.residue != wanted)
        for line, part in zip(self.labels, (wanted, wanted[shown], wanted[differ]), strict=True):
            line += np.bincount(part, minlength=UNKNOWN_CODE + 1)[:UNKNOWN_CODE]
        scored = hidden[at] & (rows.source == 1)
        rows.check(
            scored & ~((rows.confidence >= 0) & (rows.confidence <= 1)),
            lambda row: (
                f"residue {at[row] + 1}: expected a confidence between 0 and 1, "
                f"found {rows.confidence[row]}"
            ),
        )
        right = rows.residue == wanted
        among = right | (rows.second == wanted) | (rows.third == wanted)
        self.counts += calibration_counts(rows.confidence[scored], right[scored])
        sure = rows.confidence[scored, None] >= AT_LEAST
        self.surest += np.stack([sure.sum(0), (sure & right[scored, None]).sum(0)])
        self._top_three += int(np.count_nonzero(among[scored]))
        return int(np.count_nonzero(hidden[at]))

    def summary(self) -> dict:
        """Return residues, mean confidence and calibration error (0-1), truth in the top three (%).

        And the bins, see `calibration_rows`, and the surest residues: how many there are, also in
        percent of the hidden ones, and the percentage of them that is right.
        """
        residues = int(self.counts[0].sum())
        return {
            "residues": residues,
            "mean_confidence": float(self.counts[1].sum() / residues) if residues else None,
            "expected_calibration_error": calibration_error(self.counts),
            "among_top_three": percent(self._top_three, residues),
            "bins": calibration_rows(self.counts),
            "surest": [
                {
                    "at_least": least,
                    "residues": sure,
                    "share": percent(sure, residues),
                    "accuracy": percent(right, sure),
                }
                for least, sure, right in zip(AT_LEAST.tolist(), *self.surest.tolist(), strict=True)
            ],
        }


def calibrate(
    table: str | Path,
    proteins: dict[str, Record],
    comparison: Comparison,
    readout: Readout,
    bands: Mapping[str, str] | None = None,
) -> dict[str, Calibration]:
    """Check a table of confidences against the predicted proteins, and sum it up band by band.

    `proteins` are the true ones by id; `comparison` must have kept its predictions; `bands` has the
    band of each protein that was scored (None: all are in one, ""). Rows of proteins that were not
    scored are skipped. Raises InputError naming the line of a row that is wrong, or a protein whose
    hidden residues are not all there.
    """
    calibrations, seen = defaultdict(Calibration), set()
    skipped = comparison.extra | {fault.id for fault in comparison.bad}
    name, last, scored = None, 0, 0
    for rows in read_rows(table):
        if rows.id != name:
            _check_whole(table, name, scored, comparison)
            name, last, scored = rows.id, 0, 0
            rows.check_first(
                name not in seen, "expected the rows of a protein together, found more"
            )
            rows.check_first(
                name in comparison.predictions or name in skipped,
                "expected an id of the predicted FASTA, found another",
            )
            seen.add(name)
        if name in comparison.predictions:
            last = check_rows(rows, comparison.predictions[name], last)
            _check_labels(rows, readout)
            truth = encode(proteins[name].sequence)
            calibration = calibrations[bands[name] if bands else ""]
            scored += calibration.add(rows, truth, hidden_mask(truth, readout))
    _check_whole(table, name, scored, comparison)
    for name in comparison.predictions:
        if name not in seen:
            _check_whole(table, name, 0, comparison)
    _check_shown(table, Calibration.total(calibrations.values()).labels, readout)
    return dict(calibrations)


def _check_labels(rows: Rows, readout: Readout) -> None:
    """Refuse an observed residue that the readout cannot show."""
    hides = hidden_mask(np.arange(UNKNOWN_CODE + 1, dtype=np.uint8), readout)
    rows.check(
        (rows.source == 0) & hides[np.minimum(rows.residue, UNKNOWN_CODE)],
        lambda row: (
            f"residue {rows.position[row]:g}: expected an observed residue to be one of "
            f"{readout.observed}, found {AMINO_ACIDS[rows.residue[row]]} "
            "(was it predicted from another readout?)"
        ),
    )


def _check_shown(table, labels: np.ndarray, readout: Readout) -> None:
    """Refuse what cannot come from this readout of these proteins; see `Calibration.labels`."""
    _, there, differ = labels.sum(axis=1).tolist()
    if MIXED_UP * differ > there:
        raise InputError(
            f"{table}: expected observed residues as in the truth, found {differ} of {there} "
            "different (another readout, or other proteins under the same ids?)"
        )
    for code in encode(readout.observed).tolist():
        if labels[0, code] >= LABELS_TO_JUDGE and not labels[1, code]:
            raise InputError(
                f"{table}: expected some of the {labels[0, code]} {AMINO_ACIDS[code]} to be "
                "observed, found none (was it predicted from another readout?)"
            )


def _check_whole(table, name: str | None, scored: int, comparison: Comparison) -> None:
    hidden = (
        comparison.rows[name][COUNTS.index("hidden")] if name in comparison.predictions else scored
    )
    if scored != hidden:
        raise InputError(
            f"{table}: {found(name)}: expected a confidence for each of its {hidden} hidden "
            f"residues, found {scored}"
        )
