"""`pepseq quantify`."""

import logging
from typing import TYPE_CHECKING, Any

import click

from pepseq.cli import options, sequencing_options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural
from pepseq.quantification.config import QuantifyConfig
from pepseq.readout.readout import Readout

if TYPE_CHECKING:
    from pepseq.quantification.quantities import Quantities

log = logging.getLogger(__name__)


@click.command(
    "quantify",
    cls=Command,
    example="pepseq quantify reads.fasta --readout KCYM --reference proteome.fasta -o amounts.tsv",
    main=("output", "reference", "readout", "labels"),
)
@click.argument("reads", type=options.INPUT)
@options.output(
    metavar="TABLE",
    text="Table of amounts: TSV, compressed by suffix (.gz, .bz2, .xz, .zst), or Parquet "
    "(.parquet).",
    stdout=True,
)
@options.reference(required=True)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@options.setting(
    QuantifyConfig,
    "dye_sequences",
    "READS are dye sequences in whatprot's format; channels are numbered as in --labels.",
)
@options.setting(
    QuantifyConfig,
    "scores",
    "READS are scores of dye sequences, one row for each read and dye sequence: a table with the "
    "columns read, id and score, or whatprot's classifications.",
)
@options.setting(
    QuantifyConfig,
    "probabilities",
    "READS is a table (TSV, Parquet) of the probability of each label at each residue of whole "
    "peptides, with the columns read, position, label (_ for none) and probability.",
)
@options.setting(
    QuantifyConfig,
    "patterns",
    "READS is a table with the columns id and pattern, in the notation of PROSITE: each pattern is "
    "of a whole peptide.",
)
@click.option(
    "--score-ids",
    metavar="TSV",
    type=options.INPUT,
    help="Scores: whatprot's file of the dye sequences that reads were scored with.  [default: the "
    "ids are dye sequences]",
)
@sequencing_options.digestion_settings
@sequencing_options.error_rates(QuantifyConfig)
@options.setting(
    QuantifyConfig,
    "cycles",
    "Dye sequences: number of cycles.  [default: length of the longest read]",
)
@options.setting(
    QuantifyConfig,
    "missed_label",
    "Whole peptides: probability that a label is missed and its residue is hidden (0 to below 1).",
)
@options.setting(
    QuantifyConfig,
    "misread",
    "Whole peptides: probability that a label is misread as another label (0 to below 1).",
)
@options.confusion
@click.option(
    "--known",
    metavar="FASTA_OR_TSV",
    type=options.INPUT,
    help="Spike-ins, for absolute copies: FASTA with copies=NUMBER in each header, or a table with "
    "the columns protein and copies.",
)
@click.option(
    "--multiqc",
    metavar="FILE",
    type=click.Path(),
    help="Also write numbers of reads and of groups found for MultiQC; the name must end in "
    "_mqc.json.",
)
@options.setting(QuantifyConfig, "max_q", "Groups with a larger q-value are left out of the table.")
@options.setting(QuantifyConfig, "seed", "Seed of the shuffled decoys.")
@options.threads
@options.keep_going
@options.force
@click.pass_context
def command(
    context: click.Context,
    reads: str,
    output: str,
    reference: tuple[str, ...],
    readout: Readout | None,
    labels: Readout | None,
    score_ids: str | None,
    confusion: str | None,
    errors: str | None,
    known: str | None,
    multiqc: str | None,
    keep_going: bool,
    force: bool,
    **given: Any,
) -> None:
    """Estimate which proteins are in a sample, and how much of each, from reads of peptides.

    READS are of single molecules: a FASTA file of whole peptides in which X ? . _ or x stand for
    hidden residues, or a file of dye sequences (--dye-sequences), a table of scores (--scores), of
    probabilities (--probabilities) or of patterns (--patterns); - is standard input. Give --readout
    or --labels.
    """
    has_dyes = given["dye_sequences"] or given["scores"]
    sequencing_options.check_changed(
        context,
        ("errors", *sequencing_options.RATES, "error_scale"),
        has_dyes,
        "--dye-sequences or --scores",
    )
    sequencing_options.check_changed(context, ["score_ids"], given["scores"], "--scores")
    sequencing_options.check_changed(context, ["cycles"], given["dye_sequences"], "--dye-sequences")
    rates = sequencing_options.errors_of_options(context, given, errors)
    digestion = sequencing_options.digestion_of_options(given)
    config = QuantifyConfig(**given)
    chosen = options.readout_of_options(readout, labels)
    from pepseq.quantification.quantify import quantify

    done = quantify(
        reads,
        output,
        reference,
        chosen,
        score_ids=score_ids,
        known=known,
        config=config,
        digestion=digestion,
        errors=rates if has_dyes else None,
        confusion=confusion,
        multiqc=multiqc,
        force=force,
        keep_going=keep_going,
    )
    _tell(done, output, config, has_dyes)


def _tell(done: "Quantities", output: str, config: QuantifyConfig, has_dyes: bool) -> None:
    """Log what the reads come from, and how many groups were found."""
    log.info(
        "%s %s (%s distinct): %.1f %% from proteins of the reference (%.1f %% too improbable to "
        "tell which), %.1f %% from none",
        f"{done.reads:,}",
        plural(done.reads, "read"),
        f"{done.distinct:,}",
        100 * done.from_proteins / done.reads,
        100 * done.improbable / done.reads,
        100 * done.from_background / done.reads,
    )
    if done.from_proteins > 0 and done.from_background > 0.1 * done.reads:
        log.warning(
            "more than 10 %% of the reads come from none of the reference: check %s, protease, "
            "error rates",
            "labels and their order" if has_dyes else "labels",
        )
    if done.invisible:
        nouns = plural(done.invisible, "protein"), plural(done.invisible, "has", "have")
        counts = (f"{done.invisible:,}", *nouns)
        log.info("%s %s of the reference %s no peptide with a label", *counts)
    log.info(
        "%s of %s groups of proteins %s: %s",
        f"{done.found:,}",
        f"{done.groups:,}",
        "listed" if config.max_q == 1 else f"found at q <= {config.max_q:g}",
        output,
    )
    usual = QuantifyConfig.max_q
    if config.max_q > usual and done.found:
        accepted = int((done.table["q_value"] <= usual).sum())
        log.info("%d of these at q <= %g, lowest q-value %.2g", accepted, usual, done.lowest_q)
    if done.lowest_q > config.max_q:
        log.info(
            "the lowest q-value is %.2g: no group explains the reads clearly better than decoys "
            "do; --max-q 1 lists all groups with an estimate above 0",
            done.lowest_q,
        )
