"""`pepseq mask`."""

import click

from pepseq.cli import options
from pepseq.sequences.residues import HIDDEN_SYMBOLS


def rate(name: str, text: str):
    """Return an option for a field of Noise."""
    return click.option(name, type=click.FloatRange(0, 1), help=f"{text}  [default: 0]")


@click.command("mask")
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(
    text="FASTA of readouts, or dye sequences; compressed by suffix (.gz, .bz2, .xz, .zst), - for "
    "stdout."
)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@click.option(
    "--hidden-symbol",
    type=click.Choice(list(HIDDEN_SYMBOLS)),
    default="X",
    show_default=True,
    help="What is written for a hidden residue in FASTA.",
)
@rate("--missed-label", "Probability that a labelled residue is not seen and becomes hidden (0-1).")
@rate("--misread", "Probability that a labelled residue is reported as another label (0-1).")
@rate(
    "--lost-cycle",
    "Probability that a residue is missing from the readout (0-1). The readout is shorter than its "
    "protein: for lookup; predict keeps the length, evaluate cannot score the result.",
)
@rate(
    "--extra-cycle",
    "Probability that a cycle is empty and adds a hidden residue (0 to below 1). The readout is "
    "longer than its protein: for lookup, as with --lost-cycle.",
)
@click.option(
    "--noise",
    metavar="JSON",
    type=options.INPUT,
    help="Instead of these rates: whatprot's sequencing parameters. Its p_edman_failure adds "
    "extra cycles.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the errors."
)
@click.option(
    "--dye-sequences",
    is_flag=True,
    help="Write whatprot's dye sequences (TSV); channels are numbered as in --labels.",
)
@options.keep_going
@options.force
def command(proteins, output, readout, labels, noise, keep_going, force, **settings):
    """Hide what an experiment does not read: proteins to readouts.

    PROTEINS are FASTA files, compressed or not; - is stdin. Give --readout or --labels.
    """
    from pepseq.readout.noise import Noise
    from pepseq.readout.simulation import mask

    names = ("missed_label", "misread", "lost_cycle", "extra_cycle")
    given = {name: settings.pop(name) for name in names}
    rates = {name: value for name, value in given.items() if value is not None}
    if rates and noise is not None:
        raise click.UsageError("expected rates or --noise, found both")
    mask(
        proteins,
        output,
        options.readout_of_options(readout, labels),
        noise=Noise(**rates) if any(rates.values()) else noise,
        keep_going=keep_going,
        force=force,
        **settings,
    )
