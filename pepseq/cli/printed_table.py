"""Tables on standard output: TSV, aligned on a terminal."""

import sys
from collections.abc import Sequence

import click

from pepseq.io.tables import format_tsv


def echo_table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows as TSV, aligned on a terminal."""
    if not sys.stdout.isatty():
        click.echo(format_tsv(rows), nl=False)
        return
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
