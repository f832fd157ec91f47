"""Tables on standard output: TSV, aligned on a terminal."""

from collections.abc import Sequence

import click

from pepseq.io.tables import format_tsv
from pepseq.io.terminal_table import format_for_terminal, is_terminal


def echo_table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows as TSV, aligned on a terminal."""
    if not is_terminal():
        click.echo(format_tsv(rows), nl=False)
        return
    texts = [[str(cell) for cell in row] for row in rows]
    click.echo(format_for_terminal(texts, width=1 << 20)[0], nl=False)
