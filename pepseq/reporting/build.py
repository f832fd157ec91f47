"""Folders of results in, one self-contained HTML page out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pepseq.errors import SettingsError, readable
from pepseq.io.files import check_outputs
from pepseq.io.outputs import Outputs
from pepseq.io.run_record import run_record
from pepseq.reporting import accuracy, other_results
from pepseq.reporting.discovery import PAGE, RECORD, Results, find_results, log_results, read_run
from pepseq.reporting.links import PredictedTable, link
from pepseq.reporting.protein_lists import protein_lists
from pepseq.reporting.provenance import reproduce
from pepseq.reporting.structures import structures
from pepseq.reporting.values import columns, nested, replace_unshowable, shown
from pepseq.version import __version__

Paths = str | Path | Sequence[str | Path]
_FOLDER = Path(__file__).parent
_TITLE = "Proteins predicted by pepseq"
_CONTENTS = {
    "reads": ("Reads", "Observed and hidden residues"),
    "accuracy": ("Accuracy", "Accuracy of hidden residues"),
    "across": ("Across species", "Across species: trained on one, tested on others"),
    "structures": ("Structures", "Predicted and reference structures"),
    "proteins": ("Proteins", "The proteins, one by one"),
    "fits": ("Fits", "Reference proteins that the reads fit"),
    "true-pairs": ("True pairs", "True pairs found"),
    "pairs": ("Pairs", "Interacting proteins"),
    "training": ("Training", "Training"),
    "split": ("Data", "Training and test proteins"),
    "reproduce": ("Reproduce", "How to reproduce this"),
    "words": ("Words", "Words"),
}
"""Sections in their order: key (and name of the template), name in the contents, heading."""


@dataclass(frozen=True)
class ReportSummary:
    """Number of results that the page shows, of proteins listed, and of bytes of the page."""

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
) -> ReportSummary:
    """Write one HTML page about results of other commands, for a reader who did not run them.

    `results` are folders or files, each recognised by its columns or its run record: see `KINDS`.
    `truth` are FASTA files of true proteins, to mark wrong residues; without any, the one that an
    evaluation's run record names is used if it is unchanged. The page loads nothing.

    Raises SettingsError, InputError (also if nothing is recognised) and OutputError.
    """
    sources, truths = _as_list(results), _as_list(truth)
    if not sources:
        raise SettingsError("report: expected folders or files of results, found none")
    started = time.time()
    check_outputs([output], [*sources, *truths], force)
    found = find_results(sources, output)
    log_results(found)
    check_outputs([output], [*found.files, *truths], force)
    tables = link(found, truths)
    read_run(Path(f"{output}{RECORD}"), found)  # a result of another command is not overwritten
    check_outputs([output], [*found.files, *found.runs, *truths], force)
    date = time.strftime("%Y-%m-%d", time.gmtime(started))
    page = _render(found, tables, title=title or _TITLE, date=date)
    content = replace_unshowable(f"{readable(page)}\n").encode()
    with Outputs(force) as outputs:
        outputs.open(output, "report").write(content)
        settings = {"title": title, "truth": [str(path) for path in truths]}
        inputs = list(dict.fromkeys([*found.files, *truths]))
        outputs.record(output, run_record(PAGE, settings, inputs, started))
    return ReportSummary(found.count, sum(len(t.proteins) for t in tables), len(content))


def _as_list(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)


def _render(results: Results, tables: list[PredictedTable], **more: str) -> str:
    """Return the page's HTML."""
    evaluations = list(results.evaluations.values())
    sections: dict[str, Any] = {
        "reads": accuracy.observed_and_hidden(results, tables),
        "accuracy": accuracy.accuracy(evaluations),
        "across": accuracy.across_species(results),
        "structures": structures(results, tables),
        "proteins": protein_lists(results, tables),
        "fits": other_results.fits(results),
        "true-pairs": accuracy.true_pairs(results),
        "pairs": other_results.pairings(results),
        "training": other_results.training(results),
        "split": other_results.splits(results),
        "reproduce": reproduce(results),
        "words": True,
    }
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            version=__version__,
            contents={key: names for key, names in _CONTENTS.items() if sections[key]},
            sections=sections,
            evaluations=(sections["accuracy"] or {}).get("evaluations", []),
            lists=(sections["proteins"] or {}).get("lists", []),
            left_out=other_results.left_out(results),
            static=lambda name: (_FOLDER / "static" / name).read_text("utf-8"),
            **more,
        )
    )


def environment() -> Environment:
    """Return where templates lie: values are escaped, and a value that is missing is an error."""
    templates = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    templates.filters |= {"shown": shown, "nested": nested, "columns": columns}
    return templates
