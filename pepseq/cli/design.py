"""`pepseq design`."""

import logging
from typing import Any

import click

from pepseq.cli import options, sequencing_options
from pepseq.cli.help_sections import Command
from pepseq.design.config import DEFAULT_MAX_LABELS, DesignConfig
from pepseq.io.plurals import plural

log = logging.getLogger(__name__)


@click.command(
    "design",
    cls=Command,
    example="pepseq design --reference proteome.fasta -o labels.tsv",
    main=("output", "reference", "max_labels"),
)
@options.reference(required=True)
@options.output(
    metavar="TABLE",
    text="Table of label sets, the best first: TSV, compressed by suffix (.gz, .bz2, .xz, .zst), "
    "or Parquet (.parquet).",
    stdout=True,
)
@click.option(
    "--figure",
    metavar="FILE",
    type=click.Path(),
    help="Figure of what label sets identify: PNG or SVG by the suffix.",
)
@options.setting(
    DesignConfig,
    "candidates",
    "Labels to choose from, each an amino acid or a group that looks the same.",
    metavar="LABELS",
)
@options.setting(
    DesignConfig,
    "max_labels",
    "Maximum number of labels in a set.  "
    f"[default: {DEFAULT_MAX_LABELS}, or all candidates if they are fewer]",
    metavar="N",
)
@options.setting(
    DesignConfig,
    "search",
    "exhaustive compares all sets; greedy adds to the best set the label that helps most.",
)
@options.setting(
    DesignConfig,
    "reads",
    "Number of reads of the experiment, of all proteins in equal amounts.  [default: unlimited]",
    metavar="N",
)
@options.setting(
    DesignConfig, "min_peptides", "Number of different reads that identify a protein (1 or 2)."
)
@options.setting(
    DesignConfig,
    "min_share",
    "A read identifies a peptide, or a protein, if at least this share of equal reads comes from "
    "it (above 0.5 to 1).",
)
@options.setting(DesignConfig, "cycles", "Number of Edman cycles.")
@sequencing_options.digestion_settings
@sequencing_options.error_rates(DesignConfig)
@options.threads
@options.keep_going
@options.force
@click.pass_context
def command(
    context: click.Context,
    reference: tuple[str, ...],
    output: str,
    figure: str | None,
    errors: str | None,
    keep_going: bool,
    force: bool,
    **given: Any,
) -> None:
    """Find the labels that would identify the proteins of a reference.

    Each set of labels is judged by the share of proteins, and of peptides, that dye sequences would
    identify in an experiment with these cycles and error rates. Without error rates, all reads are
    correct.
    """
    rates = sequencing_options.errors_of_options(context, given, errors)
    digestion = sequencing_options.digestion_of_options(given)
    config = DesignConfig(**given)
    from pepseq.design.design_label_table import design_label_table

    done = design_label_table(
        reference,
        output,
        figure=figure,
        config=config,
        digestion=digestion,
        errors=rates,
        force=force,
        keep_going=keep_going,
    )
    log.info(
        "%s proteins with %s different peptides, %s sets of labels: %s",
        *(f"{number:,}" for number in (done.proteins, done.peptides, len(done.table))),
        output,
    )
    best = done.table[done.table["rank_of_count"] == 1].sort_values("label_count")
    for row in best.itertuples():
        log.info(
            "best of %d %s: %s: %.1f %% of proteins, %.1f %% of peptides",
            row.label_count,
            plural(row.label_count, "label"),
            row.labels,
            100 * row.proteins_identified,
            100 * row.peptides_identified,
        )
