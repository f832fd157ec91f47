"""Masking: residues that a readout does not identify are hidden."""

from dataclasses import dataclass

from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS, UNKNOWN, label_symbol

HIDDEN = "X"


@dataclass(frozen=True)
class MaskedSequence:
    """A read: a protein of which only some residues are identified.

    `residues` has the protein's length: X for a hidden residue, the first amino acid of a group in
    lower case for a residue known only to be in the group, else one of the twenty amino acids.
    Raises ValueError for anything else.
    """

    residues: str

    def __post_init__(self) -> None:
        if wrong := set(self.residues) - set(AMINO_ACIDS + HIDDEN + AMINO_ACIDS.lower()):
            raise ValueError(f"expected amino acids or {HIDDEN}, found {sorted(wrong)}")

    @property
    def hidden_positions(self) -> list[int]:
        """The 0-based positions that are hidden, or known only to be in a group."""
        return [i for i, residue in enumerate(self.residues) if residue not in AMINO_ACIDS]

    def fill(self, hidden_residues: str) -> str:
        """Return the protein with its hidden positions filled, in order.

        Raises ValueError if the number of residues is not that of the hidden positions.

        >>> MaskedSequence("MXXK").fill("AL")
        'MALK'
        """
        hidden_count = len(self.hidden_positions)
        if len(hidden_residues) != hidden_count:
            raise ValueError(f"expected {hidden_count} residues, found {len(hidden_residues)}")
        fillers = iter(hidden_residues)
        return "".join(r if r in AMINO_ACIDS else next(fillers) for r in self.residues)


def mask_table(readout: Readout) -> dict[int, str]:
    """Return the table with which `str.translate` masks a protein or a read."""
    shown = {a: label_symbol(label) for label in readout.labels for a in label}
    shown |= {symbol: symbol for symbol in readout.group_symbols}
    return {ord(a): shown.get(a, HIDDEN) for a in AMINO_ACIDS + AMINO_ACIDS.lower() + UNKNOWN}


def mask_sequence(sequence: str, readout: Readout) -> MaskedSequence:
    """Hide every residue outside the readout, unknown residues too.

    >>> mask_sequence("MAGICKUP", Readout("KCYM")).residues
    'MXXXCKXX'
    >>> mask_sequence("MEDIC", Readout("C[DE]")).residues
    'XddXC'
    """
    return MaskedSequence(sequence.translate(mask_table(readout)))
