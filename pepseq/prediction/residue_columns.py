"""What the table of predict says of the residues of a protein, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pepseq.network.inputs import residue_slices
from pepseq.prediction.reconstruction import SHOWN_WEIGHT, Reconstruction

DECIMALS = 6
"""Decimals of the probabilities in the table."""
EMPTY = -1
"""A number that a cell lacks."""
CONTRADICTED = 0.99
"""An observed residue is doubted if so much weight is on templates and they carry another one."""
_UNIT = 10**DECIMALS
_SHOWN = 3
_TIE_MARGIN = 1e-6


@dataclass(frozen=True)
class ResidueColumns:
    """Columns of some residues of one protein, each of shape (residues,) or (residues, 3).

    `position` is 1-based. `letters`, uint8, and `confidences`: the residue and the next-best
    candidates; an observed residue has confidence 1 and no others. Template ids are
    `templates[template]`. Confidences, `weight` and `agreement` are int64, in millionths, or EMPTY.
    """

    position: np.ndarray
    is_predicted: np.ndarray
    letters: np.ndarray
    confidences: np.ndarray
    templates: list[str]
    template: np.ndarray
    weight: np.ndarray
    agreement: np.ndarray
    is_doubted: np.ndarray


def residue_columns(reconstruction: Reconstruction) -> Iterator[ResidueColumns]:
    """Yield the columns of a protein, of a limited number of residues at a time."""
    for part in residue_slices(len(reconstruction)):
        yield _columns(reconstruction, part)


def millionths(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities in millionths, int64, rounded as Python rounds them in texts.

    >>> millionths(np.array([0.25, 0.1234565])).tolist(), f"{0.1234565:.6f}"
    ([250000, 123456], '0.123456')
    """
    scaled = probabilities * _UNIT
    result = np.rint(scaled).astype(np.int64)
    ties = np.nonzero(np.abs(scaled - np.floor(scaled) - 0.5) < _TIE_MARGIN)
    for index in zip(*ties, strict=True):  # the product may have been rounded to a tie, or from one
        result[index] = int(f"{probabilities[index]:.{DECIMALS}f}".replace(".", ""))
    return result


def _columns(reconstruction: Reconstruction, part: slice) -> ResidueColumns:
    number = part.stop - part.start
    hidden = reconstruction.hidden
    first, last = np.searchsorted(hidden, [part.start, part.stop])
    rows = hidden[first:last] - part.start
    residues = np.frombuffer(reconstruction.sequence[part].encode(), np.uint8)
    letters = np.zeros((number, _SHOWN), np.uint8)
    confidences = np.full((number, _SHOWN), EMPTY, np.int64)
    letters[:, 0], confidences[:, 0] = residues, _UNIT
    is_predicted = np.zeros(number, bool)
    if len(rows):
        is_predicted[rows] = True
        probabilities = reconstruction.probabilities[first:last]
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :_SHOWN]
        best = np.take_along_axis(probabilities, order, axis=1)
        candidates = np.frombuffer(reconstruction.candidates.encode(), np.uint8)
        shown = order.shape[1]
        letters[rows, :shown] = candidates[order]
        confidences[rows, :shown] = np.where(best > 0, millionths(best), EMPTY)
    return ResidueColumns(
        np.arange(part.start + 1, part.stop + 1),
        is_predicted,
        letters,
        confidences,
        *_template_columns(reconstruction, part, is_predicted),
    )


def _template_columns(
    reconstruction: Reconstruction, part: slice, is_predicted: np.ndarray
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns from `templates` to `is_doubted`."""
    templates, number = reconstruction.templates, len(is_predicted)
    nothing, empty = np.zeros(number, np.int64), np.full(number, EMPTY, np.int64)
    never = np.zeros(number, bool)
    if templates is None:
        return [""], nothing, empty, empty, never
    if not templates.ids:
        return [""], nothing, nothing, empty, never
    weights = templates.weights[part]
    order = np.argsort(-weights, axis=1, kind="stable")[:, :_SHOWN]
    shown = np.take_along_axis(weights, order, axis=1) >= SHOWN_WEIGHT
    keys = np.where(shown, order + 1, 0) @ (len(templates.ids) + 1) ** np.arange(order.shape[1])
    _, firsts, template = np.unique(keys, return_index=True, return_inverse=True)
    texts = [";".join(templates.ids[c] for c in order[row][shown[row]]) for row in firsts]
    weight, agreement = templates.weight[part], templates.agreement[part]
    is_doubted = ~is_predicted & (weight > CONTRADICTED) & (agreement < 1 - CONTRADICTED)
    return texts, template, millionths(weight), millionths(agreement), is_doubted
