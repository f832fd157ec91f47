"""What a protein is: residues and sequence files."""
