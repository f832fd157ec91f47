"""HTTP: downloads that survive cuts, stalls and busy servers."""
