"""From a readout to the protein."""
