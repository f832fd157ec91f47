"""Predicted against reference structures."""
