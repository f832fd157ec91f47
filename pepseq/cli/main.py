"""The `pepseq` command: finds its subcommands, and turns errors into one line and an exit code."""

import importlib
import io
import logging
import os
import signal
import sys
import traceback
import warnings
from contextlib import suppress

import click

from pepseq.errors import OutputError, PepseqError, printable
from pepseq.version import __version__

COMMANDS = {
    "download": "Download the proteins of a taxon from UniProt, going on where an earlier call was "
    "stopped.",
    "split": "Split proteins into train, validation and test, and say how near they are.",
    "mask": "Hide what an experiment does not read: proteins to readouts.",
    "predict": "Complete readouts: every hidden residue with its confidence.",
    "merge": "Put together what jobs with predict --shard wrote.",
    "lookup": "List the known proteins that readouts fit, with scores, E-values and q-values.",
    "finetune": "Train a protein language model to complete readouts.",
    "pair": "Pair two families: which protein of one interacts with which of the other.",
    "fold": "Predict the structures of proteins, one file each, going on where a call was stopped.",
    "fetch-structures": "Fetch reference models of proteins from AlphaFold DB.",
    "score": "Compare predicted with reference structures: TM-score, RMSD, lDDT, pLDDT.",
    "models": "List, download, verify and convert published base models.",
    "evaluate": "Compare completed proteins with the truth: tables and figures.",
    "compare": "Put evaluations side by side: what was trained on which proteins does how well on "
    "others.",
    "evaluate-pairs": "Compare tables of pairs with the true pairs.",
    "report": "Write one page about results, to read in any browser.",
    "show": "Print one completed protein in the terminal, coloured by confidence.",
}

TERMINATED = 143
terminated = False
log = logging.getLogger("pepseq")


class ClosedPipe(Exception):
    """Whoever read stdout has stopped reading."""


class ClosedStdout(io.TextIOBase):
    """Stands for a stdout that was closed before pepseq began: writing to it is an error."""

    def write(self, text: str) -> int:
        """Raise OutputError."""
        raise OutputError("stdout: is closed")


class Lines(logging.Formatter):
    """Messages of one line each, without what a terminal would obey."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message."""
        return printable(record.message)


class Commands(click.Group):
    """A group that imports a command only when it is called."""

    def invoke(self, ctx):
        """Run a command; a closed pipe is kept from click, which would exit with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ClosedPipe from error

    def make_context(self, *arguments, **keywords):
        """Read the command line; help into a closed pipe is like any output into one."""
        try:
            return super().make_context(*arguments, **keywords)
        except BrokenPipeError as error:
            raise ClosedPipe from error

    def list_commands(self, ctx):
        """Return the commands in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx, name):
        """Import and return one command."""
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"pepseq.cli.{name.replace('-', '_')}").command

    def format_commands(self, ctx, formatter):
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pepseq")
@click.option("-v", "--verbose", count=True, help="Say more; -vv also shows tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option(
    "--longest-record",
    type=click.IntRange(1),
    metavar="RESIDUES",
    help="Residues that a FASTA record may have; longer ones are left out.  [default: 1000000, or "
    "PEPSEQ_LONGEST_RECORD]",
)
def cli(verbose: int, quiet: bool, longest_record: int | None):
    """Reconstruct whole proteins from the few amino acids that sequencing reads.

    Results go to files or stdout, words to stderr. Exit codes: 0 done, 1 a bug of pepseq, 2 usage,
    65 bad input, 74 output, 75 try again or resume.
    """
    if longest_record is not None:
        os.environ["PEPSEQ_LONGEST_RECORD"] = str(longest_record)
    level = logging.ERROR if quiet else logging.INFO if not verbose else logging.DEBUG + 1 - verbose
    if not verbose:
        warnings.simplefilter("ignore")
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
    log.setLevel(level)
    log.propagate = False
    log.handlers = [logging.StreamHandler()]
    log.handlers[0].setFormatter(Lines())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        sys.stdout = ClosedStdout() if sys.stdout is None else sys.stdout
        code = cli.main(arguments, prog_name="pepseq", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _end(130, "stopped")
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        sys.exit(error.exit_code)
    except PepseqError as error:
        _end(error.exit_code, str(error))
    except (ClosedPipe, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(OutputError.exit_code)
    except OSError as error:
        _end(OutputError.exit_code, f"{error.filename or 'stdout'}: {error.strerror}")
    except MemoryError:
        _end(75, "out of memory: try again with more, or with smaller batches")
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is one line too
        _end(1, f"a bug of pepseq, please report it: {type(error).__name__}: {error}")
    finally:
        signal.alarm(0)  # Python no longer handles it while it shuts down


def _terminate(number, frame):
    """End with 143; ask again each second in case a library being imported swallows it."""
    global terminated
    terminated = True
    signal.signal(signal.SIGALRM, _terminate)
    signal.alarm(1)
    raise SystemExit(TERMINATED)


def _end(code: int, message: str) -> None:
    if terminated:
        sys.exit(TERMINATED)
    with suppress(OSError):
        if log.isEnabledFor(logging.DEBUG - 1):
            traceback.print_exc()
        click.echo(f"Error: {printable(' '.join(message.split()))}", err=True)
    sys.exit(code)
