"""`pepseq mask`."""

import click
from click.core import ParameterSource

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.readout.config import NoiseRates
from pepseq.sequences.residues import HIDDEN_SYMBOLS

RATES = ("missed_label", "misread", "lost_cycle", "extra_cycle")


@click.command(
    "mask",
    cls=Command,
    example="pepseq mask proteins.fasta --readout KCYM -o reads.fasta",
    main=("output", "readout", "labels"),
)
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(
    text="File of reads: FASTA, dye sequences or probabilities; compressed by suffix (.gz, .bz2, "
    ".xz, .zst).",
    stdout=True,
)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@click.option(
    "--hidden-symbol",
    type=click.Choice(list(HIDDEN_SYMBOLS)),
    default="X",
    show_default=True,
    help="Symbol of a hidden residue in the FASTA output.",
)
@options.setting(
    NoiseRates,
    "missed_label",
    "Probability that a label is missed and its residue becomes hidden (0 to 1).",
)
@options.setting(
    NoiseRates, "misread", "Probability that a label is misread as another label (0 to 1)."
)
@options.setting(
    NoiseRates,
    "lost_cycle",
    "Probability that a residue is missing from the read (0 to 1). The read is then shorter than "
    "its protein: lookup accepts it, predict keeps its length, evaluate cannot score the result.",
)
@options.setting(
    NoiseRates,
    "extra_cycle",
    "Probability that a cycle is empty and adds a hidden residue (0 to below 1). The read is then "
    "longer than its protein, with the same limits as for --lost-cycle.",
)
@options.confusion
@click.option(
    "--noise",
    metavar="JSON",
    type=options.INPUT,
    help="JSON file of whatprot's sequencing parameters, instead of these four rates; "
    "p_edman_failure adds "
    "empty cycles.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Seed of the simulated errors.",
)
@click.option(
    "--dye-sequences",
    is_flag=True,
    help="Write whatprot's dye sequences (TSV); channels are numbered as in --labels.",
)
@click.option(
    "--probabilities",
    is_flag=True,
    help="Write the probability of each label at each residue (TSV), as lookup, quantify and "
    "predict read it; needs --confusion.",
)
@options.keep_going
@options.force
@click.pass_context
def command(
    context, proteins, output, readout, labels, confusion, noise, keep_going, force, **settings
):
    """Simulate reads of proteins: hide the residues that an experiment does not identify.

    PROTEINS are FASTA files, compressed or not; - is standard input. Give --readout or --labels.
    """
    from pepseq.readout.noise import Noise
    from pepseq.readout.simulation import mask

    rates = {name: settings.pop(name) for name in RATES}
    are_given = (context.get_parameter_source(name) != ParameterSource.DEFAULT for name in RATES)
    if noise is not None and any(are_given):
        raise click.UsageError("give error rates or --noise, not both")
    mask(
        proteins,
        output,
        options.readout_of_options(readout, labels),
        noise=Noise(**rates) if any(rates.values()) else noise,
        confusion=confusion,
        keep_going=keep_going,
        force=force,
        **settings,
    )
