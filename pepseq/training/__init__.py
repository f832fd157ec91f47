"""Training of masked protein language models on reads."""
