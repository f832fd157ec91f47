"""`pepseq fold`."""

import logging

import click

from pepseq.cli import options
from pepseq.structure.config import FOLD_PRECISIONS, LONGEST, LONGEST_ESMFOLD, FoldConfig

DEFAULTS = FoldConfig()
log = logging.getLogger(__name__)


@click.command("fold")
@click.argument("proteins", type=options.INPUT)
@options.output(metavar="FOLDER", text="Folder of the structures and of structures.tsv.")
@click.option(
    "--engine",
    metavar="ENGINE",
    default=DEFAULTS.engine,
    show_default=True,
    help="esmfold; colabfold, or 'colabfold:OPTIONS' for colabfold_batch; or 'command:TEMPLATE', a "
    "program that reads {fasta} and writes {pdb} or {cif}.",
)
@click.option(
    "--model",
    metavar="NAME_OR_FOLDER",
    help="Of esmfold: a model folder, or a Hugging Face id.  [default: esmfold, which is "
    "facebook/esmfold_v1]",
)
@options.device
@options.precision(FOLD_PRECISIONS)
@click.option(
    "--chunk-size",
    type=click.IntRange(min=1),
    help="Of esmfold: rows that the triangular attention takes at once; fewer need less memory and "
    "more time. Halved whenever memory runs out.  [default: what fits into 1 GiB]",
)
@click.option(
    "--max-residues",
    type=click.IntRange(1, LONGEST),
    help=f"Leave out longer proteins.  [default: {LONGEST_ESMFOLD} for esmfold, else {LONGEST}]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    help="Of colabfold and command: seconds for one protein.  [default: no limit]",
)
@options.offline
@options.threads
@options.keep_going
@options.force
def command(proteins, output, keep_going, force, **settings):
    """Predict the structures of proteins, one file each, going on where a call was stopped.

    PROTEINS is a FASTA file; - is stdin. The same command again makes only what is missing, has
    failed, or is of a sequence that has changed.
    """
    config = FoldConfig(**settings)
    from pepseq.structure.folding.fold import fold

    done = fold(proteins, output, config=config, force=force, keep_going=keep_going)
    log.info(
        "%d structures, %d of them new, mean pLDDT %s",
        done.done,
        done.new,
        "unknown (the B-factors of CA atoms are all the same, or not from 0 to 100)"
        if done.mean_plddt is None
        else f"{done.mean_plddt:.1f}",
    )
