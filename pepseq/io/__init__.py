"""Files: inputs, outputs that appear together, compression, tables, run records, progress."""
