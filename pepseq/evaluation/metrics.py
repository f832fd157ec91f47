"""How right reconstructions are: pure functions of sequences and counts.

Every share is `100 * part / whole` with both written out; a share of nothing (0/0) is None. Macro
is the mean over proteins with at least one hidden residue, micro is over their residues. Sums are
exact, so the order of the proteins changes nothing.
"""

import math
from collections.abc import Iterable
from statistics import stdev
from typing import NamedTuple

import numpy as np

from pepseq.evaluation.summary import AminoAcidRow, ReliabilityBin, Shares
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

UNKNOWN_CODE = len(AMINO_ACIDS)
"""The code of everything that is no standard amino acid."""

CALIBRATION_BINS = 15
"""Equal-width bins of confidence between 0 and 1."""

LENGTH_BINS = {"<100": (0, 99), "100-1024": (100, 1024), ">1024": (1025, math.inf)}
"""Length classes of lengths.tsv: first and last length of each, in residues."""

FINE_LENGTH_BINS = {
    "<50": (0, 49),
    "50-99": (50, 99),
    "100-199": (100, 199),
    "200-299": (200, 299),
    "300-399": (300, 399),
    "400-599": (400, 599),
    "600-1024": (600, 1024),
    ">1024": (1025, math.inf),
}
"""Length classes of lengths_fine.tsv and of the figure."""

_CODES = bytes(
    AMINO_ACIDS.index(chr(b)) if chr(b) in AMINO_ACIDS else UNKNOWN_CODE for b in range(256)
)


def encode(sequence: str) -> np.ndarray:
    """Return a code for each residue, uint8 of shape (length,).

    0 to 19 in the order of AMINO_ACIDS, 20 for anything else.

    >>> encode("ACX").tolist()
    [0, 1, 20]
    """
    return np.frombuffer(sequence.encode("ascii", "replace").translate(_CODES), dtype=np.uint8)


def hidden_mask(truth: np.ndarray, readout: Readout) -> np.ndarray:
    """Return where `truth` (codes) is an amino acid that the readout hides: bool, (length,).

    Unknown residues are not among them: they are never scored.

    >>> hidden_mask(encode("MAXK"), Readout("KCYM")).tolist()
    [False, True, False, False]
    """
    is_hidden = np.zeros(UNKNOWN_CODE + 1, dtype=bool)
    is_hidden[encode(readout.unobserved)] = True
    return np.take(is_hidden, truth)


class ResidueCounts(NamedTuple):
    """Residues of one protein: hidden, hidden and right, known in the truth, known and right."""

    hidden: int
    correct: int
    known: int
    identical: int


def count_residues(truth: np.ndarray, predicted: np.ndarray, hidden: np.ndarray) -> ResidueCounts:
    """Count the right residues of one protein.

    `truth` and `predicted` are codes, `hidden` is `hidden_mask` of the truth; all (length,).

    >>> truth, predicted = encode("MAGXK"), encode("MALLK")
    >>> count_residues(truth, predicted, hidden_mask(truth, Readout("KCYM")))
    ResidueCounts(hidden=2, correct=1, known=4, identical=3)
    """
    right = truth == predicted
    known = truth != UNKNOWN_CODE
    masks = (hidden, right & hidden, known, right & known)
    return ResidueCounts(*(int(np.count_nonzero(mask)) for mask in masks))


