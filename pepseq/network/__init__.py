"""The network that comes with pepseq: any readout, with and without templates."""
