"""Accuracy by identity to the nearest reference protein: retrieval and generalisation."""

from collections.abc import Collection, Mapping

import numpy as np

from pepseq.evaluation.matches import ScoredProteins
from pepseq.evaluation.metrics import macro, micro, shares
from pepseq.evaluation.nearest import BANDS, LOWER_EDGES, Nearest
from pepseq.evaluation.reliability import Calibration
from pepseq.evaluation.summary import IdentityRow, IdentitySummary

WITHOUT_IDENTICAL = "without identical"


def summarise_identity(
    scores: ScoredProteins, nearest: Nearest, calibrations: Mapping[str, Calibration]
) -> IdentitySummary:
    """Return accuracies by band, and over all bands but `identical`.

    `nearest` are those of the proteins of `scores`, in their order; `calibrations` are by band,
    none of them without confidences.
    """
    band_of_protein = np.array(nearest.bands, dtype=object)

    def row(name: str, bands: Collection[str]) -> IdentityRow:
        """Return the row of the proteins of some bands that have hidden residues."""
        chosen = np.isin(band_of_protein, list(bands)) & (scores["hidden"] > 0)
        hidden, correct = scores["hidden"][chosen], scores["correct"][chosen]
        copied, commonest = nearest.copied[chosen], scores["commonest"][chosen]
        parts = [calibrations[band] for band in bands if band in calibrations]
        calibration = Calibration.total(parts).summary()
        return {
            "band": name,
            "proteins": int(chosen.sum()),
            "hidden": int(hidden.sum()),
            **shares(correct, hidden),
            "copy_macro": macro(copied, hidden),
            "copy_micro": micro(copied, hidden),
            "commonest_macro": macro(commonest, hidden),
            "commonest_micro": micro(commonest, hidden),
            "mean_confidence": calibration["mean_confidence"],
            "expected_calibration_error": calibration["expected_calibration_error"],
        }

    return {
        "reference_proteins": nearest.distinct,
        "bands": [row(band, [band]) for band in BANDS],
        "without_identical": row(WITHOUT_IDENTICAL, LOWER_EDGES),
    }
