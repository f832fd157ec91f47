"""Rows of the tables of an evaluation, as summary.json and the figures have them.

Shares are in percent, confidences in 0-1; None is undefined.
"""

from typing import TypedDict


class LengthRow(TypedDict):
    """Accuracy over the proteins of one class of lengths that have hidden residues."""

    length: str
    proteins: int
    macro: float | None
    sd: float | None
    micro: float | None
    commonest_macro: float | None
    neighbours_macro: float | None


class IdentityRow(TypedDict):
    """Accuracy over the proteins of one band of identity to the nearest reference protein.

    `copy` is what copying the nearest reference protein gets right.
    """

    band: str
    proteins: int
    hidden: int
    macro: float | None
    sd: float | None
    micro: float | None
    copy_macro: float | None
    copy_micro: float | None
    commonest_macro: float | None
    commonest_micro: float | None
    mean_confidence: float | None
    expected_calibration_error: float | None


ReliabilityBin = TypedDict(
    "ReliabilityBin",
    {
        "from": float,
        "to": float,
        "residues": int,
        "mean_confidence": float | None,
        "accuracy": float | None,
    },
)
"""Residues whose confidence lies between two edges, and the percentage of them that is right."""
