"""`pepseq simulate`."""

import logging

import click

from pepseq.cli import options, sequencing_options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.quantification.simulation_config import SimulateConfig

log = logging.getLogger(__name__)

DYE_SETTINGS = ("errors", *sequencing_options.RATES, "cycles", "error_scale")


@click.command(
    "simulate",
    cls=Command,
    example="pepseq simulate proteins.fasta --labels DE,C,Y --reads 100000 -o reads.fasta",
    main=("output", "labels", "readout", "reads"),
)
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(
    metavar="READS",
    text="File of reads, FASTA or dye sequences; compressed by suffix (.gz, .bz2, .xz, .zst). The "
    "truth is written to READS.truth.tsv.",
)
@click.option(
    "--reads", type=click.IntRange(1), required=True, metavar="N", help="Number of reads."
)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@options.setting(
    SimulateConfig,
    "dye_sequences",
    "Simulate dye sequences, called cycle by cycle; channels are numbered as in --labels. Without, "
    "reads are whole peptides in FASTA.",
)
@options.setting(
    SimulateConfig,
    "abundance",
    "Copies of each protein: equal; lognormal:S, where S is the standard deviation of their "
    "natural logarithm; or a table with the columns protein and copies.",
    metavar="TSV",
)
@options.setting(
    SimulateConfig,
    "present",
    "Number of proteins in the sample, drawn by the seed.  [default: all]",
)
@sequencing_options.digestion_settings
@sequencing_options.error_rates(SimulateConfig)
@options.setting(SimulateConfig, "cycles", "Dye sequences: number of cycles.")
@options.setting(
    SimulateConfig,
    "missed_label",
    "Whole peptides: probability that a label is missed and its residue is hidden (0 to below 1).",
)
@options.setting(
    SimulateConfig,
    "misread",
    "Whole peptides: probability that a label is misread as another label (0 to below 1).",
)
@options.setting(SimulateConfig, "seed", "Seed of the sample and its reads.")
@options.threads
@options.keep_going
@options.force
@click.pass_context
def command(context, proteins, output, reads, readout, labels, errors, keep_going, force, **given):
    """Simulate the reads of a sample: proteins in different amounts, digested and sequenced.

    PROTEINS are FASTA files, compressed or not; - is standard input. Give --readout or --labels.
    """
    sequencing_options.check_changed(
        context, DYE_SETTINGS, given["dye_sequences"], "--dye-sequences"
    )
    errors = sequencing_options.errors_of_options(context, given, errors)
    errors = errors if given["dye_sequences"] else None
    digestion = sequencing_options.digestion_of_options(given)
    config = SimulateConfig(**given)
    readout = options.readout_of_options(readout, labels)
    from pepseq.quantification.simulate import simulate

    done = simulate(
        proteins,
        output,
        readout,
        reads,
        config=config,
        digestion=digestion,
        errors=errors,
        force=force,
        keep_going=keep_going,
    )
    distinct = f" ({done.distinct:,} distinct)" if config.dye_sequences else ""
    reads = f"{done.reads:,} {plural(done.reads, 'read')}"
    present = f"{done.present:,} {plural(done.present, 'protein')}"
    log.info("simulated %s%s of %s: %s", reads, distinct, present, output)
    if without := done.without_reads:
        have = plural(without, "has", "have")
        log.warning("%d of these proteins %s no peptide with a label: no reads", without, have)
