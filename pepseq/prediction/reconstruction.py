"""From one readout and the network's logits to the protein and its confidences."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.errors import InputError
from pepseq.network.inputs import residue_slices
from pepseq.readout.masking import HIDDEN, MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS, label_symbol

TABLE_COLUMNS = (
    "id",
    "position",
    "residue",
    "source",
    "confidence",
    "second",
    "second_confidence",
    "third",
    "third_confidence",
    "templates",
    "template_weight",
    "agreement",
    "flag",
)
_LETTERS = np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)


@dataclass(frozen=True)
class Origins:
    """Which templates the residues of one protein come from.

    `names`: ids of those copied most; `weights`, (length, names): probability that each is copied.
    Of all templates, (length,): `weight`, the probability that any is copied, and `agreement`, the
    share of it on those that have the residue that the protein was given.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    weight: np.ndarray
    agreement: np.ndarray

    @property
    def best(self) -> str:
        """Id of the template most copied over the protein.

        Empty if none is, on most residues, or so many alike that each weighs less than the table
        shows.
        """
        mean = self.weights.mean(0)
        shown = self.weight.mean() >= 0.5 and mean.max() >= SHOWN_WEIGHT
        return self.names[mean.argmax()] if shown else ""


@dataclass(frozen=True)
class Reconstruction:
    """A completed protein.

    `sequence` has the readout's length and its observed residues; `hidden` are the 0-based hidden
    positions, int64; `candidates` the amino acids they may take; `probabilities`, float64 of shape
    (hidden positions, candidates), sum to 1 in each row. A position known only to be in a group
    counts as hidden; what it or another cannot be has probability 0. `origins` says which templates
    residues come from, if templates were asked. Raises ValueError otherwise.
    """

    masked: MaskedSequence
    sequence: str
    hidden: np.ndarray
    candidates: str
    probabilities: np.ndarray
    origins: Origins | None = None

    def __post_init__(self):
        before = np.frombuffer(self.masked.residues.encode(), dtype=np.uint8)
        after = np.frombuffer(self.sequence.encode(), dtype=np.uint8)
        if len(before) != len(after) or not np.array_equal(
            (before != after).nonzero()[0], self.hidden
        ):
            raise ValueError("expected the readout's length and its observed residues")
        if not np.allclose(self.probabilities.sum(1), 1):
            raise ValueError("expected probabilities that sum to 1")

    @property
    def confidence(self) -> float:
        """Mean probability of the residues chosen at hidden positions; 1 if none is hidden."""
        return float(self.probabilities.max(1).mean()) if len(self.hidden) else 1.0

    def surer_than(self, confidence: float) -> str:
        """Return the protein with X for each hidden residue whose probability is lower."""
        residues = np.frombuffer(self.sequence.encode(), dtype=np.uint8).copy()
        residues[self.hidden[self.probabilities.max(1, initial=0) < confidence]] = ord(HIDDEN)
        return residues.tobytes().decode()


def reconstruct(
    masked: MaskedSequence, logits: np.ndarray, candidates: str, groups: Sequence[str] = ()
) -> Reconstruction:
    """Choose the likeliest candidate at each hidden position.

    `logits` has shape (length, 20), columns in the order of AMINO_ACIDS. Probabilities are a
    softmax over the candidates alone; a position known only to be in one of the `groups` has that
    group's members as its candidates. Raises InputError if logits are not finite.
    """
    residues = np.frombuffer(masked.residues.encode(), dtype=np.uint8).copy()
    groups = [group for group in groups if label_symbol(group) in masked.residues]
    hidden = ((residues == ord(HIDDEN)) | (residues >= ord("a"))).nonzero()[0]
    usual = candidates
    candidates += "".join(a for group in groups for a in group if a not in usual)
    columns = [AMINO_ACIDS.index(a) for a in candidates]
    chosen = np.empty((len(hidden), len(columns)))
    for part in residue_slices(len(hidden)):
        chosen[part] = logits[hidden[part]][:, columns]
    if not np.isfinite(chosen).all():
        raise InputError("expected finite logits from the network, found NaN or infinity")
    for symbol, members in [(HIDDEN, usual), *((label_symbol(group), group) for group in groups)]:
        if any(others := [a not in members for a in candidates]):
            chosen[np.ix_(residues[hidden] == ord(symbol), others)] = -np.inf
    chosen -= chosen.max(1, keepdims=True, initial=-np.inf)
    np.exp(chosen, out=chosen)
    chosen /= chosen.sum(1, keepdims=True)
    residues[hidden] = _LETTERS[columns][chosen.argmax(1)] if len(hidden) else 0
    return Reconstruction(masked, residues.tobytes().decode(), hidden, candidates, chosen)


