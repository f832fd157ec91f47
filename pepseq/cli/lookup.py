"""`pepseq lookup`."""

import logging

import click

from pepseq.cli import options
from pepseq.lookup.config import LookupConfig

DEFAULTS = LookupConfig()
log = logging.getLogger(__name__)


@click.command("lookup")
@click.argument("readouts", type=options.INPUT)
@options.output(
    metavar="TSV", text="Table of fits; compressed by suffix (.gz, .bz2, .xz, .zst), - for stdout."
)
@options.reference(required=True)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@options.kind
@options.missed_label
@options.misread
@click.option(
    "--best",
    type=click.IntRange(min=1),
    default=DEFAULTS.best,
    show_default=True,
    help="Known proteins listed for each readout at most.",
)
@click.option(
    "--max-q",
    type=click.FloatRange(0, 1),
    default=DEFAULTS.max_q,
    show_default=True,
    help="q-value up to which a readout counts as assigned in the summary.",
)
@click.option(
    "--dye-sequences",
    is_flag=True,
    help="READOUTS are whatprot's dye sequences; channels are numbered as in --labels.",
)
@options.threads
@options.keep_going
@options.force
def command(readouts, output, reference, readout, labels, keep_going, force, **settings):
    """List the known proteins that reads match, with scores, E-values and q-values.

    READOUTS is a FASTA file in which X ? . _ or x stand for hidden residues; - is stdin. Give
    --readout or --labels.
    """
    config = LookupConfig(**settings)
    from pepseq.lookup.lookup import lookup

    done = lookup(
        readouts,
        output,
        reference,
        options.readout_of_options(readout, labels),
        config=config,
        force=force,
        keep_going=keep_going,
    )
    log.info(
        "%d readouts, %d of them assigned at a q-value up to %g, %d of these to one place",
        done.readouts,
        done.assigned,
        config.max_q,
        done.single,
    )
    if done.reads[0] != done.readouts:
        log.info(
            "counted, these are %d reads, %d of them assigned, %d of these to one place",
            *done.reads,
        )
    if done.lowest_q > config.max_q:
        log.info(
            "the lowest q-value is %.2g: few readouts cannot have a lower one, or none fits better "
            "than decoys; look at e_value and probability",
            done.lowest_q,
        )
