"""`pepseq download`."""

import logging
from dataclasses import asdict

import click

from pepseq.cli import options
from pepseq.uniprot.config import DATABASES, IDENTITIES, DownloadConfig

DEFAULTS = DownloadConfig(taxon=1)
log = logging.getLogger(__name__)


@click.command("download")
@click.option(
    "--taxon",
    metavar="NUMBER_OR_NAME",
    help="Whose proteins: a taxon's number such as 562, or its name; taxa below it are included.",
)
@click.option(
    "--database",
    type=click.Choice(DATABASES),
    default=DEFAULTS.database,
    show_default=True,
    help="uniref: clusters, one representative each; uniprotkb: every entry.",
)
@click.option(
    "--identity",
    type=click.Choice([str(identity) for identity in IDENTITIES]),
    help="Of UniRef's clusters, in percent.  [default: 100]",
)
@click.option("--reviewed", is_flag=True, help="Swiss-Prot alone, of uniprotkb.")
@click.option(
    "--exclude-name",
    "exclude_names",
    multiple=True,
    metavar="TEXT",
    help="Leave out entries whose name holds TEXT; may be given several times.",
)
@click.option("--query", metavar="QUERY", help="A further condition, in UniProt's query language.")
@click.option("--dry-run", is_flag=True, help="Print number and size of what there is, and stop.")
@click.option(
    "--server",
    metavar="URL",
    help="Ask this server.  [default: PEPSEQ_UNIPROT_URL, else UniProt's own]",
)
@options.output(
    required=False,
    text="Output, compressed by suffix (.gz, .bz2, .xz, .zst). Needed unless --dry-run.",
)
@options.force
def command(output, dry_run, force, identity, **settings):
    """Download the proteins of a taxon from UniProt, going on where an earlier call was stopped.

    Give --taxon, --query or both. Release, query, date, number of records and SHA-256 are written
    to OUTPUT.run.json.
    """
    if not dry_run and output is None:
        raise click.UsageError("expected --output or --dry-run, found neither")
    config = DownloadConfig(identity=int(identity) if identity else None, **settings)
    from pepseq.uniprot.download import download, estimate

    if dry_run:
        for name, value in asdict(estimate(config)).items():
            if name not in ("sha256", "above"):
                click.echo(f"{_NAMES.get(name, name)}\t{value}")
        return
    done = download(output, config, force=force)
    log.info(
        "%d records of UniProt release %s, SHA-256 %s", done.records, done.release, done.sha256
    )


_NAMES = {"bytes": "bytes_gzip_about", "plain_bytes": "bytes_about"}
