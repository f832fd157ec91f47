"""`pepseq score`."""

import logging

import click

from pepseq.cli import options
from pepseq.structure.config import (
    CORRESPONDENCES,
    FOLD_THRESHOLD,
    LDDT_ATOMS,
    NORMALISATIONS,
    ScoreConfig,
)

DEFAULTS = ScoreConfig()
log = logging.getLogger(__name__)


@click.command("score")
@click.argument("model", type=options.INPUT)
@click.argument("reference", type=options.INPUT, required=False)
@options.output(
    metavar="TSV",
    text="Table, one row a pair; compressed by suffix (.gz, .bz2, .xz, .zst), - for stdout.",
)
@click.option(
    "--correspondence",
    type=click.Choice(CORRESPONDENCES),
    default=DEFAULTS.correspondence,
    show_default=True,
    help="Which residues are compared: those of the same number, or those that TM-align finds.",
)
@click.option(
    "--normalise",
    type=click.Choice(NORMALISATIONS),
    default=DEFAULTS.normalise,
    show_default=True,
    help="The chain whose length divides the TM-score.",
)
@click.option(
    "--chain",
    metavar="CHAIN",
    help="A in both files, or MODEL:REFERENCE such as A:B; _ is a chain without a name.  "
    "[default: the two whose sequences agree best]",
)
@click.option(
    "--lddt",
    type=click.Choice(LDDT_ATOMS),
    default=DEFAULTS.lddt,
    show_default=True,
    help="Atoms that lDDT compares: CA, all but hydrogens, or no lDDT.",
)
@click.option(
    "--sequences",
    metavar="FASTA",
    type=options.INPUT,
    help="The reconstructions, to count where the sequences of the structures differ from them.",
)
@click.option(
    "--superposed",
    metavar="FILE",
    type=click.Path(),
    help="Also write the models as they lie on their references: .pdb or .cif for two files, else "
    "a folder.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULTS.time_limit,
    show_default=True,
    help="Seconds for one pair, which is left out if it takes longer.",
)
@options.threads
@options.keep_going
@options.force
def command(model, reference, output, sequences, superposed, keep_going, force, **settings):
    """Compare predicted with reference structures: TM-score, RMSD, lDDT, pLDDT.

    MODEL and REFERENCE are PDB or mmCIF files, compressed or not, or two folders of them, matched
    by id; or MODEL alone is a TSV with columns model and reference. A TM-score above 0.5 means
    mostly the same fold.
    """
    config = ScoreConfig(**settings)
    from pepseq.structure.scoring.score import score

    done = score(
        model,
        reference,
        output,
        sequences=sequences,
        superposed=superposed,
        config=config,
        force=force,
        keep_going=keep_going,
    )
    log.info(
        "%s, mean TM-score %.4f (correspondence %s, normalised by %s); %d above %g, mostly "
        "the same fold (Xu and Zhang 2010)",
        "1 pair" if done.pairs == 1 else f"{done.pairs} pairs",
        done.mean_tm_score,
        config.correspondence,
        config.normalise,
        done.same_fold,
        FOLD_THRESHOLD,
    )
