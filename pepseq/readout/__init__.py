"""What the instrument sees of a protein."""
