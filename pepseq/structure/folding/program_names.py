"""Names of the programs whose input files fold writes. Imports nothing heavy."""

ALPHAFOLD3, BOLTZ, CHAI = "alphafold3", "boltz", "chai"
PROGRAMS = (ALPHAFOLD3, BOLTZ, CHAI)
