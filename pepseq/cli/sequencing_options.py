"""Options of the commands that digest proteins and sequence their peptides."""

from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource

from pepseq.cli.options import INPUT, setting
from pepseq.digestion.config import DigestConfig
from pepseq.digestion.proteases import PRESETS, Protease
from pepseq.errors import SettingsError
from pepseq.fluorosequencing.config import EqualChannelRates

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


class ProteaseType(click.ParamType):
    """A protease, by name or cleavage rule."""

    name = "protease"

    def convert(self, value, param, ctx):
        """Return a Protease, or end with click's usage error."""
        try:
            return value if isinstance(value, Protease) else Protease.parse(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


_DIGESTION_TEXTS = {
    "missed_cleavages": "Maximum number of missed cleavage sites in a peptide.",
    "missed_cleavage_rate": "Probability that a site is missed (0 to below 1); needs "
    "--missed-cleavages.",
    "min_length": "Minimum number of residues of a peptide.",
    "max_length": "Maximum number of residues of a peptide.  [default: no limit]",
}
DIGESTION = ("protease", *_DIGESTION_TEXTS)


def digestion_settings(command):
    """Add the settings of `DigestConfig`."""
    for name, text in reversed(_DIGESTION_TEXTS.items()):
        command = setting(DigestConfig, name, text)(command)
    return click.option(
        "--protease",
        metavar="NAME_OR_RULE",
        type=ProteaseType(),
        default="trypsin",
        show_default=True,
        help=f"Protease: {', '.join(PRESETS)}, or a cleavage rule such as '[KR]|{{P}}': after K "
        "or R, not before P.",
    )(command)


def digestion_of_options(given: dict[str, Any]) -> DigestConfig:
    """Return the settings of the digestion, which are removed from the options."""
    return DigestConfig(**{name: given.pop(name) for name in DIGESTION})


def error_rates(config: type):
    """Return a decorator that adds --errors, the error rates, and `error_scale` of `config`."""

    def add_options(command):
        scale = "Dye sequences: factor of all probabilities of errors."
        command = setting(config, "error_scale", scale)(command)
        for name, text in reversed(RATES.items()):
            command = setting(EqualChannelRates, name, text)(command)
        return click.option(
            "--errors",
            metavar="JSON",
            type=INPUT,
            help="Dye sequences: whatprot's sequencing parameters, instead of the eight error "
            "rates below.",
        )(command)

    return add_options


def errors_of_options(
    context: click.Context, given: dict[str, Any], errors: str | None
) -> str | EqualChannelRates:
    """Return the file of --errors, or the error rates, which are removed from the options."""
    rates = {name: given.pop(name) for name in RATES}
    if errors is None:
        return EqualChannelRates(**rates)
    if changed_options(context, RATES):
        raise click.UsageError("give error rates or --errors, not both")
    return errors


def changed_options(context: click.Context, names: Iterable[str]) -> list[str]:
    """Return the names of these options that were given."""
    default = ParameterSource.DEFAULT
    return [name for name in names if context.get_parameter_source(name) != default]


def check_changed(context: click.Context, names: Iterable[str], allowed: bool, needed: str) -> None:
    """Raise click's usage error if one of these options was given, unless they are allowed."""
    if not allowed and (wrong := changed_options(context, names)):
        raise click.UsageError(f"--{wrong[0].replace('_', '-')} needs {needed}")
