"""Accuracy by identity to the nearest reference protein: retrieval and generalisation apart."""

from collections.abc import Iterable, Mapping

import numpy as np

from pepseq.evaluation.match import Scores
from pepseq.evaluation.metrics import macro, micro, spread
from pepseq.evaluation.nearest import BANDS, LOWER_EDGES, Nearest
from pepseq.evaluation.reliability import Calibration

WITHOUT_IDENTICAL = "without identical"
_CONFIDENCES = ("mean_confidence", "expected_calibration_error")


def summarise_identity(
    scores: Scores, nearest: Nearest, calibrations: Mapping[str, Calibration]
) -> dict:
    """Return accuracies by band, and over all bands but `identical`.

    `nearest` are those of the proteins of `scores`, in their order; `calibrations` are by band,
    none of them without a table of confidences.
    """
    bands = np.array(nearest.bands, dtype=object)
    return {
        "reference_proteins": nearest.distinct,
        "bands": [_row(band, [band], bands, scores, nearest, calibrations) for band in BANDS],
        "without_identical": _row(
            WITHOUT_IDENTICAL, LOWER_EDGES, bands, scores, nearest, calibrations
        ),
    }


def _row(
    name: str,
    inside: Iterable[str],
    bands: np.ndarray,
    scores: Scores,
    nearest: Nearest,
    calibrations: Mapping[str, Calibration],
) -> dict:
    """Return a row over the proteins of some bands that have something hidden."""
    chosen = np.isin(bands, list(inside)) & (scores["hidden"] > 0)
    hidden = scores["hidden"][chosen]
    row = {"band": name, "proteins": int(chosen.sum()), "hidden": int(hidden.sum())}
    correct = scores["correct"][chosen]
    row |= {"macro": macro(correct, hidden), "sd": spread(correct, hidden)}
    row["micro"] = micro(correct, hidden)
    for what, right in (("copy", nearest.copied), ("commonest", scores["commonest"])):
        row[f"{what}_macro"] = macro(right[chosen], hidden)
        row[f"{what}_micro"] = micro(right[chosen], hidden)
    parts = (calibrations[band] for band in inside if band in calibrations)
    calibration = Calibration.total(parts).summary()
    return row | {name: calibration[name] for name in _CONFIDENCES}
