"""The twenty amino acids, and what counts as unknown."""

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
"""One-letter codes in alphabetical order; the order of every probability column."""

UNKNOWN = "XBZJUO"
"""Codes of a protein file that name no single standard amino acid: never scored."""

HIDDEN_SYMBOLS = "X?._x"
"""What may stand for a hidden residue in a readout file."""

GAPS = "-."
"""What stands in an alignment for no residue."""


def label_symbol(label: str) -> str:
    """Return the one character that stands, in memory, for a residue that carries a label.

    An amino acid stands for itself; a group of amino acids that cannot be told apart is its first
    one in lower case.

    >>> label_symbol("C"), label_symbol("DE")
    ('C', 'd')
    """
    return label if len(label) == 1 else label[0].lower()
