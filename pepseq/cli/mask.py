"""`pepseq mask`."""

import click

from pepseq.cli import options
from pepseq.sequences.residues import HIDDEN_SYMBOLS


@click.command("mask")
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(text="FASTA of readouts; gzip for .gz, - for stdout.")
@click.option("--readout", required=True, type=options.READOUT, help=options.READOUT_HELP)
@click.option(
    "--hidden-symbol",
    type=click.Choice(list(HIDDEN_SYMBOLS)),
    default="X",
    show_default=True,
    help="What is written for a hidden residue.",
)
@options.keep_going
@options.force
def command(proteins, output, readout, hidden_symbol, keep_going, force):
    """Hide what an experiment does not read: proteins to readouts.

    PROTEINS are FASTA files, gzip or not; - is stdin.
    """
    from pepseq.readout.masking import mask

    mask(
        proteins,
        output,
        readout,
        hidden_symbol=hidden_symbol,
        keep_going=keep_going,
        force=force,
    )
