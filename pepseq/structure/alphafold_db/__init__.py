"""AlphaFold DB: model entries of UniProt accessions, and their download."""
