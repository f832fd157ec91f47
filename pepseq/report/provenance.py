"""How to get the same results again: commands, inputs and versions, from run records."""

from collections.abc import Sequence
from pathlib import Path

from pepseq.report.calls import BUNDLED, as_list, command_line, reference_files
from pepseq.report.discover import SAID, Found, Run
from pepseq.report.html import (
    Column,
    Html,
    details,
    identifier,
    join,
    paragraph,
    section,
    table,
    tag,
)
from pepseq.report.link import Prediction
from pepseq.report.paths import local
from pepseq.report.tables import number, part

_BUNDLED = "the bundled proteins of E. coli K-12 and EC590"
DIGEST = 12
"""So many hexadecimal digits of a SHA-256 are shown, enough to tell files apart."""


def known_proteins(run: Run | None) -> str:
    """Return the reference files of a run as a reader names them; empty if nothing is recorded."""
    if run is None:
        return ""
    if not part(run.record, "settings", "reference"):
        return "none"
    named = [
        _BUNDLED if path == BUNDLED else Path(path).name for path in reference_files(run.record)
    ]
    return ", ".join(named)


def network(run: Run | None) -> str:
    """Return the network of a run; empty if nothing is recorded."""
    if run is None:
        return ""
    model = part(run.record, "settings", "model")
    return local(str(model)) if model else "none, templates alone"


def reproduce(found: Found, predictions: Sequence[Prediction], version: str) -> Html:
    """Return the section with commands, inputs and versions."""
    every = (one for run in found.runs.values() for one in (run, *_earlier(run)))
    runs = sorted(every, key=lambda run: str(run.record.get("started")))
    if not runs:
        return section(
            "reproduce",
            "How to reproduce this",
            paragraph("No run records (.run.json) lie beside these results."),
            _sources(found),
        )
    tables = {one.run.output: one.table for one in predictions if one.run}
    calls = [tag("code", None, command_line(run, tables.get(run.output))) for run in runs]
    commands = tag("pre", {"class": "commands"}, *calls)
    return section(
        "reproduce",
        "How to reproduce this",
        paragraph(
            "These calls, as the run records have them, in the order in which they were run. "
            "Settings at their defaults are left out. Files that lay elsewhere on the machine "
            "stand by their names: put them into the folder of the call; their SHA-256 are below."
        ),
        commands,
        _runs(runs),
        *(paragraph(str(text)) for text in dict.fromkeys(_attributions(runs))),
        _inputs(runs),
        _sources(found),
        paragraph(f"This page was written by pepseq {version}."),
    )


def _earlier(run: Run) -> list[Run]:
    """Return the runs before this one that made a part of its output."""
    listed = as_list(run.record.get("earlier"))
    return [Run(run.output, one) for one in listed if isinstance(part(one, "command"), str)]


def _attributions(runs: Sequence[Run]) -> list[str]:
    """Return what a record wants to be cited."""
    listed = (run.record.get("attribution") for run in runs)
    return [text for text in listed if isinstance(text, str)]


def _runs(runs: Sequence[Run]) -> Html:
    rows = []
    for run in runs:
        record = run.record
        libraries = part(record, "libraries")
        listed = libraries.items() if isinstance(libraries, dict) else ()
        rows.append(
            [
                identifier(run.output.name),
                str(record.get("command")),
                tag("span", {"class": "nowrap"}, _time(record.get("started"))),
                number(record.get("seconds")),
                str(record.get("pepseq")),
                f"Python {record.get('python')}; " + ", ".join(f"{k} {v}" for k, v in listed),
            ]
        )
    columns = [
        Column("Output", text=True),
        Column("Command", text=True),
        Column("Started", text=True),
        Column("Seconds", 1),
        Column("pepseq", text=True),
        Column("With", text=True),
    ]
    return table("Runs, and the versions they were made with", columns, rows)


def _time(text: object) -> str:
    return str(text or "").replace("T", " ").replace("Z", " UTC")


def _inputs(runs: Sequence[Run]) -> Html:
    """Return every input once, with the digits by which its content is known."""
    seen: dict[tuple[str, str], object] = {}
    for run in runs:
        listed = [
            *as_list(run.record.get("inputs")),
            *as_list(part(run.record, "settings", "reference", "files")),
        ]
        for one in listed:
            if isinstance(one, dict) and one.get("path"):
                key = local(str(one["path"])), str(one.get("sha256") or "")
                seen.setdefault(key, None)
                seen[key] = number(one.get("bytes")) or seen[key]
    rows = [
        [identifier(path), None if size is None else int(size), tag("code", None, digest[:DIGEST])]
        for (path, digest), size in seen.items()
    ]
    columns = [
        Column("File", text=True),
        Column("Bytes"),
        Column(f"SHA-256, first {DIGEST} digits", text=True),
    ]
    caption = "Files that were read; the same digits mean the same content"
    return details(f"{len(rows)} input files", table(caption, columns, rows))


def _sources(found: Found) -> Html:
    """Say from which files this page was made, and which records were left out on the way."""
    lines = [(folder, "an evaluation") for folder in found.evaluations]
    lines += [(path, SAID[kind]) for kind, paths in found.tables.items() for path in paths]
    items = [tag("li", None, identifier(path.name), f": {what}") for path, what in lines]
    return details(f"{len(items)} results that this page shows", tag("ul", None, join(items)))
