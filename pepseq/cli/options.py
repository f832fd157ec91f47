"""Options that more than one command has, each meaning one thing everywhere."""

import os
from typing import get_args, get_type_hints

import click

from pepseq.errors import SettingsError
from pepseq.io.tables import check_table_name
from pepseq.readout.readout import PRESETS, READ_KINDS, Readout
from pepseq.settings import Choice, Range, bounds_of


class ReadoutType(click.ParamType):
    """A readout on the command line, checked while the command line is read."""

    name = "readout"

    def convert(self, value, param, ctx):
        """Return a Readout, or end with click's usage error."""
        try:
            return value if isinstance(value, Readout) else Readout(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


class LabelsType(click.ParamType):
    """A readout given as the labels of numbered channels."""

    name = "labels"

    def convert(self, value, param, ctx):
        """Return a Readout, or end with click's usage error."""
        try:
            return value if isinstance(value, Readout) else Readout.from_labels(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


class TableOutput(click.Path):
    """A table that is written, by a name that promises no other format."""

    def convert(self, value, param, ctx):
        """Return the path, or end with click's usage error."""
        try:
            check_table_name(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class RenamedOption(click.Option):
    """An option that is also accepted under an older name, which the help leaves out."""

    def __init__(self, declarations, *, old_name: str, **more):
        super().__init__(declarations, **more)
        self._old_name = old_name

    def add_to_parser(self, parser, ctx):
        """Register the option under its name and under the older one."""
        shown, self.opts = self.opts, [*self.opts, self._old_name]
        super().add_to_parser(parser, ctx)
        self.opts = shown


def setting(config: type, name: str, text: str, **more):
    """Return the option of a setting: its default and bounds are those of the dataclass field."""
    default, bounds = getattr(config, name), bounds_of(config, name)
    kind: click.ParamType | None = None
    if isinstance(bounds, Choice):
        kind = click.Choice(bounds.values)
    elif isinstance(bounds, Range):
        hint = get_type_hints(config)[name]
        range_type = click.IntRange if int in (hint, *get_args(hint)) else click.FloatRange
        kind = range_type(
            bounds.low, bounds.high, min_open=bounds.low_open, max_open=bounds.high_open
        )
    if isinstance(default, bool):
        more = {"is_flag": True, **more}
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        default=default,
        show_default=default is not None and not isinstance(default, bool),
        type=kind,
        help=text,
        **more,
    )


READOUT = ReadoutType()
INPUT = click.Path(readable=False)
BUNDLED = "bundled"
_PRESETS = ", ".join(f"{name} = {letters}" for name, letters in PRESETS.items())

READOUT_HELP = (
    "Amino acids that the experiment identifies, those that it cannot tell apart in brackets such "
    f"as CY[DE], or a preset ({_PRESETS})."
)

labels = click.option(
    "--labels",
    metavar="LABELS",
    type=LabelsType(),
    help="Instead of --readout: what each channel labels, such as DE,C,Y for channels 0, 1 and 2.",
)


def readout_of_options(readout: Readout | None, labels: Readout | None) -> Readout:
    """Return the one of --readout and --labels that is given, or end with click's usage error."""
    if (readout is None) == (labels is None):
        raise click.UsageError(
            f"expected one of --readout and --labels, found {'both' if labels else 'neither'}"
        )
    return readout or labels


def output(required: bool = True, metavar: str = "FASTA", text: str = "Output"):
    """`-o/--output`; `metavar` TSV is a table."""
    kind = TableOutput() if metavar == "TSV" else click.Path()
    return click.option("-o", "--output", required=required, metavar=metavar, type=kind, help=text)


def table(text: str):
    """`--table` as an output."""
    return click.option("--table", metavar="TSV", type=TableOutput(), help=text)


force = click.option("--force", is_flag=True, help="Overwrite outputs that exist.")

keep_going = click.option(
    "--keep-going",
    is_flag=True,
    help="End with exit code 0 even if records that could not be read were left out.",
)

device = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where the network runs; auto takes a GPU if there is one.",
)

threads = click.option(
    "--threads", type=click.IntRange(1, 1024), help="CPU threads.  [default: all cores]"
)

model = click.option(
    "--model",
    metavar="NAME_OR_FOLDER",
    help="A model folder, a short name such as protbert or esm2-8m (see pepseq models list), or a "
    "Hugging Face id such as Rostlab/prot_bert.",
)

offline = click.option(
    "--offline",
    is_flag=True,
    help="Use no network: a model must be on this machine.",
)

truth = click.option(
    "--truth",
    multiple=True,
    metavar="FASTA",
    type=INPUT,
    help="The true proteins, to mark what is wrong; may be given several times.",
)


def _or_bundled(context: click.Context, option: click.Parameter, paths: tuple) -> tuple:
    """Put the file that comes with pepseq in the place of its name, unless a file has that name."""
    if BUNDLED in paths and not os.path.isfile(BUNDLED):
        from pepseq.prediction.predict import BUNDLED_REFERENCE

        return tuple(str(BUNDLED_REFERENCE) if path == BUNDLED else path for path in paths)
    return paths


def reference(required: bool = False, default: str = "none", text: str = ""):
    """Return `--reference`; `text` says more of what it does."""
    shown = "" if required else f"  [default: {default}]"
    return click.option(
        "--reference",
        multiple=True,
        required=required,
        metavar="FASTA",
        type=INPUT,
        callback=_or_bundled,
        help=f"Known proteins, {BUNDLED} for those that come with pepseq; may be given several "
        f"times{text}.{shown}",
    )


kind = click.option(
    "--kind",
    type=click.Choice(READ_KINDS),
    default="protein",
    show_default=True,
    help="What readouts are of: whole proteins, their first residues, tryptic peptides, or any "
    "stretch.",
)

missed_label = click.option(
    "--missed-label",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="How often the experiment does not see a labelled residue.",
)

misread = click.option(
    "--misread",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="How often it takes a labelled residue for another label.",
)


def precision(choices: tuple[str, ...]):
    """`--precision`."""
    return click.option(
        "--precision",
        type=click.Choice(choices),
        default="auto",
        show_default=True,
        help="Number format; auto is fp32 on a CPU, bf16 or fp16 on a GPU.",
    )
