"""Design of experiments: the labels that would identify the proteins of a reference."""
