"""Folders of results in, one self-contained HTML page out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import readable, showable
from pepseq.io.files import check_outputs, list_paths
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.reporting.discovery import PAGE, find_results, log_results, read_run
from pepseq.reporting.links import link
from pepseq.reporting.results import RECORD, Results

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class ReportSummary:
    """Number of results that the page shows, of proteins listed, and of bytes of the page.

    `groups`: number of groups of proteins in tables of amounts.
    """

    results: int
    proteins: int
    groups: int
    bytes: int


def report(
    results: Paths,
    output: str | Path,
    *,
    truth: Paths = (),
    title: str | None = None,
    force: bool = False,
) -> ReportSummary:
    """Write one HTML page about results of other commands, for a reader who did not run them.

    `results` are folders or files, each recognised by its columns or its run record: see `KINDS`.
    `truth` are FASTA files of true proteins, to mark wrong residues; without any, the one that an
    evaluation's run record names is used if it is unchanged. The page loads nothing.

    Raises SettingsError, InputError (also if nothing is recognised) and OutputError.
    """
    sources, truths = list_paths(results, "results", required=True), list_paths(truth, "truth")
    started = time.time()
    check_outputs([output], [*sources, *truths], force)
    recognised = find_results(sources, output)
    log_results(recognised)
    check_outputs([output], [*recognised.files, *truths], force)
    link(recognised, truths)
    # a result of another command is not overwritten
    read_run(Path(f"{output}{RECORD}"), recognised)
    check_outputs([output], [*recognised.files, *recognised.runs, *truths], force)
    from pepseq.reporting.page import render_page  # imports matplotlib

    date = time.strftime("%Y-%m-%d", time.gmtime(started))
    page = render_page(recognised, title=title or _title(recognised), date=date)
    content = showable(f"{readable(page)}\n").encode()
    with Outputs(force) as outputs:
        outputs.open(output, "report").write(content)
        settings = {"title": title, "truth": [str(path) for path in truths]}
        inputs = list(dict.fromkeys([*recognised.files, *truths]))
        outputs.record(output, run_record(PAGE, settings, inputs, started))
    proteins = sum(len(table.proteins) for table in recognised.predictions)
    groups = sum(len(table.rows) for table in recognised.amounts)
    return ReportSummary(recognised.count, proteins, groups, len(content))


def _title(results: Results) -> str:
    """Return the heading of a page without a given one."""
    if results.predictions or results.evaluations:
        return "Proteins predicted by pepseq"
    if results.amounts:
        return "Amounts of proteins, estimated by pepseq"
    if results.tables["identified"]:
        return "Proteins identified by pepseq"
    if results.tables["designs"]:
        return "Sets of labels, compared by pepseq"
    return "Proteins predicted by pepseq"
