"""`pepseq report`."""

import logging

import click

from pepseq.cli import options
from pepseq.cli.help_sections import Command
from pepseq.io.plurals import plural

log = logging.getLogger(__name__)


@click.command(
    "report",
    cls=Command,
    example="pepseq report results -o report.html",
    main=("output", "truth", "title"),
)
@click.argument("results", nargs=-1, required=True, type=options.INPUT)
@options.output(metavar="HTML", text="The page; - for stdout.")
@options.truth
@click.option("--title", metavar="TEXT", help="Heading of the page.")
@options.force
def command(
    results: tuple[str, ...], output: str, truth: tuple[str, ...], title: str | None, force: bool
) -> None:
    """Write results as one page, for any browser.

    The page is self-contained. RESULTS are folders or files written by predict, evaluate, compare,
    quantify, evaluate-quantities, merge-amounts, lookup, design, score, fold, pair, evaluate-pairs,
    finetune, split and mask. Each is recognised by its columns and its run record, not by its name.
    """
    from pepseq.reporting.build import report

    done = report(results, output, truth=truth, title=title, force=force)
    found = f"{done.results} {plural(done.results, 'result')}"
    proteins = f"{done.proteins} {plural(done.proteins, 'protein')}"
    groups = f", amounts of {done.groups} {plural(done.groups, 'group')}" if done.groups else ""
    log.info("%s: %s, %s%s, %.1f MB", output, found, proteins, groups, done.bytes / 1e6)
