"""A sample: proteins and their copies, the peptides of its digestion, and its true amounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import Peptides, digest
from pepseq.errors import SettingsError
from pepseq.quantification.abundances import draw_copies
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.molecular_weights import molecular_weights
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.substitution import UNKNOWN_CODE, encode

TRUTH_COLUMNS = (
    *("protein", "copies", "molar_fraction", "mass_fraction", "labelled_peptides", "reads"),
)


@dataclass(frozen=True)
class Sample:
    """Proteins with their copies, and their peptides.

    residues, offsets: codes 0-20 of all proteins one after the other, uint8; int64.
    copies: float64 of shape (proteins,), not all 0.
    """

    ids: list[str]
    residues: np.ndarray
    offsets: np.ndarray
    copies: np.ndarray
    peptides: Peptides

    @cached_property
    def molar_fractions(self) -> np.ndarray:
        """The share of each protein in all molecules, float64 of shape (proteins,)."""
        return self.copies / self.copies.sum()

    @cached_property
    def mass_fractions(self) -> np.ndarray:
        """The share of each protein in the mass of all, float64 of shape (proteins,)."""
        masses = self.molar_fractions * molecular_weights(self.residues, self.offsets)
        return masses / masses.sum()

    def labelled_peptides(self, readout: Readout) -> tuple[np.ndarray, np.ndarray]:
        """Return the peptides that may give a read, and how many of each there are.

        These are the numbers, int64, of peptides of present proteins with a label of the readout,
        and relative amounts, float64. Raises SettingsError if there are none.
        """
        has_label = self._has_label(readout)
        amounts = self.molar_fractions[self.peptides.protein] * self.peptides.weight
        chosen = np.flatnonzero(has_label & (amounts > 0))
        if not len(chosen):
            raise SettingsError(
                f"no peptide of the sample has one of the labels {','.join(readout.labels)}: there "
                "are no reads; check labels, protease and lengths"
            )
        return chosen, amounts[chosen]

    def labelled_per_copy(self, readout: Readout) -> np.ndarray:
        """Return the labelled peptides that a copy of each protein gives, float64 (proteins,)."""
        weights = self.peptides.weight * self._has_label(readout)
        return np.bincount(self.peptides.protein, weights, len(self.ids))

    def _has_label(self, readout: Readout) -> np.ndarray:
        """Return whether each peptide has a label of the readout, bool (peptides,)."""
        is_labelled = channel_of_code(readout)[self.residues] >= 0
        labels = np.concatenate([[0], np.cumsum(is_labelled)])
        return labels[self.peptides.end] > labels[self.peptides.begin]

    def truth(self, readout: Readout, reads: np.ndarray) -> dict[str, list]:
        """Return the columns TRUTH_COLUMNS; `reads` are those simulated from each protein."""
        labelled = self.labelled_per_copy(readout)
        fractions = (self.molar_fractions, self.mass_fractions)
        numbers = (self.copies, *fractions, labelled, reads)
        columns = [self.ids, *(column.tolist() for column in numbers)]
        return dict(zip(TRUTH_COLUMNS, columns, strict=True))


def draw_sample(
    proteins: Sequence[Record],
    config: SimulateConfig,
    digestion: DigestConfig,
    given_copies: Any | None = None,
) -> Sample:
    """Return the sample of proteins that the settings describe; see `draw_copies`."""
    ids = [protein.id for protein in proteins]
    copies = draw_copies(ids, config, given_copies)
    codes = [encode(protein.sequence) for protein in proteins]
    residues, offsets = np.concatenate(codes), np.cumsum([0, *map(len, codes)])
    return Sample(ids, residues, offsets, copies, digest(residues, offsets, digestion))


def channel_of_code(readout: Readout) -> np.ndarray:
    """Return the channel of each residue code, int64 of shape (21,), -1 for no label."""
    channels = np.full(UNKNOWN_CODE + 1, -1)
    for channel, label in enumerate(readout.labels):
        for amino_acid in label:
            channels[AMINO_ACIDS.index(amino_acid)] = channel
    return channels
