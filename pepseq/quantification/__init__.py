"""Quantification: samples of proteins, their simulated reads, and amounts from reads."""
