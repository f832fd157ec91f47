"""`pepseq compare`."""

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command


@click.command(
    "compare",
    cls=Command,
    example="pepseq compare --evaluation K-12 EC590 evaluation -o comparison",
    main=("output", "evaluations"),
)
@click.option(
    "--evaluation",
    "evaluations",
    nargs=3,
    multiple=True,
    required=True,
    metavar="TRAINED_ON TESTED_ON FOLDER",
    help="Name of the training set, name of the test set, and the folder that evaluate wrote; "
    "give this option once for each evaluation.",
)
@options.output(metavar="FOLDER", text="Folder of tables and figures.")
@options.figures
@options.force
def command(
    evaluations: tuple[tuple[str, str, str], ...],
    output: str,
    figures: tuple[str, ...],
    force: bool,
) -> None:
    """Compare evaluations side by side, by training set and test set.

    Tables and figures of the hidden-residue accuracy by training and test set, by protein length
    and by amino acid; one line or panel for each readout.
    """
    from pepseq.evaluation.compare import compare_evaluations, cross_rows

    rows = cross_rows(compare_evaluations(evaluations, output, figures=figures, force=force))
    table = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    click.echo("Hidden-residue accuracy (macro, percent) by training set:\n")
    for cells in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(line.rstrip())


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else value
