"""Options of more than one command; each has the same meaning everywhere."""

import os
from collections.abc import Callable
from typing import Any

import click

from pepseq.errors import SettingsError
from pepseq.io.dataframes import check_frame_name
from pepseq.io.tables import check_table_name
from pepseq.readout.readout import PRESETS, Readout
from pepseq.settings import Choice, Range, bounds_of, is_whole


class ReadoutType(click.ParamType):
    """A readout, made of an option's text by `parse`."""

    def __init__(self, name: str, parse: Callable[[str], Readout]):
        self.name, self._parse = name, parse

    def convert(self, value, param, ctx):
        """Return a Readout, or end with click's usage error."""
        try:
            return value if isinstance(value, Readout) else self._parse(value)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


class TableOutput(click.Path):
    """A table to write, whose name must not have the suffix of another format."""

    def __init__(self, check=check_table_name):
        super().__init__()
        self._check = check

    def convert(self, value, param, ctx):
        """Return the path, or end with click's usage error."""
        try:
            self._check(value)
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
    """Return an option with the name, default and bounds of the dataclass field `name`."""
    default, bounds = getattr(config, name), bounds_of(config, name)
    kind: click.ParamType | None = None
    if isinstance(bounds, Choice):
        kind = click.Choice(bounds.values)
    elif isinstance(bounds, Range):
        range_type: Any = click.IntRange if is_whole(config, name) else click.FloatRange
        kind = range_type(bounds.low, bounds.high, bounds.low_open, bounds.high_open)
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


READOUT = ReadoutType("readout", Readout)
INPUT = click.Path(readable=False)
BUNDLED = "bundled"
_PRESETS = ", ".join(f"{name} = {letters}" for name, letters in PRESETS.items())

READOUT_HELP = (
    "Amino acids that the experiment identifies, with those that it cannot tell apart in "
    f"brackets, such as CY[DE], or the name of a preset ({_PRESETS})."
)

labels = click.option(
    "--labels",
    metavar="LABELS",
    type=ReadoutType("labels", Readout.from_labels),
    help="The readout as labels of numbered channels, instead of --readout: DE,C,Y for channels 0, "
    "1 and 2.",
)


def readout_of_options(readout: Readout | None, labels: Readout | None) -> Readout:
    """Return the readout of --readout or of --labels; usage error unless one of them is given."""
    if readout is not None and labels is not None:
        raise click.UsageError("give --readout or --labels, not both")
    given = readout if labels is None else labels
    if given is None:
        raise click.UsageError("give --readout or --labels")
    return given


def output(
    required: bool = True, metavar: str = "FASTA", text: str = "Output file.", stdout: bool = False
):
    """Return `-o/--output`; with the metavar TSV the name must be that of a table.

    With `stdout`, the option is not required, and `-`, standard output, its default.
    """
    default: dict[str, Any] = {"default": "-"} if stdout else {"required": required}
    return click.option(
        "-o",
        "--output",
        **default,
        metavar=metavar,
        type=TableOutput() if metavar == "TSV" else click.Path(),
        help=f"{text}  [default: standard output]" if stdout else text,
    )


def table(text: str):
    """Return `--table`, a table to write."""
    return click.option("--table", metavar="TSV", type=TableOutput(), help=text)


def table_or_parquet(text: str):
    """Return `--table`, a table to write as TSV or Parquet."""
    kind = TableOutput(check_frame_name)
    return click.option("--table", metavar="TSV_OR_PARQUET", type=kind, help=text)


force = click.option("--force", is_flag=True, help="Overwrite existing outputs.")

keep_going = click.option(
    "--keep-going",
    is_flag=True,
    help="Exit with code 0 even if records that could not be read were left out.",
)

figures = click.option(
    "--figures",
    multiple=True,
    type=click.Choice(["png", "svg", "pdf"]),
    default=["png"],
    help="Format of the figures; may be given several times.  [default: png]",
)

device = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Device on which the network runs; auto uses a GPU if there is one.",
)

threads = click.option(
    "--threads", type=click.IntRange(1, 1024), help="Number of CPU threads.  [default: all cores]"
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
    help="Make no internet connection; models must be on this machine.",
)

truth = click.option(
    "--truth",
    multiple=True,
    metavar="FASTA",
    type=INPUT,
    help="True proteins, to mark wrong residues; may be given several times.",
)


def _replace_bundled(
    context: click.Context, option: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    """Replace the name `bundled` by the path of that file, unless there is a file of this name."""
    if BUNDLED in paths and not os.path.isfile(BUNDLED):
        from pepseq.templates import BUNDLED_REFERENCE

        return tuple(str(BUNDLED_REFERENCE) if path == BUNDLED else path for path in paths)
    return paths


def reference(required: bool = False, default: str = "none", text: str = ""):
    """Return `--reference`; `text` is added to its help."""
    default_hint = "" if required else f"  [default: {default}]"
    return click.option(
        "--reference",
        multiple=True,
        required=required,
        metavar="FASTA_OR_NAME",
        type=INPUT,
        callback=_replace_bundled,
        help=f"Known proteins: a FASTA file, the name of a reference of the library (see pepseq "
        f"reference), or {BUNDLED} for those that come with pepseq; may be given several times"
        f"{text}.{default_hint}",
    )


_READ_SETTINGS = {
    "kind": "Kind of reads: of whole proteins, their first residues (prefix), tryptic peptides, or "
    "any stretch (fragment).",
    "missed_label": "Probability that a label is missed and its residue is hidden (0 to below 1).",
    "misread": "Probability that a label is misread as another label (0 to below 1).",
}


def read_settings(config: type):
    """Return a decorator that adds --kind, --missed-label and --misread, settings of `config`."""

    def add_options(command):
        for name, text in reversed(_READ_SETTINGS.items()):
            command = setting(config, name, text)(command)
        return command

    return add_options


def part_residues(config: type):
    """Return `--part-residues`, a setting of `config`."""
    return setting(
        config,
        "part_residues",
        "Number of residues of a part: a larger reference is searched in parts, each with its own "
        "candidate templates.",
    )


confusion = click.option(
    "--confusion",
    metavar="TSV",
    type=INPUT,
    help="Confusion matrix, in place of --missed-label and --misread: a row for each true label, a "
    "column for each reported one, and _ for no label.",
)


def precision(choices: tuple[str, ...]):
    """Return `--precision` with these choices."""
    return click.option(
        "--precision",
        type=click.Choice(choices),
        default="auto",
        show_default=True,
        help="Number format of the network; auto is fp32 on a CPU, bf16 or fp16 on a GPU.",
    )
