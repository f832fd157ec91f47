"""All commands of pepseq: found by name, their errors turned into one line and an exit code."""

import importlib
import io
import logging
import os
import sys
import traceback
import warnings

import click

from pepseq.cli.groups import SuggestingGroup
from pepseq.cli.streams import ClosedPipe
from pepseq.errors import OutputError, PepseqError, TryAgainError, printable
from pepseq.io.run_record import ARGV
from pepseq.version import __version__

COMMANDS = {
    "download": "Download the proteins of a taxon from UniProt, going on where an earlier call was "
    "stopped.",
    "split": "Split proteins into train, validation and test, and report how near they are.",
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

log = logging.getLogger("pepseq")


class Lines(logging.Formatter):
    """Messages of one line each, without what a terminal would obey."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message."""
        return printable(record.message)


class Commands(SuggestingGroup):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx):
        """Return the commands in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx, name):
        """Import and return one command."""
        if name == "help":
            return help_command
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


@click.command("help")
@click.argument("command", nargs=-1)
def help_command(command: tuple[str, ...]):
    """Print the help of pepseq, or of one of its commands."""
    cli.main([*command, "--help"], prog_name="pepseq", standalone_mode=False)


def run(arguments: list[str]) -> tuple[int, str]:
    """Run a command line; return its exit code and what is left to say on standard error."""
    ARGV.set(tuple(arguments))
    try:
        code = cli.main(arguments, prog_name="pepseq", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0, ""
    except click.exceptions.Abort:
        return 130, "Error: stopped"
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        return error.exit_code, text.getvalue()
    except ClosedPipe as error:
        return error.exit_code, ""
    except PepseqError as error:
        return _told(error.exit_code, str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _told(OutputError.exit_code, f"{where}{error.strerror or error}")
    except MemoryError:
        words = "out of memory: try again with more, or with smaller batches"
        return _told(TryAgainError.exit_code, words)
    except SystemExit as error:
        return error.code, ""
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is one line too
        words = f"a bug of pepseq, please report it: {type(error).__name__}: {error}"
        return _told(PepseqError.exit_code, words)


def _told(code: int, words: str) -> tuple[int, str]:
    """Return the code with one line, and with -vv the traceback before it."""
    trace = traceback.format_exc() if log.isEnabledFor(logging.DEBUG - 1) else ""
    return code, f"{trace}Error: {printable(' '.join(words.split()))}"
