"""Readouts, the labels of an experiment, and reads, the sequences with hidden residues it gives."""
