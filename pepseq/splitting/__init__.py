"""Splits of proteins into training, validation and test parts."""
