"""A read's reconstruction: the protein, and the probabilities of its residues."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from pepseq.errors import InputError, quoted
from pepseq.network.inputs import residue_slices
from pepseq.readout.masking import HIDDEN, MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.residues import AMINO_ACIDS, label_symbol
from pepseq.settings import Range, require

SHOWN_WEIGHT = 0.05
"""Templates with a smaller probability at a residue are not named there."""
_LETTERS = np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class CopiedTemplates:
    """Templates that the residues of one protein are copied from.

    `ids`: those copied most; `weights`, (length, ids): probability that each is copied. Of all
    templates, (length,): `weight`, the probability that any is copied, and `agreement`, the share
    of it on those that have the residue that the protein was given.
    """

    ids: tuple[str, ...]
    weights: np.ndarray
    weight: np.ndarray
    agreement: np.ndarray

    @property
    def best(self) -> str:
        """Id of the template most copied over the protein.

        Empty if none is, on most residues, or so many alike that each weighs less than
        SHOWN_WEIGHT.
        """
        if not self.ids:
            return ""
        mean = self.weights.mean(0)
        shown = self.weight.mean() >= 0.5 and mean.max() >= SHOWN_WEIGHT
        return self.ids[mean.argmax()] if shown else ""


@dataclass(frozen=True, eq=False, repr=False)
class Reconstruction:
    """A protein that was predicted from a read.

    `id` is the read's; `sequence` has its length and its observed residues; `hidden` are the
    0-based hidden positions, int64; `candidates` the amino acids they may take; `probabilities`,
    float64 of shape (hidden positions, candidates), sum to 1 in each row. A position known only to
    be in a group counts as hidden; candidates that are impossible at a position have probability
    0. `templates` are None if no reference was used. Raises ValueError otherwise.
    """

    id: str
    read: MaskedSequence
    sequence: str
    hidden: np.ndarray
    candidates: str
    probabilities: np.ndarray
    templates: CopiedTemplates | None = None

    def __post_init__(self) -> None:
        before = np.frombuffer(self.read.residues.encode(), dtype=np.uint8)
        after = np.frombuffer(self.sequence.encode(), dtype=np.uint8)
        if len(before) != len(after) or not np.array_equal(
            (before != after).nonzero()[0], self.hidden
        ):
            raise ValueError("expected the read's length and its observed residues")
        if not np.allclose(self.probabilities.sum(1), 1):
            raise ValueError("expected probabilities that sum to 1")

    def __len__(self) -> int:
        return len(self.sequence)

    def __repr__(self) -> str:
        return (
            f"Reconstruction({self.id!r}, {len(self)} residues, "
            f"mean_confidence={self.mean_confidence:.3f})"
        )

    @property
    def confidence(self) -> np.ndarray:
        """Probability of each residue of the sequence, (length,); 1 if it was observed."""
        confidence = np.ones(len(self))
        confidence[self.hidden] = self.probabilities.max(1, initial=0)
        return confidence

    @property
    def mean_confidence(self) -> float:
        """Mean probability of the residues chosen at hidden positions; 1 if none is hidden."""
        return float(self.probabilities.max(1).mean()) if len(self.hidden) else 1.0

    def hide_below(self, confidence: float) -> str:
        """Return the protein with X for each hidden residue whose probability is lower."""
        require(
            isinstance(confidence, Real) and confidence in Range(0, 1),
            f"confidence: expected {Range(0, 1).expected}, found {quoted(repr(confidence))}",
        )
        residues = np.frombuffer(self.sequence.encode(), dtype=np.uint8).copy()
        residues[self.hidden[self.probabilities.max(1, initial=0) < confidence]] = ord(HIDDEN)
        return residues.tobytes().decode()


def choose_residues(
    read: Record, logits: np.ndarray, candidates: str, groups: Sequence[str] = ()
) -> Reconstruction:
    """Return the protein with the most likely candidate at each hidden position of a read.

    `logits` has shape (length, 20), columns in the order of AMINO_ACIDS. Probabilities are a
    softmax over the candidates alone; a position known only to be in one of the `groups` has that
    group's members as its candidates. Raises InputError if logits are not finite.
    """
    masked = MaskedSequence(read.sequence)
    residues = np.frombuffer(masked.residues.encode(), dtype=np.uint8).copy()
    groups = [group for group in groups if label_symbol(group) in masked.residues]
    hidden = ((residues == ord(HIDDEN)) | (residues >= ord("a"))).nonzero()[0]
    every = candidates + "".join(a for group in groups for a in group if a not in candidates)
    columns = [AMINO_ACIDS.index(a) for a in every]
    probabilities = np.empty((len(hidden), len(columns)))
    for part in residue_slices(len(hidden)):
        probabilities[part] = logits[hidden[part]][:, columns]
    if not np.isfinite(probabilities).all():
        raise InputError("expected finite logits from the network, found NaN or infinity")
    members_of = {HIDDEN: candidates} | {label_symbol(group): group for group in groups}
    for symbol, members in members_of.items():
        if any(impossible := [a not in members for a in every]):
            probabilities[np.ix_(residues[hidden] == ord(symbol), impossible)] = -np.inf
    probabilities -= probabilities.max(1, keepdims=True, initial=-np.inf)
    np.exp(probabilities, out=probabilities)
    probabilities /= probabilities.sum(1, keepdims=True)
    residues[hidden] = _LETTERS[columns][probabilities.argmax(1)] if len(hidden) else 0
    sequence = residues.tobytes().decode()
    return Reconstruction(read.id, masked, sequence, hidden, every, probabilities)


def candidates_of(readout: Readout, which: str) -> str:
    """Return the candidates of hidden positions: `hidden` for the readout's, `all` for twenty."""
    return AMINO_ACIDS if which == "all" else readout.hidden
