"""`pepseq show`."""

import os
import shutil
import sys

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command


@click.command(
    "show",
    cls=Command,
    example="pepseq show PROTEIN_1 proteins.tsv",
    main=("truth",),
)
@click.argument("name", metavar="ID")
@click.argument("results", nargs=-1, type=options.INPUT)
@options.truth
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the residues; auto: on a terminal, unless the variable NO_COLOR is set.",
)
@click.option("--plain", is_flag=True, help="The same as --color never.")
def command(
    name: str, results: tuple[str, ...], truth: tuple[str, ...], color: str, plain: bool
) -> None:
    """Print one predicted protein in the terminal, coloured by confidence.

    Below each residue is the tenth of its confidence, or * if it is observed. RESULTS are tables
    that predict wrote with --table, or folders with such tables.  [default: the working directory]
    """
    from pepseq.reporting.terminal import show

    coloured = color == "always" or (
        color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    )
    width = shutil.get_terminal_size().columns
    for text in show(
        name, results or ["."], truth=truth, coloured=coloured and not plain, width=width
    ):
        click.echo(text, color=True)
