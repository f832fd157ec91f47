"""Reliability of confidences: how often residues of each confidence are right."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from pepseq.errors import InputError, quoted
from pepseq.evaluation.confidence_table import ConfidenceRows, check_rows, confidences_of_frame
from pepseq.evaluation.matches import Matches
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
from pepseq.evaluation.provenance import MIN_LABELS, mostly_wrong
from pepseq.evaluation.summary import CalibrationSummary
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

MIN_CONFIDENCES = np.array([0.5, 0.7, 0.9, 0.95, 0.99])
"""Confidences down to which the surest residues are counted."""


class Calibration:
    """Sums of confidences and right residues; their size does not grow with the residues.

    `counts` are sums of `calibration_counts`; `surest`, int64 (2, MIN_CONFIDENCES), residues with
    at least a confidence, and those of them that are right; `top_three`, residues whose true amino
    acid is among the three most probable ones, None if these are not known. By amino acid of the
    truth, int64 of shape (3, 20): `labels` has all rows, those observed, and those of them that
    differ from it.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((3, CALIBRATION_BINS))
        self.surest = np.zeros((2, len(MIN_CONFIDENCES)), dtype=np.int64)
        self.labels = np.zeros((3, UNKNOWN_CODE), dtype=np.int64)
        self.top_three: int | None = 0

    @classmethod
    def total(cls, parts: Iterable["Calibration"]) -> "Calibration":
        """Return the sum of calibrations of different proteins."""
        total = cls()
        for part in parts:
            total.counts += part.counts
            total.surest += part.surest
            total.labels += part.labels
            total._add_top_three(part.top_three)
        return total

    def _add_top_three(self, residues: int | None) -> None:
        if self.top_three is None or residues is None:
            self.top_three = None
        else:
            self.top_three += residues

    def add(
        self, confidence: np.ndarray, right: np.ndarray, top_three: np.ndarray | None = None
    ) -> None:
        """Add hidden residues: confidence 0-1, whether right, whether right among three."""
        self.counts += calibration_counts(confidence, right)
        sure = confidence[:, None] >= MIN_CONFIDENCES
        self.surest += np.stack([sure.sum(0), (sure & right[:, None]).sum(0)])
        self._add_top_three(None if top_three is None else int(np.count_nonzero(top_three)))

    def add_rows(self, rows: ConfidenceRows, truth: np.ndarray, hidden: np.ndarray) -> int:
        """Add the rows of hidden residues, and return how many they are.

        `truth` are the protein's codes and `hidden` says which of them are scored; both (length,).
        Those that an error of sequencing shows, `observed`, are no predictions and not summed up.
        Raises InputError for a hidden residue whose confidence does not lie in 0-1.
        """
        places = rows.position.astype(np.int64) - 1
        true = truth[places]
        observed = rows.source == 0
        wrong = observed & (rows.residue != true)
        for line, part in zip(self.labels, (true, true[observed], true[wrong]), strict=True):
            line += np.bincount(part, minlength=UNKNOWN_CODE + 1)[:UNKNOWN_CODE]
        scored = hidden[places] & (rows.source == 1)
        rows.check_residues(
            scored & ~((rows.confidence >= 0) & (rows.confidence <= 1)),
            lambda row: f"expected a confidence between 0 and 1, found {rows.confidence[row]}",
        )
        right = rows.residue == true
        top_three = right | (rows.second == true) | (rows.third == true)
        self.add(rows.confidence[scored], right[scored], top_three[scored])
        return int(np.count_nonzero(hidden[places]))

    def summary(self) -> CalibrationSummary:
        """Return what summary.json holds of the calibration."""
        residues = int(self.counts[0].sum())
        top_three, surest = self.top_three, (MIN_CONFIDENCES.tolist(), *self.surest.tolist())
        return {
            "residues": residues,
            "mean_confidence": float(self.counts[1].sum() / residues) if residues else None,
            "expected_calibration_error": calibration_error(self.counts),
            "among_top_three": None if top_three is None else percent(top_three, residues),
            "bins": calibration_rows(self.counts),
            "surest": [
                {
                    "at_least": minimum,
                    "residues": sure,
                    "share": percent(sure, residues),
                    "accuracy": percent(right, sure),
                }
                for minimum, sure, right in zip(*surest, strict=True)
            ],
        }


