"""Identification: the known proteins that reads fit, with E-values and q-values."""
