"""The version of pepseq."""

__version__ = "0.1.0"
