"""The commands of pepseq, found by name; errors become one line and an exit code."""

import importlib
import io
import logging
import os
import sys
import traceback
import warnings

import click

from pepseq.cli.help_sections import Group
from pepseq.cli.streams import ClosedPipe
from pepseq.errors import OutputError, PepseqError, TryAgainError, printable
from pepseq.io.run_record import ARGV
from pepseq.models.requirements import LIBRARIES, missing_message
from pepseq.version import __version__

GROUPS = {
    "Read": {
        "mask": "Simulate reads of proteins: hide the residues that an experiment does not "
        "identify.",
        "simulate": "Simulate the reads of a sample: proteins in different amounts, digested and "
        "sequenced.",
    },
    "Complete": {
        "predict": "Predict the hidden residues of reads, with a confidence for each.",
        "search": "Search one part of a wide reference, as one of several jobs of a prediction.",
        "merge": "Merge the outputs of several jobs of predict --shard.",
        "show": "Print one predicted protein in the terminal, coloured by confidence.",
    },
    "Identify": {
        "lookup": "List the known proteins that reads fit, with scores, E-values and q-values.",
        "quantify": "Estimate which proteins are in a sample, and how much of each, from reads of "
        "peptides.",
        "merge-amounts": "Join the amounts of several samples in one table.",
        "design": "Find the labels that would identify the proteins of a reference.",
    },
    "Pair": {"pair": "Predict which members of two or more protein families interact."},
    "Structures": {
        "fold": "Predict the structures of proteins and complexes, one file each.",
        "fetch-structures": "Download structures of proteins from AlphaFold DB.",
        "score": "Compare predicted and reference structures: TM-score, RMSD, lDDT, pLDDT.",
    },
    "Evaluate": {
        "evaluate": "Compare predicted and true proteins: tables and figures of the accuracy.",
        "compare": "Compare evaluations side by side, by training set and test set.",
        "evaluate-pairs": "Compare predicted pairs with the true pairs.",
        "evaluate-quantities": "Compare estimated amounts of proteins with the true amounts.",
        "report": "Write results as one page, for any browser.",
    },
    "References and models": {
        "reference": "Keep references under a name, and find those that reads fit.",
        "download": "Download the proteins of a taxon from UniProt; resume an interrupted "
        "download.",
        "split": "Split proteins into training, validation and test sets, and report their "
        "similarity.",
        "finetune": "Train a protein language model to predict hidden residues.",
        "models": "List, download, verify and convert published base models.",
        "doctor": "Print what is installed, which references and models are here, and what is "
        "missing.",
    },
}
"""The commands in groups, each with the first line of its help."""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}

CITATION = f"""\
pepseq {__version__} (GPL-3.0-or-later)

Cite pepseq, and the method that you used:

finetune; predict without templates
    Pham TLH et al. Peptide Sequencing Via Protein Language Models. arXiv:2408.00892 (2024)
pair, method diffpalm
    Lupo U, Sgarbossa D, Bitbol A-F. Pairing interacting protein sequences using masked
    language modeling. PNAS (2024); arXiv:2308.07136
error rates of fluorosequencing (--errors, --noise)
    Smith MB et al. Estimating error rates for single molecule protein sequencing
    experiments. PLoS Comput Biol (2024)
predict or finetune with ProtBert
    Elnaggar A et al. ProtTrans: Toward Understanding the Language of Life Through
    Self-Supervised Learning. IEEE TPAMI (2022)
score
    Zhang Y, Skolnick J. Scoring function for automated assessment of protein structure
    template quality. Proteins (2004)

`pepseq models list` names the papers of base models.
"""

log = logging.getLogger("pepseq")


class PrintableFormatter(logging.Formatter):
    """Messages with escapes for control characters, which a terminal would obey."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message."""
        return printable(super().formatMessage(record))


class LogFile(logging.FileHandler):
    """A file to which messages are appended, with date and time; OSError if it cannot be opened."""

    def __init__(self, path: str):
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(
            PrintableFormatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
        )

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop a message that cannot be written: the run continues."""


class LazyGroup(Group):
    """The group of COMMANDS, which imports a command only when it is called."""

    def list_commands(self, ctx):
        """Return the names of the commands in the order of a typical analysis."""
        return list(COMMANDS)

    def get_command(self, ctx, name):
        """Import and return a command."""
        if name == "help":
            return help_command
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"pepseq.cli.{name.replace('-', '_')}").command

    def format_commands(self, ctx, formatter):
        """List the commands in groups, without importing them."""
        spacing = max(map(len, COMMANDS))
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:{spacing}}", text) for name, text in commands.items()])


def _print_citation(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given:
        click.echo(CITATION, nl=False)
        context.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pepseq")
@click.option(
    "--citation",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_citation,
    help="Print what to cite, and exit.",
)
@click.option(
    "-v", "--verbose", count=True, help="Print more messages; -vv also prints tracebacks."
)
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Also append the messages to this file, with date and time.",
)
@click.option(
    "--longest-record",
    type=click.IntRange(1),
    metavar="RESIDUES",
    help="Maximum number of residues of a FASTA record; longer records are left out.  [default: "
    "1000000, or "
    "PEPSEQ_LONGEST_RECORD]",
)
def cli(verbose: int, quiet: bool, log_file: str | None, longest_record: int | None):
    """Reconstruct whole proteins from reads, in which only some amino acids are identified.

    Results are written to files or standard output; messages go to standard error. Exit codes: 0
    success, 1 a bug in pepseq, 2 wrong usage, 65 invalid input, 74 output cannot be written, 75 try
    again or resume.
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
    log.handlers[0].setFormatter(PrintableFormatter())
    if log_file is not None:
        log.addHandler(LogFile(log_file))


@click.command("help")
@click.argument("command", nargs=-1)
def help_command(command: tuple[str, ...]):
    """Print the help of pepseq, or of one of its commands."""
    cli.main([*command, "--help"], prog_name="pepseq", standalone_mode=False)


def run(arguments: list[str]) -> tuple[int, str]:
    """Run a command line; return its exit code and the final message for standard error."""
    ARGV.set(tuple(arguments))
    code, message = _run(arguments)
    for handler in log.handlers:
        if message and isinstance(handler, LogFile):
            level = logging.ERROR if code else logging.INFO
            handler.emit(log.makeRecord(log.name, level, "", 0, message.rstrip("\n"), (), None))
    return code, message


def _run(arguments: list[str]) -> tuple[int, str]:
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
        return error.exit_code, _error_line(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return OutputError.exit_code, _error_line(f"{where}{error.strerror or error}")
    except MemoryError:
        message = "out of memory: use a machine with more memory, or smaller batches"
        return TryAgainError.exit_code, _error_line(message)
    except SystemExit as error:
        return int(error.code or 0), ""
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in LIBRARIES:
            return 2, _error_line(missing_message("this command", library))
        return PepseqError.exit_code, _bug_line(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is one line too
        return PepseqError.exit_code, _bug_line(error)


def _bug_line(error: Exception) -> str:
    return _error_line(f"a bug in pepseq, please report it: {type(error).__name__}: {error}")


def _error_line(message: str) -> str:
    """Return an error as one printable line; with -vv, the traceback comes before it."""
    trace = traceback.format_exc() if log.isEnabledFor(logging.DEBUG - 1) else ""
    return f"{trace}Error: {printable(' '.join(message.split()))}"
