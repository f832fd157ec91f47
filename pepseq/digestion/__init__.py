"""Digestion: proteases and the peptides that they make of proteins."""