def candidates_of(readout: Readout, which: str) -> str:
    """Return the candidates of hidden positions: `hidden` for the readout's, `all` for twenty."""
    return AMINO_ACIDS if which == "all" else readout.hidden


def table_rows(name: str, reconstruction: Reconstruction) -> Iterator[str]:
    """Yield the rows of a protein in predict's table, one for each residue, many at a time."""
    hidden = reconstruction.hidden
    for part in residue_slices(len(reconstruction.sequence)):
        first, last = np.searchsorted(hidden, [part.start, part.stop])
        predicted = _predicted_cells(reconstruction, slice(first, last))
        places = hidden[first:last].tolist()
        cells = dict(zip(places, predicted, strict=True))
        yield "".join(
            f"{name}\t{i + 1}\t{cells.get(i) or f'{residue}{_OBSERVED}'}\t{origin}\n"
            for i, residue, origin in zip(
                range(part.start, part.stop),
                reconstruction.sequence[part],
                _origin_cells(reconstruction.origins, part, cells.keys()),
                strict=True,
            )
        )


def _predicted_cells(reconstruction: Reconstruction, part: slice) -> list[str]:
    """Return the cells residue to third_confidence of some of the hidden residues."""
    probabilities = reconstruction.probabilities[part]
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    best = np.take_along_axis(probabilities, order, axis=1)
    predicted = []
    for columns, values in zip(order.tolist(), best.tolist(), strict=True):
        cells = [
            f"{reconstruction.candidates[c]}\t{v:.6f}"
            for c, v in zip(columns, values, strict=True)
            if v > 0
        ]
        cells[0] = cells[0].replace("\t", "\tpredicted\t")
        predicted.append("\t".join(cells + ["\t"] * (3 - len(cells))))
    return predicted


def _origin_cells(origins: Origins | None, part: slice, hidden: Collection[int]) -> list[str]:
    """Return the cells templates, template_weight, agreement and flag of some residues."""
    if origins is None:
        return ["\t\t\t"] * (part.stop - part.start)
    if not origins.names:
        return ["\t0.000000\t\t"] * (part.stop - part.start)
    weights = origins.weights[part]
    order = np.argsort(-weights, axis=1, kind="stable")[:, :3]
    shown = np.take_along_axis(weights, order, axis=1) >= SHOWN_WEIGHT
    cells = []
    for i, columns, show, weight, agreement in zip(
        range(part.start, part.stop),
        order.tolist(),
        shown.tolist(),
        origins.weight[part].tolist(),
        origins.agreement[part].tolist(),
        strict=True,
    ):
        names = ";".join(origins.names[c] for c, s in zip(columns, show, strict=True) if s)
        doubt = i not in hidden and weight > CONTRADICTED and agreement < 1 - CONTRADICTED
        cells.append(f"{names}\t{weight:.6f}\t{agreement:.6f}\t{'misread?' if doubt else ''}")
    return cells


SHOWN_WEIGHT = 0.05
"""Templates with a smaller probability at a residue are not named in its row."""
CONTRADICTED = 0.99
"""An observed residue is doubted if so much weight is on templates and they carry another one."""
_OBSERVED = "\tobserved\t1.000000\t\t\t\t"
