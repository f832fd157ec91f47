"""Results of other commands as one page to read, and as one protein in a terminal."""
