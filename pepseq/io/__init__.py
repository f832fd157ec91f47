"""Files: reading, writing as a set, compression, tables, run records, progress."""
