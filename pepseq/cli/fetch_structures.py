"""`pepseq fetch-structures`."""

import logging

import click

from pepseq.cli import options
from pepseq.structure.config import FORMATS, MOST_CONNECTIONS, FetchConfig

DEFAULTS = FetchConfig()
COLUMNS = ("id", "accession", "models", "version", "urls")
log = logging.getLogger(__name__)


@click.command("fetch-structures")
@click.argument("ids", type=options.INPUT)
@options.output(
    required=False,
    metavar="FOLDER",
    text="Folder of the models and of structures.tsv. Needed unless --dry-run.",
)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    default=DEFAULTS.format,
    show_default=True,
    help="Of the files: mmCIF or PDB.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, MOST_CONNECTIONS),
    default=DEFAULTS.connections,
    show_default=True,
    help="Proteins that are asked for at once.",
)
@click.option("--dry-run", is_flag=True, help="Print which models there are, and stop.")
@click.option(
    "--server",
    metavar="URL",
    help="Ask this server.  [default: PEPSEQ_ALPHAFOLD_URL, else AlphaFold DB's own]",
)
@options.keep_going
@options.force
def command(ids, output, dry_run, keep_going, force, **settings):
    """Fetch reference models of proteins from AlphaFold DB.

    IDS is a FASTA file, or a list of ids, one on a line; - is stdin. An id is a UniProt accession,
    or holds one, as those of UniRef and UniProt do. The same command again fetches what is missing.
    """
    if not dry_run and output is None:
        raise click.UsageError("expected --output or --dry-run, found neither")
    config = FetchConfig(**settings)
    from pepseq.structure.alphafold_db.download import CITE, fetch_structures, list_models

    if dry_run:
        for number, (one, entries) in enumerate(list_models(ids, config)):
            if number == 0:
                click.echo("\t".join(COLUMNS))
            version = entries[0].version if entries else ""
            urls = ";".join(entry.url for entry in entries)
            click.echo(f"{one.id}\t{one.accession}\t{len(entries)}\t{version}\t{urls}")
        return
    done = fetch_structures(ids, output, config=config, force=force, keep_going=keep_going)
    log.info(
        "%d proteins with a model, %d of them new, %d without; %d differ from the sequences given. "
        "%s",
        done.models,
        done.new,
        done.without,
        done.differ,
        CITE,
    )
