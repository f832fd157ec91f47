"""Fluorosequencing: the error model of whatprot, molecules, and the reads called of them."""
