"""Known proteins that a read fits: a reference proteome, its index, and alignments to it."""

from pathlib import Path

BUNDLED_REFERENCE = Path(__file__).parent / "bundled" / "ecoli_W3110_EC590.fasta.gz"
"""Proteins of E. coli K-12 W3110 and EC590, which come with pepseq."""