def confusion_counts(truth: np.ndarray, predicted: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Count hidden residues by true (row) and predicted (column) amino acid: int64, (20, 20).

    Raises ValueError if a hidden residue is predicted as no amino acid.
    """
    size = len(AMINO_ACIDS)
    guesses = predicted[hidden]
    if (guesses >= size).any():
        raise ValueError("expected an amino acid for every hidden residue, found something else")
    cells = truth[hidden].astype(np.int64) * size + guesses
    return np.bincount(cells, minlength=size * size).reshape(size, size)


def percent(part: float, whole: float) -> float | None:
    """Return `100 * part / whole`, None if `whole` is 0."""
    return 100 * float(part) / float(whole) if whole else None


def _percents(part: Iterable[int], whole: Iterable[int]) -> list[float]:
    return [100 * int(p) / int(w) for p, w in zip(part, whole, strict=True) if w]


def macro(part: Iterable[int], whole: Iterable[int]) -> float | None:
    """Return the mean of `100 * part / whole` over the proteins whose `whole` is not 0.

    >>> macro([1, 9, 0], [2, 9, 0])
    75.0
    """
    percents = _percents(part, whole)
    return math.fsum(percents) / len(percents) if percents else None


def spread(part: Iterable[int], whole: Iterable[int]) -> float | None:
    """Return the standard deviation (n - 1) of what `macro` averages; None for under two."""
    percents = _percents(part, whole)
    return stdev(percents) if len(percents) > 1 else None


def micro(part: Iterable[int], whole: Iterable[int]) -> float | None:
    """Return `100 * sum of parts / sum of wholes`, None if nothing is counted.

    >>> round(micro([1, 9, 0], [2, 9, 0]), 2)
    90.91
    """
    return percent(sum(map(int, part)), sum(map(int, whole)))


def shares(part: np.ndarray, whole: np.ndarray) -> Shares:
    """Return macro, its spread and micro."""
    return {"macro": macro(part, whole), "sd": spread(part, whole), "micro": micro(part, whole)}


def fully_right(part: np.ndarray, whole: np.ndarray) -> float | None:
    """Return the percentage of proteins with `part == whole`, among those whose `whole` is not 0.

    >>> fully_right(np.array([1, 9, 0]), np.array([2, 9, 0]))
    50.0
    """
    scored = whole > 0
    return percent(int(np.sum((part == whole) & scored)), int(np.sum(scored)))


def in_bin(length: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Return which lengths (residues) lie between two bounds, both included."""
    return (length >= bounds[0]) & (length <= bounds[1])


def amino_acid_rows(confusion: np.ndarray, readout: Readout) -> list[AminoAcidRow]:
    """Return one row for each hidden amino acid, from the (20, 20) counts of `confusion_counts`.

    Recall is `100 * correct / n`, precision `100 * correct / predicted`.
    """
    rows: list[AminoAcidRow] = []
    for code, name in enumerate(AMINO_ACIDS):
        if name in readout.unobserved:
            n, right = int(confusion[code].sum()), int(confusion[code, code])
            guessed = int(confusion[:, code].sum())
            rows.append(
                {
                    "amino_acid": name,
                    "n": n,
                    "correct": right,
                    "recall": percent(right, n),
                    "predicted": guessed,
                    "precision": percent(right, guessed),
                }
            )
    return rows


def calibration_counts(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sum residues by confidence: float64, (3, 15), to be added over parts of the data.

    Rows: number of residues, sum of their confidences, number of right ones. `confidence` lies in
    0-1, `right` is bool, both (residues,). A bin holds its lower edge; the last holds 1 as well.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    weights = (None, confidence, right.astype(np.float64))
    return np.array([np.bincount(bins, w, CALIBRATION_BINS) for w in weights], dtype=np.float64)


def calibration_error(counts: np.ndarray) -> float | None:
    """Return the expected calibration error, 0-1: sum over bins of n_b / N * |accuracy - mean|.

    That is |right - sum of confidences| summed, over N (Guo et al. 2017); None without residues.
    """
    total = counts[0].sum()
    return float(np.abs(counts[2] - counts[1]).sum() / total) if total else None


def calibration_rows(counts: np.ndarray) -> list[ReliabilityBin]:
    """Return one row for each bin: its edges, residues, mean confidence (0-1), accuracy (%)."""
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    return [
        {
            "from": float(edges[b]),
            "to": float(edges[b + 1]),
            "residues": int(n),
            "mean_confidence": float(total / n) if n else None,
            "accuracy": percent(right, n),
        }
        for b, (n, total, right) in enumerate(counts.T)
    ]
