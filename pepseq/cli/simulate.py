"""`pepseq simulate`."""

import logging

import click
from click.core import ParameterSource

from pepseq.cli import options
from pepseq.digestion.config import DigestConfig
from pepseq.digestion.proteases import PRESETS, Protease
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.quantification.simulation_config import SimulateConfig

log = logging.getLogger(__name__)

RATES = {
    "edman_failure": "Probability that a cycle removes no residue (0 to 1).",
    "detach": "Probability that a molecule detaches in a cycle (0 to 1).",
    "initial_detach": "Probability of detaching that is added in the first cycle (0 to 1).",
    "initial_detach_decay": "Rate per cycle at which --initial-detach decays exponentially.",
    "initial_block": "Probability that a peptide is blocked from the start (0 to 1).",
    "cyclic_block": "Probability that a peptide becomes blocked in a cycle (0 to 1).",
    "bleach": "Probability that a dye bleaches in a cycle (0 to 1).",
    "dud": "Probability that a dye never shines (0 to 1).",
}
DYE_SETTINGS = ("errors", *RATES, "cycles", "error_scale")
DIGESTION = ("protease", "missed_cleavages", "missed_cleavage_rate", "min_length", "max_length")


class ProteaseType(click.ParamType):
    """A protease, by name or cleavage rule."""

    name = "protease"

    def convert(self, value, param, ctx):
        """Return a Protease, or end with click's usage error."""
        try:
            return value if isinstance(value, Protease) else Protease.parse(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


def digestion_settings(command):
    """Add the settings of `DigestConfig`."""
    texts = {
        "missed_cleavages": "Maximum number of missed cleavage sites in a peptide.",
        "missed_cleavage_rate": "Probability that a site is missed (0 to below 1); needs "
        "--missed-cleavages.",
        "min_length": "Minimum number of residues of a peptide.",
        "max_length": "Maximum number of residues of a peptide.  [default: no limit]",
    }
    for name, text in reversed(texts.items()):
        command = options.setting(DigestConfig, name, text)(command)
    return click.option(
        "--protease",
        metavar="NAME_OR_RULE",
        type=ProteaseType(),
        default="trypsin",
        show_default=True,
        help=f"Protease: {', '.join(PRESETS)}, or a cleavage rule such as '[KR]|{{P}}': after K or "
        "R, not before P.",
    )(command)


def error_rates(command):
    """Add the settings of `EqualChannelRates`."""
    for name, text in reversed(RATES.items()):
        command = options.setting(EqualChannelRates, name, text)(command)
    return command


@click.command("simulate")
@click.argument("proteins", nargs=-1, required=True, type=options.INPUT)
@options.output(
    metavar="READS",
    text="File of reads, FASTA or dye sequences; compressed by suffix (.gz, .bz2, .xz, .zst). The "
    "truth is written to READS.truth.tsv.",
)
@click.option(
    "--reads", type=click.IntRange(1), required=True, metavar="N", help="Number of reads."
)
@click.option("--readout", type=options.READOUT, help=options.READOUT_HELP)
@options.labels
@options.setting(
    SimulateConfig,
    "dye_sequences",
    "Simulate dye sequences, called cycle by cycle; channels are numbered as in --labels. Without, "
    "reads are whole peptides in FASTA.",
)
@options.setting(
    SimulateConfig,
    "abundance",
    "Copies of each protein: equal; lognormal:S, where S is the standard deviation of their "
    "natural logarithm; or a table with the columns protein and copies.",
    metavar="TSV",
)
@options.setting(
    SimulateConfig,
    "present",
    "Number of proteins in the sample, drawn by the seed.  [default: all]",
)
@digestion_settings
@click.option(
    "--errors",
    metavar="JSON",
    type=options.INPUT,
    help="Dye sequences: whatprot's sequencing parameters, instead of the eight error rates below.",
)
@error_rates
@options.setting(
    SimulateConfig, "error_scale", "Dye sequences: factor of all probabilities of errors."
)
@options.setting(SimulateConfig, "cycles", "Dye sequences: number of cycles.")
@options.setting(
    SimulateConfig,
    "missed_label",
    "Whole peptides: probability that a label is missed and its residue is hidden (0 to below 1).",
)
@options.setting(
    SimulateConfig,
    "misread",
    "Whole peptides: probability that a label is misread as another label (0 to below 1).",
)
@options.setting(SimulateConfig, "seed", "Seed of the sample and its reads.")
@options.threads
@options.keep_going
@options.force
@click.pass_context
def command(context, proteins, output, reads, readout, labels, errors, keep_going, force, **given):
    """Simulate the reads of a sample: proteins in different amounts, digested and sequenced.

    PROTEINS are FASTA files, compressed or not; - is standard input. Give --readout or --labels.
    """
    rates = {name: given.pop(name) for name in RATES}
    changed = {
        n for n in context.params if context.get_parameter_source(n) != ParameterSource.DEFAULT
    }
    if errors is not None and changed & RATES.keys():
        raise click.UsageError("give error rates or --errors, not both")
    if not given["dye_sequences"] and (wrong := [n for n in DYE_SETTINGS if n in changed]):
        raise click.UsageError(f"--{wrong[0].replace('_', '-')} needs --dye-sequences")
    if errors is None and given["dye_sequences"]:
        errors = EqualChannelRates(**rates)
    digestion = DigestConfig(**{name: given.pop(name) for name in DIGESTION})
    config = SimulateConfig(**given)
    readout = options.readout_of_options(readout, labels)
    from pepseq.quantification.simulate import simulate

    done = simulate(
        proteins,
        output,
        readout,
        reads,
        config=config,
        digestion=digestion,
        errors=errors,
        force=force,
        keep_going=keep_going,
    )
    distinct = f" ({done.distinct:,} distinct)" if config.dye_sequences else ""
    reads, present, without = (f"{n:,}" for n in (done.reads, done.present, done.without_reads))
    log.info("simulated %s reads%s of %s proteins: %s", reads, distinct, present, output)
    if done.without_reads:
        log.warning("%s of these proteins have no peptide with a label: no reads", without)
