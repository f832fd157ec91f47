"""The known proteins that reads fit, with scores, E-values and q-values."""
