"""`pepseq lookup`."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pepseq.cli import options, sequencing_options
from pepseq.cli.help_sections import Command
from pepseq.identification.config import LookupConfig
from pepseq.io.plurals import plural
from pepseq.readout.readout import Readout

if TYPE_CHECKING:
    from pepseq.identification.entrapment import Estimates
    from pepseq.identification.lookup import LookedUp

log = logging.getLogger(__name__)


@click.command(
    "lookup",
    cls=Command,
    example="pepseq lookup reads.fasta --readout KCYM --reference proteome.fasta -o fits.tsv",
    main=("output", "reference", "readout", "labels", "kind"),
)
@click.argument("reads", type=options.INPUT)
@options.output(
    metavar="TSV",
    text="Table of fits; compressed by suffix (.gz, .bz2, .xz, .zst).",
    stdout=True,
)
@options.reference(required=True)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@options.read_settings(LookupConfig)
@options.confusion
@options.setting(LookupConfig, "best", "Maximum number of known proteins listed for each read.")
@options.setting(LookupConfig, "max_q", "q-value up to which a read counts as assigned.")
@options.setting(
    LookupConfig,
    "probabilities",
    "READS is a table (TSV, Parquet) of the probability of each label at each residue, with the "
    "columns read, position, label (_ for none) and probability.",
)
@options.setting(
    LookupConfig,
    "patterns",
    "READS is a table with the columns id and pattern, in the notation of PROSITE: K-x(2)-C.",
)
@options.setting(
    LookupConfig,
    "dye_sequences",
    "READS are dye sequences of peptides in whatprot's format; channels are numbered as in "
    "--labels. With another --kind, peptides are not digested.",
)
@sequencing_options.digestion_settings
@sequencing_options.error_rates(LookupConfig)
@options.setting(
    LookupConfig,
    "cycles",
    "Dye sequences: number of cycles.  [default: length of the longest read]",
)
@click.option(
    "--proteins",
    metavar="TSV",
    type=options.TableOutput(),
    help="Table of the proteins that accepted reads (--max-q) come from, with their q-values. Not "
    "for dye sequences of peptides.",
)
@click.option(
    "--entrapment",
    metavar="TSV",
    type=options.TableOutput(),
    help="Test the q-values: add a shuffled protein for each known protein, print estimates of the "
    "share of wrong fits, and write the best fits as a table for FDRBench.",
)
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
    confusion: str | None,
    errors: str | None,
    proteins: str | None,
    entrapment: str | None,
    keep_going: bool,
    force: bool,
    **settings: Any,
) -> None:
    """List the known proteins that reads fit, with scores, E-values and q-values.

    READS is a FASTA file in which X ? . _ or x stand for hidden residues, or a file of dye
    sequences (--dye-sequences), a table of probabilities (--probabilities) or of patterns
    (--patterns); - is standard input. Give --readout or --labels.
    """
    rates = sequencing_options.errors_of_options(context, settings, errors)
    digestion = sequencing_options.digestion_of_options(settings)
    config = LookupConfig(**settings)
    sequencing_options.check_changed(
        context,
        ("errors", *sequencing_options.RATES, "error_scale", *sequencing_options.DIGESTION),
        config.digested,
        "--dye-sequences of --kind tryptic" if config.dye_sequences else "--dye-sequences",
    )
    from pepseq.identification.lookup import lookup

    done = lookup(
        reads,
        output,
        reference,
        options.readout_of_options(readout, labels),
        config=config,
        digestion=digestion,
        errors=rates if config.digested else None,
        confusion=confusion,
        entrapment=entrapment,
        proteins=proteins,
        force=force,
        keep_going=keep_going,
    )
    _log_done(done, config.max_q, proteins)


def _log_done(done: "LookedUp", max_q: float, proteins: str | None) -> None:
    """Print how many reads are assigned, and what else is known of them."""
    distinct = (done.reads, done.assigned, done.single)
    is_counted = done.counts[0] != done.reads
    of_distinct = [f" ({number:,} distinct)" if is_counted else "" for number in distinct]
    total, assigned, single = (f"{count:,}" for count in done.counts)
    log.info(
        "%s %s%s; %s%s assigned with a q-value up to %g; %s%s of the assigned reads %s only one "
        "place in the reference",
        *(total, plural(done.counts[0], "read"), of_distinct[0], assigned, of_distinct[1]),
        *(max_q, single, of_distinct[2], plural(done.counts[2], "fits", "fit")),
    )
    if done.groups is not None:
        _log_groups(done.groups, max_q, proteins)
    if done.tested is not None:
        _log_estimates("read", done.tested.of_reads(max_q))
        _log_estimates(done.tested.unit, done.tested.of_hits(max_q))
    if done.organisms is not None and done.assigned:
        log.info("%s", done.organisms.text())
    if done.related > done.assigned:
        log.info(
            "%s %s assigned if relatives count as right (q_value_related): the sample has peptides "
            "that differ a little from those of the reference, or other error rates than given",
            *(f"{done.related:,}", plural(done.related, "read is", "reads are")),
        )
    elif done.lowest_q > max_q:
        log.info(
            "the lowest q-value is %.2g: either there are too few reads for a lower one (see the "
            "columns e_value and probability), or they do not fit this reference (see pepseq "
            "reference suggest)",
            done.lowest_q,
        )


def _log_groups(q_values: Sequence[float], max_q: float, path: str | None) -> None:
    """Print how many groups of proteins were found, and why if none was."""
    found, number = sum(q_value <= max_q for q_value in q_values), len(q_values)
    log.info(
        "%s of %s %s of proteins found with a q-value up to %g: %s",
        *(f"{found:,}", f"{number:,}", plural(number, "group"), max_q, path),
    )
    if number and not found:
        log.info(
            "the lowest q-value of a group is %.2g: it is at least 1 / groups; quantify gives "
            "lower ones for few proteins",
            min(q_values),
        )


def _log_estimates(unit: str, found: "Estimates") -> None:
    """Print the estimates of a test by entrapment, in percent with their intervals."""
    if not found.accepted:
        log.info("entrapment: no %s is accepted, so that nothing can be estimated", unit)
        return
    bounds, combined = (
        f"{100 * share:.1f} % ({100 * low:.1f}-{100 * high:.1f})"
        for share, low, high in (found.lower_bound, found.combined)
    )
    paired = "" if found.paired is None else f", paired estimate {100 * found.paired:.1f} %"
    numbers = f"{found.entrapment:,} of {found.accepted:,} accepted {plural(found.accepted, unit)}"
    log.info(
        "entrapment: %s hit entrapment sequences; wrong: lower bound %s, combined estimate %s%s",
        *(numbers, bounds, combined, paired),
    )
