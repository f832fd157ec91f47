"""Folders of results in, one self-contained HTML page out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import SettingsError, readable
from pepseq.io.files import check_outputs
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.report.discover import PAGE, find_results
from pepseq.report.link import link
from pepseq.report.page import page

Paths = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Reported:
    """What `report` did: results that the page shows, proteins listed, size of the page."""

    results: int
    proteins: int
    bytes: int


def report(
    results: Paths,
    output: str | Path,
    *,
    truth: Paths = (),
    title: str | None = None,
    force: bool = False,
) -> Reported:
    """Write one HTML page about what other commands wrote, for a reader who was not there.

    `results` are folders or files, each recognised by its columns or its run record: see `KINDS`.
    `truth` are FASTA files of true proteins, to mark what is wrong; without any, the one that an
    evaluation's run record names, if it is there and unchanged. The page loads nothing.

    Raises SettingsError, InputError (also if nothing is recognised) and OutputError.
    """
    sources, truths = _listed(results), _listed(truth)
    if not sources:
        raise SettingsError("report: expected folders or files of results, found none")
    started = time.time()
    check_outputs([output], [*sources, *truths], force)
    found = find_results(sources, output)
    check_outputs([output], [*found.files, *truths], force)
    predictions, judged = link(found, truths)
    check_outputs([output], [*found.files, *found.runs, *truths], force)
    made = time.strftime("%Y-%m-%d", time.gmtime(started))
    content = readable(page(found, predictions, judged, title, made)).encode("utf-8", "replace")
    with Outputs(force) as outputs:
        outputs.open(output, "report").write(content)
        settings = {"title": title, "truth": [str(path) for path in truths]}
        read = list(dict.fromkeys([*found.files, *truths]))
        outputs.record(output, run_record(PAGE, settings, read, started))
    listed = sum(len(one.proteins) for one in predictions)
    return Reported(found.results, listed, len(content))


def _listed(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)
