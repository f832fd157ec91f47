"""`pepseq score`."""

import logging
from typing import Any

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.structure.scoring.config import FOLD_THRESHOLD, ScoreConfig

log = logging.getLogger(__name__)


@click.command(
    "score",
    cls=Command,
    example="pepseq score model.pdb reference.cif -o scores.tsv",
    main=("output", "correspondence", "complex"),
)
@click.argument("model", type=options.INPUT)
@click.argument("reference", type=options.INPUT, required=False)
@options.output(
    metavar="TSV",
    text="Table with one row for each pair; compressed by suffix (.gz, .bz2, .xz, .zst).",
    stdout=True,
)
@options.setting(
    ScoreConfig,
    "correspondence",
    "Residues that are compared: those with the same number (index), those in the same column of "
    "an alignment of the sequences (sequence), or those that TM-align matches (align).  "
    "[default: index; sequence with --complex, align with --all-pairs]",
)
@options.setting(
    ScoreConfig,
    "complex",
    "Compare all chains of each file as a complex: DockQ, TM-score and lDDT of the complex with "
    "the best assignment of chains.",
)
@click.option(
    "--interfaces",
    metavar="TSV",
    type=options.TableOutput(),
    help="Complexes only: also write a table with one row for each interface of two chains: DockQ, "
    "iRMSD, LRMSD, Fnat, Fnonnat, lDDT.",
)
@options.setting(ScoreConfig, "normalise", "Chain whose length divides the TM-score.")
@options.setting(
    ScoreConfig,
    "chain",
    "A in both files, or MODEL:REFERENCE such as A:B; _ is a chain without a name.  "
    "[default: the two whose sequences agree best]",
    metavar="CHAIN",
)
@options.setting(
    ScoreConfig, "lddt", "Atoms that lDDT compares: CA, all but hydrogens (heavy), or no lDDT."
)
@click.option(
    "--sequences",
    metavar="FASTA",
    type=options.INPUT,
    help="Reconstructions with the same ids, to count the residues in which the structures differ "
    "from them.",
)
@click.option(
    "--superposed",
    metavar="FILE",
    type=click.Path(),
    help="Also write the models superposed on their references: .pdb or .cif for two files, else "
    "a folder.",
)
@click.option(
    "--alignment",
    metavar="FASTA",
    type=click.Path(),
    help="Also write the corresponding residues as an alignment: two records for each two chains.",
)
@options.setting(
    ScoreConfig,
    "all_pairs",
    "Compare each two structures of the folder MODEL; the id of a pair is A:B.",
)
@click.option(
    "--heat-map",
    metavar="FILE",
    type=click.Path(),
    help="With --all-pairs: clustered heat map of the TM-scores, PNG or SVG by the suffix.",
)
@options.setting(
    ScoreConfig, "time_limit", "Seconds for one pair, which is left out if it takes longer."
)
@options.threads
@options.keep_going
@options.force
def command(
    model: str,
    reference: str | None,
    output: str,
    sequences: str | None,
    superposed: str | None,
    interfaces: str | None,
    alignment: str | None,
    heat_map: str | None,
    keep_going: bool,
    force: bool,
    **settings: Any,
) -> None:
    """Compare predicted and reference structures: TM-score, RMSD, lDDT, pLDDT.

    MODEL and REFERENCE are PDB or mmCIF files, compressed or not, or two folders of them, matched
    by id. Alternatively, MODEL alone is a TSV with the columns model and reference, or a folder
    with --all-pairs. Two structures
    with a TM-score above 0.5 mostly have the same fold. With --complex, all chains are compared.
    """
    config = ScoreConfig(**settings)
    from pepseq.structure.scoring.score import score

    summary = score(
        model,
        reference,
        output,
        sequences=sequences,
        superposed=superposed,
        interfaces=interfaces,
        alignment=alignment,
        heat_map=heat_map,
        config=config,
        force=force,
        keep_going=keep_going,
    )
    log.info(
        "%d %s, mean TM-score %.4f (correspondence %s, normalised by %s); %d above %g, mostly "
        "the same fold (Xu and Zhang 2010)",
        summary.pairs,
        plural(summary.pairs, "pair"),
        summary.mean_tm_score,
        config.residues_by,
        config.normalise,
        summary.same_fold,
        FOLD_THRESHOLD,
    )
    if summary.mean_dockq is not None:
        log.info("mean DockQ %.4f", summary.mean_dockq)
