"""`pepseq merge-amounts`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.quantification.merge_config import MergeAmountsConfig

log = logging.getLogger(__name__)


@click.command(
    "merge-amounts",
    cls=Command,
    example="pepseq merge-amounts a.tsv b.tsv -o samples.tsv",
    main=("output", "value", "max_q"),
)
@click.argument("tables", nargs=-1, metavar="[TABLE]...", type=options.INPUT)
@options.output(
    metavar="TABLE",
    text="Table of all samples: TSV, compressed by suffix (.gz, .bz2, .xz, .zst), or Parquet "
    "(.parquet); CSV for MSstats.",
    stdout=True,
)
@click.option(
    "--samples",
    metavar="TSV",
    type=options.INPUT,
    help="Sample sheet: a table with the column sample, and optionally table (path of the sample's "
    "TABLE, relative to the sheet; then without TABLE arguments), condition and replicate.  "
    "[default: samples are named by the files]",
)
@options.setting(
    MergeAmountsConfig,
    "format",
    "columns: a row for each group of proteins, a column for each sample; long: a row for each "
    "sample and group, with all columns of quantify; msstats: CSV for MSstats.",
)
@options.setting(
    MergeAmountsConfig, "value", "Column of quantify that the formats columns and msstats take."
)
@options.setting(
    MergeAmountsConfig,
    "max_q",
    "Groups with a larger q-value in all samples are left out; values of the others are kept in "
    "all samples (0 to 1).",
)
@options.setting(
    MergeAmountsConfig,
    "min_samples",
    "Number of samples in which the q-value of a group must be at most --max-q.",
)
@options.force
def command(
    tables: tuple[str, ...], output: str, samples: str | None, force: bool, **given: Any
) -> None:
    """Join the amounts of several samples in one table.

    Each TABLE is the table that quantify wrote for one sample; the sample has the name of the file
    without suffixes. Run quantify on all samples with the same settings, and with --max-q 1 to have
    the values of groups that are not accepted in each sample.
    """
    config = MergeAmountsConfig(**given)
    from pepseq.quantification.merge_amounts import merge_amount_tables

    done = merge_amount_tables(tables, output, samples=samples, config=config, force=force)
    groups = f"{done.groups:,} {plural(done.groups, 'group')}"
    samples = f"{len(done.samples)} {plural(len(done.samples), 'sample')}"
    log.info("%s of %s: %s", groups, samples, output)
    if done.left_out:
        few = "no sample" if config.min_samples == 1 else f"fewer than {config.min_samples} samples"
        log.info("groups left out: %s (q <= %g in %s)", f"{done.left_out:,}", config.max_q, few)
    if done.missing:
        values = done.groups * len(done.samples)
        is_cut = done.largest_q <= config.max_q
        log.info(
            "values missing: %s of %s (the sample's table lacks the group; %s)",
            f"{done.missing:,}",
            f"{values:,}",
            "tables of quantify --max-q 1 have all groups with an estimate above 0"
            if is_cut
            else "in a table of quantify --max-q 1 its estimate is 0",
        )
