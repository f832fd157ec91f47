"""Scores of model structures against reference structures."""
