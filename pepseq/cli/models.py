"""`pepseq models` and its commands."""

import sys

import click

from pepseq.cli import options
from pepseq.cli.commands import SuggestingGroup
from pepseq.errors import SettingsError

COLUMNS = ("name", "kind", "source", "parameters", "licence", "citation", "sha256", "path")
VERIFIED = ("name", "file", "state", "sha256")


@click.group("models", cls=SuggestingGroup)
def command():
    """List, download, verify and convert published base models.

    Models lie in the caches that other programs share: those of the Hugging Face hub (HF_HOME) and
    of torch hub (TORCH_HOME). The SHA-256 of their files are pinned where a source that can be
    cited gives them, else written down when first seen, and checked ever after.
    """


@command.command("list")
def list_models():
    """List the models that have a short name, and where they are, as TSV (aligned on a terminal).

    sha256 is pinned (a cited source gives it), recorded (when first seen) or unknown; path is the
    folder with the files, or not here.
    """
    from pepseq.models.checksums import read_checksums
    from pepseq.models.registry import KNOWN_MODELS, MSA

    records = read_checksums()
    rows = [list(COLUMNS)]
    for known in KNOWN_MODELS:
        pinned = "pinned" if all(known.weights.values()) else None
        recorded = "recorded" if known.name in records else "unknown"
        source = known.id if known.kind == MSA else f"{known.id}@{known.revision}"
        row = [known.name, known.kind, source, known.parameters, known.licence, known.citation]
        row += [pinned or recorded, "not here" if known.missing_files() else str(known.folder)]
        rows.append(row)
    if sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo("  ".join(cells).rstrip())
    else:
        for row in rows:
            click.echo("\t".join(row))


@command.command("download")
@click.argument("names", nargs=-1, required=True)
@options.offline
@click.option("--force", is_flag=True, help="Download again, and write the SHA-256 down anew.")
def download_models(names, offline, force):
    """Download, check and convert the models NAMES into the usual caches; print where they are.

    A download that was stopped goes on where it was. PEPSEQ_MODELS_URL and HF_ENDPOINT name other
    servers than the publishers'.
    """
    from pepseq.models.download import download_model

    for known in _known(names):
        click.echo(f"{known.name}\t{download_model(known, offline, force)}")


@command.command("verify")
@click.argument("names", nargs=-1)
def verify_models(names):
    """Read every file of the models NAMES (of all that are here) and compare the SHA-256.

    A row for each file: pinned or recorded if it is as expected, new if it was first seen now,
    changed if it is not; then the exit code is 65.
    """
    from pepseq.models.download import check_model_files, raise_if_changed
    from pepseq.models.registry import KNOWN_MODELS

    click.echo("\t".join(VERIFIED))
    done = []
    for known in _known(names) if names else KNOWN_MODELS:
        checks = check_model_files(known, full=True)
        for check in checks:
            click.echo(f"{known.name}\t{check.path}\t{check.state}\t{check.sha256}")
        done.append((known, checks))
    for known, checks in done:
        raise_if_changed(known, checks)
        if names and known.missing_files():
            from pepseq.errors import InputError

            raise InputError(f"{known.name}: not on this machine: {known.download_advice()}")


@command.command("convert")
@click.argument("source", type=options.INPUT)
@options.output(
    required=False,
    metavar="SAFETENSORS",
    text="File to write.  [default: SOURCE's name with .safetensors]",
)
@options.force
def convert_model(source, output, force):
    """Convert pickled weights to safetensors: a .pt or .bin file, or a model folder in place.

    The pickle is read as data only; one that holds code is refused. Prints what was written.
    """
    from pepseq.models.conversion import convert_weights

    click.echo(convert_weights(source, output, force))


def _known(names):
    """Return the known models of these names, or end with click's usage error."""
    from pepseq.models.registry import KNOWN_MODELS, find_known_model

    for name in names:
        if find_known_model(name) is None:
            raise SettingsError(
                f"{name}: expected one of {', '.join(known.name for known in KNOWN_MODELS)}"
            )
    return [find_known_model(name) for name in names]
