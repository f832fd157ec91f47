"""The twenty amino acids, and symbols of unknown and hidden residues, gaps and groups."""

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
"""One-letter codes in alphabetical order; the order of every probability column."""

FREQUENCIES = {
    **{"A": 0.0825, "C": 0.0138, "D": 0.0546, "E": 0.0672, "F": 0.0386, "G": 0.0707, "H": 0.0227},
    **{"I": 0.0591, "K": 0.0580, "L": 0.0965, "M": 0.0241, "N": 0.0406, "P": 0.0474, "Q": 0.0393},
    **{"R": 0.0553, "S": 0.0664, "T": 0.0535, "V": 0.0686, "W": 0.0110, "Y": 0.0292},
}
"""Approximate share of each amino acid in the proteins of UniProtKB/Swiss-Prot."""

UNKNOWN = "XBZJUO"
"""Codes of a protein file that name no single standard amino acid: never scored."""

HIDDEN_SYMBOLS = "X?._x"
"""Symbols of a hidden residue in files of reads."""

GAPS = "-."
"""Symbols of a missing residue in an alignment."""


def label_symbol(label: str) -> str:
    """Return the character that stands in memory for a residue with this label.

    That is the amino acid itself, or the first amino acid of a group in lower case.

    >>> label_symbol("C"), label_symbol("DE")
    ('C', 'd')
    """
    return label if len(label) == 1 else label[0].lower()
