"""Protein sequences: residues, sequence files, and the species that headers name."""
