"""`pepseq merge`."""

import logging

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural

log = logging.getLogger(__name__)


@click.command(
    "merge",
    cls=Command,
    example="pepseq merge part_*.fasta -o proteins.fasta",
    main=("output", "table"),
)
@click.argument("shards", nargs=-1, required=True, type=options.INPUT)
@options.output(
    text="FASTA of whole proteins; compressed by suffix (.gz, .bz2, .xz, .zst).",
    stdout=True,
)
@options.table("Table of all residues; required if the shards have tables.")
@options.keep_going
@options.force
def command(
    shards: tuple[str, ...], output: str, table: str | None, keep_going: bool, force: bool
) -> None:
    """Merge the outputs of several jobs of predict --shard.

    SHARDS are the FASTA files of all jobs, in any order; tables and lists of failed records are
    found by the run records beside them. Every shard is required, unchanged and of the same input,
    settings and version. The outputs are those of one run without --shard.
    """
    from pepseq.prediction.merge import merge

    done = merge(shards, output, table=table, keep_going=keep_going, force=force)
    nouns = plural(done.proteins, "protein"), plural(done.shards, "shard")
    counts = (done.proteins, nouns[0], done.residues, done.shards, nouns[1])
    log.info("%d %s, %d residues from %d %s", *counts)
