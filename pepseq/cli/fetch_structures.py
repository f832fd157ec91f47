"""`pepseq fetch-structures`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.io.tables import format_tsv
from pepseq.structure.alphafold_db.config import FetchConfig

COLUMNS = ("id", "accession", "models", "version", "urls")
log = logging.getLogger(__name__)


@click.command(
    "fetch-structures",
    cls=Command,
    example="pepseq fetch-structures proteins.fasta -o structures",
    main=("output", "format"),
)
@click.argument("ids", type=options.INPUT)
@options.output(
    required=False,
    metavar="FOLDER",
    text="Folder of the models and of structures.tsv. Required without --dry-run.",
)
@options.setting(FetchConfig, "format", "Format of the files: mmCIF or PDB.")
@options.setting(FetchConfig, "connections", "Number of proteins that are requested at once.")
@click.option("--dry-run", is_flag=True, help="Print which models exist, and stop.")
@options.setting(
    FetchConfig,
    "server",
    "Address of the server.  [default: PEPSEQ_ALPHAFOLD_URL, else AlphaFold DB's own]",
    metavar="URL",
)
@options.keep_going
@options.force
def command(
    ids: str, output: str | None, dry_run: bool, keep_going: bool, force: bool, **settings: Any
) -> None:
    """Download structures of proteins from AlphaFold DB.

    IDS is a FASTA file, or a list of ids, one per line; - is standard input. An id is a UniProt
    accession, or contains one, like the ids of UniRef and UniProt. Run the same command again to
    download what is missing.
    """
    if not dry_run and output is None:
        raise click.UsageError("give --output or --dry-run")
    config = FetchConfig(**settings)
    from pepseq.structure.alphafold_db.download import CITE, fetch_structures, list_model_entries

    if output is None or dry_run:
        for number, (protein, entries) in enumerate(list_model_entries(ids, config)):
            if number == 0:
                click.echo(format_tsv([COLUMNS]), nl=False)
            version = entries[0].version if entries else ""
            urls = ";".join(entry.url for entry in entries)
            cells = (protein.id, protein.accession, len(entries), version, urls)
            click.echo(format_tsv([cells]), nl=False)
        return
    summary = fetch_structures(ids, output, config=config, force=force, keep_going=keep_going)
    log.info(
        "%d %s with a model (%d new), %d without; %d %s from the given sequences. %s",
        summary.models,
        plural(summary.models, "protein"),
        summary.new,
        summary.without,
        summary.differ,
        plural(summary.differ, "model differs", "models differ"),
        CITE,
    )
