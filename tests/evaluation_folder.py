"""A folder with a truth and a prediction, and the command to compare them."""

import csv
from pathlib import Path

from click.testing import CliRunner

from pepseq.cli.evaluate import command
from pepseq.evaluation import figure_style

TRUTH = {"p1": "MALK", "p2": "GGGG", "p3": "KCYM", "p4": "MXUKL"}
"""In p3 nothing is hidden by KCYM, in p4 two residues are unknown."""

PREDICTED = {"p1": "MAVK", "p2": "GGGA", "p3": "KCYM", "p4": "MAAKL"}
"""5 of the 7 hidden residues are right."""


def write(path, proteins):
    """Write a FASTA file with two lines a protein, and return its path."""
    text = "".join(f">{name} about\n{residues}\n" for name, residues in proteins.items())
    Path(path).write_text(text)
    return Path(path)


def rows(path):
    """Return the rows of a TSV."""
    with Path(path).open() as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def draw_nothing(monkeypatch):
    """Replace the figures, which have tests of their own, by empty files."""
    monkeypatch.setattr(figure_style, "figure_bytes", lambda *_: b"figure")


def prepare(folder, monkeypatch):
    """Go to a folder with truth.fasta and predicted.fasta; return what runs the command there."""
    monkeypatch.chdir(folder)
    draw_nothing(monkeypatch)
    write("truth.fasta", TRUTH)
    write("predicted.fasta", PREDICTED)

    def call(*more, files=("truth.fasta", "predicted.fasta")):
        return CliRunner().invoke(command, [*files, "--readout", "KCYM", "-o", "out", *more])

    return call
