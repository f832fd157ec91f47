"""`pepseq pair`."""

import logging

import click

from pepseq.cli import options
from pepseq.pairing.config import METHODS, PairConfig
from pepseq.pairing.diffpalm_config import PRECISIONS

DEFAULTS = PairConfig()
log = logging.getLogger(__name__)


@click.command("pair")
@click.argument("family_a", type=options.INPUT)
@click.argument("family_b", type=options.INPUT)
@options.output(
    metavar="TSV", text="Table of pairs; compressed by suffix (.gz, .bz2, .xz, .zst), - for stdout."
)
@click.option(
    "--species",
    metavar="RULE",
    default=DEFAULTS.species,
    show_default=True,
    help="How headers name the species: auto, ox (OX=562), taxid (TaxID=562), bracket "
    "([Escherichia coli]), mnemonic (AATM_ECOLI), field:SEP:N such as field:|:2, "
    "regex:PATTERN with a group (?P<species>...), or table:TSV with columns protein and species.",
)
@click.option(
    "--known",
    metavar="TSV",
    type=options.INPUT,
    help="Pairs that are known, kept in every run: a table (TSV or CSV) with columns protein_a and "
    "protein_b.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=DEFAULTS.method,
    show_default=True,
    help="How pairs are chosen: by statistics of the alignments (information, mirrortree), by the "
    "MSA Transformer (diffpalm) or by chance (random); auto takes diffpalm if its weights are here "
    "and it can do the work, else information.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=DEFAULTS.runs,
    show_default=True,
    help="Repetitions; the confidence of a pair is the share of them that chose it.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=DEFAULTS.rounds,
    show_default=True,
    help="Do all runs so many times; pairs that are sure are known in the next round.",
)
@click.option(
    "--sure",
    type=click.FloatRange(0, 1, min_open=True),
    default=DEFAULTS.sure,
    show_default=True,
    help="The confidence from which on a pair is sure.",
)
@click.option(
    "--model",
    metavar="NAME_OR_FILE",
    help="For diffpalm: weights of the MSA Transformer, as .safetensors or .pt, or "
    "msa-transformer, which is downloaded if it is not here.  [default: msa-transformer]",
)
@options.offline
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=DEFAULTS.steps,
    show_default=True,
    help="For diffpalm: steps of a run.",
)
@click.option(
    "--max-depth",
    type=click.IntRange(min=2),
    help="Rows that are paired at once; more go in parts. By default what suits the method.",
)
@options.device
@options.precision(PRECISIONS)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=DEFAULTS.seed,
    show_default=True,
    help="Of every random number: the same seed gives the same pairs.",
)
@click.option(
    "--align",
    is_flag=True,
    help="Align a family that is not aligned, with FAMSA (needs pip install 'pepseq[align]').",
)
@click.option(
    "--alignment-a",
    type=click.IntRange(min=1),
    default=DEFAULTS.alignment_a,
    show_default=True,
    help="Number of the alignment to read from FAMILY_A, if that file holds several, divided by "
    "NUL bytes, as ColabFold's server sends them.",
)
@click.option(
    "--alignment-b",
    type=click.IntRange(min=1),
    default=DEFAULTS.alignment_b,
    show_default=True,
    help="The same of FAMILY_B.",
)
@click.option(
    "--paired-msa",
    metavar="FILE",
    type=click.Path(),
    help="Also write the paired alignment: FASTA, or for .a3m what ColabFold predicts complexes "
    "from.",
)
@click.option(
    "--query",
    metavar="ID",
    help="Protein of FAMILY_A whose pair comes first in an .a3m: the complex that ColabFold "
    "predicts.  [default: the first one that has a pair]",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=DEFAULTS.min_confidence,
    show_default=True,
    help="Pairs that are less sure stay out of the paired alignment.",
)
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(),
    help="Also draw the loss of each run and a histogram of confidence: .png, .svg or .pdf.",
)
@options.threads
@options.keep_going
@options.force
def command(
    family_a,
    family_b,
    output,
    known,
    paired_msa,
    query,
    plot,
    keep_going,
    force,
    offline,
    **settings,
):
    """Predict which members of two protein families interact.

    FAMILY_A and FAMILY_B are alignments in FASTA, A2M, A3M or Stockholm, compressed or not; one of
    them may be -, stdin. Pairs are made inside each species, one-to-one.
    """
    config = PairConfig(**settings)
    from pepseq.pairing.pair import pair

    done = pair(
        family_a,
        family_b,
        output,
        known=known,
        paired_msa=paired_msa,
        query=query,
        plot=plot,
        config=config,
        force=force,
        keep_going=keep_going,
        offline=offline,
    )
    log.info(
        "%d pairs in %d species by method %s, %d proteins without a pair",
        done.pairs,
        done.species,
        done.method,
        done.unpaired,
    )