def calibrate(
    table: Iterable[ConfidenceRows],
    source: str,
    matches: Matches,
    bands: Mapping[str, str] | None = None,
) -> dict[str, Calibration]:
    """Check a table of confidences against the predicted proteins, and sum it up band by band.

    `source` names the table in messages; `matches` must have kept its predictions; `bands` has the
    band of each protein that was scored (None: all are in one, ""). Rows of proteins that were not
    scored are skipped. Raises InputError naming the line of a row that is wrong, or a protein whose
    hidden residues are not all there.
    """
    calibrations: defaultdict[str, Calibration] = defaultdict(Calibration)
    skipped = matches.unmatched | {failure.id for failure in matches.failed}
    seen: set[str] = set()
    name, last_position, scored = "", 0, 0
    for rows in table:
        if rows.id != name or not seen:
            _check_complete(source, name, scored, matches)
            name, last_position, scored = rows.id, 0, 0
            known = name in matches.predictions or name in skipped
            rows.check_first(
                name not in seen, "expected the rows of a protein together, found more"
            )
            rows.check_first(known, "expected an id of the predicted FASTA, found another")
            seen.add(name)
        if name in matches.predictions:
            last_position = check_rows(rows, matches.predictions[name], last_position)
            _check_labels(rows, matches.readout)
            truth = encode(matches.truth[name].sequence)
            calibration = calibrations[bands[name] if bands else ""]
            scored += calibration.add_rows(rows, truth, hidden_mask(truth, matches.readout))
    _check_complete(source, name, scored, matches)
    for name in (name for name in matches.predictions if name not in seen):
        _check_complete(source, name, 0, matches)
    _check_readout(source, Calibration.total(calibrations.values()).labels, matches.readout)
    return dict(calibrations)


def calibrate_in_memory(
    confidences: Any, ids: Sequence[str], matches: Matches
) -> dict[str, Calibration]:
    """Sum up confidences in memory; all proteins are in one band, "".

    `confidences` is a DataFrame with the columns of predict's table, or has an array of shape
    (length,) for each protein: a mapping of ids, or a sequence in the order of `ids`. Raises
    InputError for those that are missing, of another shape, or not between 0 and 1.
    """
    source = "confidences"
    if isinstance(confidences, pd.DataFrame):
        return calibrate(confidences_of_frame(confidences, source), source, matches)
    if not isinstance(confidences, Mapping):
        if isinstance(confidences, str | bytes | PathLike) or not hasattr(confidences, "__iter__"):
            raise InputError(
                f"{source}: expected a DataFrame, or an array for each protein, found "
                f"{quoted(repr(confidences))}"
            )
        confidences = list(confidences)
        if len(confidences) != len(ids):
            raise InputError(
                f"{source}: expected an array for each of {len(ids)} predicted proteins, found "
                f"{len(confidences)}"
            )
        confidences = dict(zip(ids, confidences, strict=True))
    calibration = Calibration()
    for name, predicted in matches.predictions.items():
        if name not in confidences:
            raise InputError(f"{source}: expected an array for {quoted(name)}, found none")
        truth = encode(matches.truth[name].sequence)
        hidden = hidden_mask(truth, matches.readout)
        try:
            values = np.asarray(confidences[name], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{source}: {quoted(name)}: expected numbers: {error}") from error
        if values.shape != truth.shape:
            raise InputError(
                f"{source}: {quoted(name)}: expected shape {truth.shape}, found {values.shape}"
            )
        values, right = values[hidden], (predicted == truth)[hidden]
        if not ((values >= 0) & (values <= 1)).all():
            raise InputError(f"{source}: {quoted(name)}: expected confidences between 0 and 1")
        calibration.add(values, right)
    return {"": calibration}


def _check_labels(rows: ConfidenceRows, readout: Readout) -> None:
    """Refuse an observed residue that the readout cannot show."""
    hidden = hidden_mask(np.arange(UNKNOWN_CODE + 1, dtype=np.uint8), readout)
    rows.check_residues(
        (rows.source == 0) & hidden[np.minimum(rows.residue, UNKNOWN_CODE)],
        lambda row: (
            f"expected an observed residue to be one of {readout.observed}, found "
            f"{AMINO_ACIDS[rows.residue[row]]} (was it predicted from another readout?)"
        ),
    )


def _check_readout(source: str, labels: np.ndarray, readout: Readout) -> None:
    """Refuse what cannot come from this readout of these proteins; see `Calibration.labels`."""
    _, observed, wrong = labels.sum(axis=1).tolist()
    if mostly_wrong(wrong, observed):
        raise InputError(
            f"{source}: expected observed residues as in the truth, found {wrong} of {observed} "
            "different (another readout, or other proteins under the same ids?)"
        )
    for code in encode(readout.observed).tolist():
        if labels[0, code] >= MIN_LABELS and not labels[1, code]:
            raise InputError(
                f"{source}: expected some of the {labels[0, code]} {AMINO_ACIDS[code]} to be "
                "observed, found none (was it predicted from another readout?)"
            )


def _check_complete(source: str, name: str, scored: int, matches: Matches) -> None:
    if name in matches.predictions and scored != (hidden := matches.counts[name].hidden):
        raise InputError(
            f"{source}: {quoted(name)}: expected a confidence for each of its {hidden} hidden "
            f"residues, found {scored}"
        )
