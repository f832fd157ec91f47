"""Tables on standard output: TSV, aligned on a terminal."""

import sys
from collections.abc import Sequence

import click

from pepseq.io.tables import format_tsv
from pepseq.io.terminal_table import format_for_terminal, is_terminal


def echo_table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows as TSV, aligned on a terminal."""
    text = format_for_terminal(rows, width=sys.maxsize)[0] if is_terminal() else format_tsv(rows)
    click.echo(text, nl=False)
