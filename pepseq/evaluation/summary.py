"""The summary of an evaluation: what summary.json holds, and the rows of its tables.

Shares are in percent, confidences and calibration errors in 0-1; None is undefined.
"""

from typing import TypedDict


class Shares(TypedDict):
    """Percentages: macro (mean over proteins), its standard deviation, micro (over residues)."""

    macro: float | None
    sd: float | None
    micro: float | None


class BaselineRow(Shares):
    """What a baseline gets right; `fitted_on` is background or truth, None if nothing is hidden."""

    baseline: str
    fitted_on: str | None
    fully_right: float | None


class LengthRow(Shares):
    """Accuracy over the proteins of one class of lengths that have hidden residues."""

    length: str
    proteins: int
    commonest_macro: float | None
    neighbours_macro: float | None


class AminoAcidRow(TypedDict):
    """Hidden residues that are an amino acid, and those predicted as it."""

    amino_acid: str
    n: int
    correct: int
    recall: float | None
    predicted: int
    precision: float | None


class IdentityRow(Shares):
    """Accuracy over the proteins of one band of identity to the nearest reference protein.

    `copy` is what copying the nearest reference protein gets right.
    """

    band: str
    proteins: int
    hidden: int
    copy_macro: float | None
    copy_micro: float | None
    commonest_macro: float | None
    commonest_micro: float | None
    mean_confidence: float | None
    expected_calibration_error: float | None


class IdentitySummary(TypedDict):
    """Accuracy by band of identity, and over all proteins but the identical ones."""

    reference_proteins: int
    bands: list[IdentityRow]
    without_identical: IdentityRow


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


class SurestRow(TypedDict):
    """Hidden residues with at least a confidence: number, share of all, percentage right."""

    at_least: float
    residues: int
    share: float | None
    accuracy: float | None


class CalibrationSummary(TypedDict):
    """Confidences of hidden residues against the truth.

    `among_top_three` is the percentage of residues whose true amino acid is among the three most
    probable ones, None if these are not known.
    """

    residues: int
    mean_confidence: float | None
    expected_calibration_error: float | None
    among_top_three: float | None
    bins: list[ReliabilityBin]
    surest: list[SurestRow]


class Summary(TypedDict):
    """What summary.json holds.

    records: of both inputs, left out and compared; proteins: with and without hidden residues;
    residues: of proteins with hidden ones, and observed ones of all; identity: right residues of
    whole sequences in percent of the known ones, macro and micro.
    """

    readout: str
    records: dict[str, int]
    proteins: dict[str, int]
    residues: dict[str, int]
    hidden_residue_accuracy: Shares
    identity: dict[str, float | None]
    fully_right: float | None
    baselines: list[BaselineRow]
    by_length: list[LengthRow]
    by_identity: IdentitySummary | None
    calibration: CalibrationSummary | None
