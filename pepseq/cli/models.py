"""`pepseq models` and its commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Group
from pepseq.cli.printed_table import echo_table
from pepseq.errors import InputError, SettingsError

if TYPE_CHECKING:
    from pepseq.models.registry import KnownModel

LIST_COLUMNS = ("name", "kind", "source", "parameters", "licence", "citation", "sha256", "path")
VERIFY_COLUMNS = ("name", "file", "state", "sha256")


@click.group("models", cls=Group)
def command():
    """List, download, verify and convert published base models.

    Models are stored in caches that other programs also use: those of the Hugging Face hub
    (HF_HOME) and of torch hub (TORCH_HOME). The SHA-256 of their files is checked at every use,
    against a cited source (pinned) or else against the first use (recorded).
    """


@command.command("list", example="pepseq models list", main=())
def list_models():
    """List the models with a short name, and their folders, as TSV (aligned on a terminal).

    sha256 is pinned (from a cited source), recorded (at the first use) or unknown; path is the
    folder of the files, or "not here".
    """
    from pepseq.models.checksums import read_checksums
    from pepseq.models.registry import KNOWN_MODELS, MSA

    records = read_checksums()
    rows = [list(LIST_COLUMNS)]
    for known in KNOWN_MODELS:
        pinned = "pinned" if all(known.weights.values()) else None
        recorded = "recorded" if known.name in records else "unknown"
        source = known.id if known.kind == MSA else f"{known.id}@{known.revision}"
        row = [known.name, known.kind, source, known.parameters, known.licence, known.citation]
        row += [pinned or recorded, "not here" if known.missing_files() else str(known.folder)]
        rows.append(row)
    echo_table(rows)


@command.command("download", example="pepseq models download protbert", main=())
@click.argument("names", nargs=-1, required=True)
@options.offline
@click.option("--force", is_flag=True, help="Download again, and record the new SHA-256.")
def download_models(names, offline, force):
    """Download, check and convert the models NAMES into the shared caches; print their folders.

    An interrupted download is resumed. PEPSEQ_MODELS_URL and HF_ENDPOINT set other servers than
    the publishers'.
    """
    from pepseq.models.download import download_model

    for known in _find_models(names):
        click.echo(f"{known.name}\t{download_model(known, offline, force)}")


@command.command("verify", example="pepseq models verify protbert", main=())
@click.argument("names", nargs=-1)
def verify_models(names):
    """Compare the SHA-256 of every file of the models NAMES (default: all on this machine).

    Prints one row for each file. Its state is pinned or recorded if the SHA-256 is as expected,
    new at the first use, or changed. If a file changed, the exit code is 65.
    """
    from pepseq.models.download import check_model_files, raise_if_changed
    from pepseq.models.registry import KNOWN_MODELS

    click.echo("\t".join(VERIFY_COLUMNS))
    results = []
    for known in _find_models(names) if names else KNOWN_MODELS:
        checks = check_model_files(known, full=True)
        for check in checks:
            click.echo(f"{known.name}\t{check.path}\t{check.state}\t{check.sha256}")
        results.append((known, checks))
    for known, checks in results:
        raise_if_changed(known, checks)
        if names and known.missing_files():
            raise InputError(f"{known.name}: not on this machine: {known.download_advice()}")


@command.command("convert", example="pepseq models convert pytorch_model.bin -o model.safetensors")
@click.argument("source", type=options.INPUT)
@options.output(
    required=False,
    metavar="SAFETENSORS",
    text="File to write.  [default: SOURCE's name with .safetensors]",
)
@options.force
def convert_model(source, output, force):
    """Convert pickled weights to safetensors: a .pt or .bin file, or a model folder in place.

    The pickle is read as data only; a pickle that contains code is rejected. Prints the output's
    path.
    """
    from pepseq.models.conversion import convert_weights

    click.echo(convert_weights(source, output, force))


def _find_models(names: Sequence[str]) -> "list[KnownModel]":
    """Return the known models of these names; SettingsError for any other name."""
    from pepseq.models.registry import KNOWN_MODELS, find_known_model

    models = []
    for name in names:
        known = find_known_model(name)
        if known is None:
            available = ", ".join(known.name for known in KNOWN_MODELS)
            raise SettingsError(f"{name}: unknown model; choose one of {available}")
        models.append(known)
    return models
