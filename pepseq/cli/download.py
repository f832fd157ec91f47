"""`pepseq download`."""

import logging
from dataclasses import asdict

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.uniprot.config import DATABASES, IDENTITIES, DownloadConfig

ESTIMATED_NAMES = {"bytes": "bytes_gzip_about", "plain_bytes": "bytes_about"}
log = logging.getLogger(__name__)


@click.command(
    "download",
    cls=Command,
    example="pepseq download --taxon 562 -o ecoli.fasta",
    main=("output", "taxon", "database"),
)
@click.option(
    "--taxon",
    metavar="NUMBER_OR_NAME",
    help="Taxonomy number, such as 562, or name of the taxon; taxa below it are included.",
)
@click.option(
    "--database",
    type=click.Choice(DATABASES),
    default=DownloadConfig.database,
    show_default=True,
    help="uniref: clusters, one representative protein each; uniprotkb: every entry.",
)
@click.option(
    "--identity",
    type=click.Choice([str(identity) for identity in IDENTITIES]),
    help="Sequence identity of UniRef's clusters, in percent.  [default: 100]",
)
@click.option("--reviewed", is_flag=True, help="uniprotkb only: reviewed entries (Swiss-Prot).")
@click.option(
    "--exclude-name",
    "exclude_names",
    multiple=True,
    metavar="TEXT",
    help="Leave out entries with TEXT in their name; may be given several times.",
)
@click.option("--query", metavar="QUERY", help="Further condition, in UniProt's query language.")
@click.option("--dry-run", is_flag=True, help="Print number and size of the records, and stop.")
@click.option(
    "--server",
    metavar="URL",
    help="Address of the server.  [default: PEPSEQ_UNIPROT_URL, else UniProt's own]",
)
@options.output(
    required=False,
    text="FASTA file, compressed by suffix (.gz, .bz2, .xz, .zst). Required without --dry-run.",
)
@options.force
def command(output, dry_run, force, identity, **settings):
    """Download the proteins of a taxon from UniProt; resume an interrupted download.

    Give --taxon, --query or both. Release, query, date, number of records and SHA-256 are written
    to OUTPUT.run.json.
    """
    if not dry_run and output is None:
        raise click.UsageError("give --output or --dry-run")
    config = DownloadConfig(identity=int(identity) if identity else None, **settings)
    from pepseq.uniprot.download import download, estimate

    if dry_run:
        for name, value in asdict(estimate(config)).items():
            if name not in ("sha256", "above"):
                click.echo(f"{ESTIMATED_NAMES.get(name, name)}\t{value}")
        return
    done = download(output, config, force=force)
    counts = (done.records, plural(done.records, "record"))
    log.info("%d %s of UniProt release %s, SHA-256 %s", *counts, done.release, done.sha256)
