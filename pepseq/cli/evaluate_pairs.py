"""`pepseq evaluate-pairs`."""

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.errors import printable


@click.command(
    "evaluate-pairs",
    cls=Command,
    example="pepseq evaluate-pairs truth.tsv pairs.tsv -o evaluation",
    main=("output",),
)
@click.argument("truth", type=options.INPUT)
@click.argument("pairs", nargs=-1, required=True, type=options.INPUT)
@options.output(metavar="FOLDER", text="Folder of tables and a figure.")
@options.figures
@options.force
def command(
    truth: str, pairs: tuple[str, ...], output: str, figures: tuple[str, ...], force: bool
) -> None:
    """Compare predicted pairs with the true pairs.

    TRUTH is a table with the columns protein_a and protein_b. PAIRS are tables that pair wrote,
    with their .unpaired.tsv beside them. Only true pairs in species with more than one possible
    pairing are counted; pairs that were known are not.
    """
    from pepseq.evaluation.pairs import evaluate_pairs

    for evaluation in evaluate_pairs(truth, pairs, output, figures=figures, force=force):
        path, row = printable(evaluation.path), evaluation.accuracy_row()
        if row["accuracy"] is None:
            click.echo(f"{path}: no true pair is in a species with more than one possible pairing")
        else:
            click.echo(
                f"{path}: {row['correct']} of {row['true_pairs']} pairs right, "
                f"{row['accuracy']:.1f} % (by chance {row['chance']:.1f} %)"
            )
