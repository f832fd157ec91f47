"""The library: references that are kept under a name, from files or from UniProt."""
