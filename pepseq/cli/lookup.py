"""`pepseq lookup`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.identification.config import LookupConfig
from pepseq.readout.readout import Readout

log = logging.getLogger(__name__)


@click.command("lookup")
@click.argument("reads", type=options.INPUT)
@options.output(
    metavar="TSV",
    text="Table of fits; compressed by suffix (.gz, .bz2, .xz, .zst), - for standard output.",
)
@options.reference(required=True)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@options.read_settings(LookupConfig)
@options.setting(LookupConfig, "best", "Maximum number of known proteins listed for each read.")
@options.setting(LookupConfig, "max_q", "q-value up to which a read counts as assigned.")
@options.setting(
    LookupConfig,
    "dye_sequences",
    "READS are whatprot's dye sequences; channels are numbered as in --labels.",
)
@options.threads
@options.keep_going
@options.force
def command(
    reads: str,
    output: str,
    reference: tuple[str, ...],
    readout: Readout | None,
    labels: Readout | None,
    keep_going: bool,
    force: bool,
    **settings: Any,
) -> None:
    """List the known proteins that reads fit, with scores, E-values and q-values.

    READS is a FASTA file in which X ? . _ or x stand for hidden residues; - is standard input. Give
    --readout or --labels.
    """
    config = LookupConfig(**settings)
    from pepseq.identification.lookup import lookup

    done = lookup(
        reads,
        output,
        reference,
        options.readout_of_options(readout, labels),
        config=config,
        force=force,
        keep_going=keep_going,
    )
    log.info(
        "%d reads; %d assigned with a q-value up to %g; %d of the assigned reads fit only one "
        "place in the reference",
        done.reads,
        done.assigned,
        config.max_q,
        done.single,
    )
    if done.counts[0] != done.reads:
        log.info(
            "weighted by their counts: %d reads; %d assigned; %d of the assigned reads fit only "
            "one place in the reference",
            *done.counts,
        )
    if done.lowest_q > config.max_q:
        log.info(
            "the lowest q-value is %.2g: either there are too few reads for a lower one, or no "
            "read fits better than the decoys; see the columns e_value and probability",
            done.lowest_q,
        )
