"""UniProt: searches, their pages, and proteins of a taxon as FASTA."""
