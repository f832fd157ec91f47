"""Known proteins that a readout fits: a reference proteome, its index, and alignments to it."""
