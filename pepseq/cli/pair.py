"""`pepseq pair`."""

import logging

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.errors import SettingsError
from pepseq.io.plurals import plural
from pepseq.pairing.config import INFORMATION_MAX_DEPTH, PRECISIONS, DiffPalmConfig, PairConfig

log = logging.getLogger(__name__)


@click.command(
    "pair",
    cls=Command,
    example="pepseq pair family_a.fasta family_b.fasta -o pairs.tsv --paired-msa complex.a3m",
    main=("output", "method", "paired_msa"),
)
@click.argument("families", metavar="FAMILY_A FAMILY_B [FAMILY_C]...", nargs=-1, type=options.INPUT)
@options.output(
    metavar="TSV",
    text="Table of pairs; compressed by suffix (.gz, .bz2, .xz, .zst).",
    stdout=True,
)
@options.setting(
    PairConfig,
    "species",
    "Rule for reading the species from headers: auto, ox (OX=562), taxid (TaxID=562), bracket "
    "([Escherichia coli]), mnemonic (AATM_ECOLI), field:SEP:N such as field:|:2, "
    "regex:PATTERN with a group (?P<species>...), or table:TSV with columns protein and species.",
    metavar="RULE",
)
@click.option(
    "--known",
    metavar="TSV",
    type=options.INPUT,
    help="Known pairs, kept in every run: a table (TSV or CSV) with columns protein_a and "
    "protein_b.",
)
@options.setting(
    PairConfig,
    "method",
    "How pairs are chosen: by statistics of the alignments (information, mirrortree), by the MSA "
    "Transformer (diffpalm), by identity to the known pairs as AlphaFold-Multimer does (order), or "
    "at random (random). auto chooses diffpalm if its weights are on "
    "this machine and the alignment is small enough, else information.",
)
@options.setting(
    PairConfig,
    "runs",
    "Number of runs; the confidence of a pair is the share of runs that chose it (method "
    "information: the mean share over its two steps).",
)
@options.setting(
    PairConfig,
    "rounds",
    "Number of rounds, each of all runs; confident pairs are known pairs in the next round.",
)
@options.setting(
    PairConfig,
    "known_confidence",
    "Confidence from which a pair is a known pair in the next round (above 0, up to 1).",
    cls=options.RenamedOption,
    old_name="--sure",
)
@options.setting(
    PairConfig,
    "model",
    "Method diffpalm: weights of the MSA Transformer, as .safetensors or .pt, or msa-transformer, "
    "which is downloaded if it is not on this machine.  [default: msa-transformer]",
    metavar="NAME_OR_FILE",
)
@options.offline
@options.setting(PairConfig, "steps", "Method diffpalm: steps of a run.")
@options.setting(
    PairConfig,
    "max_depth",
    "Maximum number of rows that are paired at once; deeper alignments are paired in parts.  "
    f"[default: {INFORMATION_MAX_DEPTH}, or {DiffPalmConfig.max_depth} for method diffpalm]",
)
@options.device
@options.precision(PRECISIONS)
@options.setting(PairConfig, "seed", "Random seed: the same seed gives the same pairs.")
@options.setting(
    PairConfig,
    "align",
    "Align a family that is not aligned, with FAMSA (needs pip install 'pepseq[align]').",
)
@options.setting(
    PairConfig,
    "alignment_a",
    "Number of the alignment to read from FAMILY_A, if that file contains several, separated by "
    "NUL bytes, as sent by ColabFold's server.",
)
@options.setting(PairConfig, "alignment_b", "The same for FAMILY_B.")
@click.option(
    "--paired-msa",
    metavar="FILE",
    type=click.Path(),
    help="Also write the paired alignment, as FASTA or, for .a3m, as input of ColabFold for "
    "complexes.",
)
@click.option(
    "--paired-only",
    is_flag=True,
    help="Leave the unpaired proteins out of an .a3m. By default they follow the pairs, because "
    "depth counts at least as much as pairing.",
)
@click.option(
    "--query",
    metavar="ID",
    help="Protein of FAMILY_A whose pair comes first in an .a3m: the complex that ColabFold "
    "predicts.  [default: the first protein that has a pair]",
)
@options.setting(
    PairConfig,
    "min_confidence",
    "Pairs of lower confidence are left out of the paired alignment (0 to 1).",
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
    families,
    output,
    known,
    paired_msa,
    paired_only,
    query,
    plot,
    keep_going,
    force,
    offline,
    **settings,
):
    """Predict which members of two or more protein families interact.

    FAMILY_A and FAMILY_B are alignments in FASTA, A2M, A3M or Stockholm, compressed or not; one of
    them may be - for standard input. Pairs are made within each species, one-to-one. With three or
    more families, each two are paired, and complexes are chosen that agree with most pairs.
    """
    if len(families) < 2:
        raise click.UsageError(f"expected two families or more, found {len(families)}")
    config = PairConfig(**settings)
    shared = {
        "paired_msa": paired_msa,
        "paired_only": paired_only,
        "query": query,
        "config": config,
        "force": force,
        "keep_going": keep_going,
        "offline": offline,
    }
    if len(families) == 2:
        from pepseq.pairing.pair import pair

        a, b = families
        summary = pair(a, b, output, known=known, plot=plot, **shared)
        made = plural(summary.pairs, "pair")
    else:
        for name, value in (("known", known), ("plot", plot)):
            if value is not None:
                raise SettingsError(f"{name}: applies to two families, found {len(families)}")
        from pepseq.pairing.pair_several import pair_several

        summary = pair_several(families, output, **shared)
        made = plural(summary.pairs, "complex", "complexes")
    log.info(
        "%d %s in %d species by method %s, %d %s without a pair",
        summary.pairs,
        made,
        summary.species,
        summary.method,
        summary.unpaired,
        plural(summary.unpaired, "protein"),
    )
