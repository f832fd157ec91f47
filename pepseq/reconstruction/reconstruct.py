"""From one readout and the network's logits to the protein and its confidences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pepseq.errors import InputError
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
)
_LETTERS = np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)


@dataclass(frozen=True)
class Reconstruction:
    """A completed protein.

    `sequence` has the readout's length and its observed residues; `hidden` are the 0-based hidden
    positions, int64; `candidates` the amino acids they may take; `probabilities`, float64 of shape
    (hidden positions, candidates), sum to 1 in each row. A position known only to be in a group
    counts as hidden; what it or another cannot be has probability 0. Raises ValueError otherwise.
    """

    masked: MaskedSequence
    sequence: str
    hidden: np.ndarray
    candidates: str
    probabilities: np.ndarray

    def __post_init__(self):
        before = np.frombuffer(self.masked.residues.encode(), dtype=np.uint8)
        after = np.frombuffer(self.sequence.encode(), dtype=np.uint8)
        if len(before) != len(after) or (before != after).nonzero()[0].tolist() != list(
            self.hidden
        ):
            raise ValueError("expected the readout's length and its observed residues")
        if not np.allclose(self.probabilities.sum(1), 1):
            raise ValueError("expected probabilities that sum to 1")

    @property
    def confidence(self) -> float:
        """Mean probability of the residues chosen at hidden positions; 1 if none is hidden."""
        return float(self.probabilities.max(1).mean()) if len(self.hidden) else 1.0


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
    chosen = logits[hidden][:, columns].astype(np.float64)
    if not np.isfinite(chosen).all():
        raise InputError("expected finite logits from the network, found NaN or infinity")
    for symbol, members in [(HIDDEN, usual), *((label_symbol(group), group) for group in groups)]:
        others = [a not in members for a in candidates]
        chosen[np.ix_(residues[hidden] == ord(symbol), others)] = -np.inf
    weights = np.exp(chosen - chosen.max(1, keepdims=True, initial=-np.inf))
    probabilities = weights / weights.sum(1, keepdims=True)
    residues[hidden] = _LETTERS[columns][probabilities.argmax(1)] if len(hidden) else 0
    return Reconstruction(masked, residues.tobytes().decode(), hidden, candidates, probabilities)


def candidates_of(readout: Readout, which: str) -> str:
    """Return the candidates of hidden positions: `hidden` for the readout's, `all` for twenty."""
    return AMINO_ACIDS if which == "all" else readout.hidden


def table_rows(name: str, reconstruction: Reconstruction) -> str:
    """Return the rows of a protein in predict's table, tab-separated, one for each residue."""
    order = np.argsort(-reconstruction.probabilities, axis=1, kind="stable")[:, :3]
    best = np.take_along_axis(reconstruction.probabilities, order, axis=1)
    predicted = {}
    for position, columns, values in zip(
        reconstruction.hidden.tolist(), order.tolist(), best.tolist(), strict=True
    ):
        cells = [
            f"{reconstruction.candidates[c]}\t{v:.6f}"
            for c, v in zip(columns, values, strict=True)
            if v > 0
        ]
        cells[0] = cells[0].replace("\t", "\tpredicted\t")
        predicted[position] = "\t".join(cells + ["\t"] * (3 - len(cells)))
    return "".join(
        f"{name}\t{i + 1}\t{predicted.get(i) or f'{residue}{_OBSERVED}'}\n"
        for i, residue in enumerate(reconstruction.sequence)
    )


_OBSERVED = "\tobserved\t1.000000\t\t\t\t"
