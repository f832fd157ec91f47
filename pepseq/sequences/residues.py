"""The twenty amino acids, and what counts as unknown."""

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
"""One-letter codes in alphabetical order; the order of every probability column."""

UNKNOWN = "XBZJUO"
"""Codes of a protein file that name no single standard amino acid: never scored."""

HIDDEN_SYMBOLS = "X?._x"
"""What may stand for a hidden residue in a readout file."""
