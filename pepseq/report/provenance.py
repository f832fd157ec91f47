"""How to get the same results again: commands, inputs and versions, from run records."""

import shlex
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

from pepseq.report.found import Found, Run
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
from pepseq.report.tables import number, part

_CONFIGS = {
    "predict": "pepseq.reconstruction.config.PredictConfig",
    "lookup": "pepseq.reconstruction.config.LookupConfig",
    "finetune": "pepseq.reconstruction.config.FinetuneConfig",
    "split": "pepseq.sequences.config.SplitConfig",
    "pair": "pepseq.pairing.config.PairConfig",
    "score": "pepseq.structure.config.ScoreConfig",
}
"""Where each command's defaults are, which need not be written out."""

_POSITIONAL = {"mask": None, "split": None, "predict": 1, "lookup": 1, "pair": 2}
"""How many of the inputs stand without an option's name; None for all."""

_NEVER = {"labels", "truth", "predicted", "threads", "why", "counts", "columns", "reading"}
"""Settings that are no options, or that change no result."""

_CHOSEN = {"predict": ("device", "precision"), "finetune": ("precision",)}
"""Settings that record what `auto` chose."""

BUNDLED = "the bundled proteins of E. coli K-12 and EC590"
DIGEST = 12
"""So many hexadecimal digits of a SHA-256 are shown, enough to tell files apart."""


def known_proteins(run: Run | None) -> str:
    """Return the reference files of a run as a reader names them; empty if nothing is recorded."""
    if run is None:
        return ""
    files = _reference_files(run.record)
    if not files:
        return "none"
    if all("templates/bundled" in Path(path).as_posix() for path in files):
        return BUNDLED
    return ", ".join(Path(path).name for path in files)


def network(run: Run | None) -> str:
    """Return the network of a run; empty if nothing is recorded."""
    if run is None:
        return ""
    model = part(run.record, "settings", "model")
    return str(model) if model else "none, templates alone"


def _reference_files(record: dict) -> list[str]:
    reference = part(record, "settings", "reference")
    listed = part(reference, "files") if isinstance(reference, dict) else reference
    listed = listed if isinstance(listed, list) else []
    paths = [one.get("path") if isinstance(one, dict) else one for one in listed]
    return [str(path) for path in paths if path]


def command_line(run: Run, table: Path | None = None) -> str:
    """Return the call that a run record describes; settings at their defaults are left out.

    `table` is the table of confidences that was written beside the output, if that is known; other
    tables and figures are not recorded, so they are not in it.
    """
    record = run.record
    command, settings = str(record["command"]), record.get("settings")
    settings = dict(settings) if isinstance(settings, dict) else {}
    words = ["pepseq", command, *_positional(command, record, settings)]
    words += ["-o", run.output.name, *(["--table", table.name] if table else [])]
    words += [
        word
        for path in _reference_files(record)
        if "templates/bundled" not in path
        for word in ("--reference", path)
    ]
    defaults = _defaults(command)
    for name, value in settings.items():
        if name == "reference" or name in _NEVER or name in _CHOSEN.get(command, ()):
            continue
        if value == defaults.get(name) or (value == list(defaults.get(name) or ()) != []):
            continue
        words += _option(name, value)
    return " ".join(word if word.startswith("--") else shlex.quote(word) for word in words)


def _positional(command: str, record: dict, settings: dict) -> list[str]:
    if command == "evaluate":
        return [str(settings.get(name)) for name in ("truth", "predicted")]
    inputs = [str(path) for one in record.get("inputs") or [] if (path := part(one, "path"))]
    if command == "score":
        return [path for path in inputs[:2]]
    return inputs[: _POSITIONAL.get(command, 0)]


def _option(name: str, value: object) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value is None or value is False or value == {} or value == []:
        return []
    if name == "model" and value == "the bundled default":
        return []
    if value is True:
        return [option]
    if isinstance(value, dict):
        rates = {key: rate for key, rate in value.items() if number(rate)}
        return [word for key, rate in rates.items() for word in _option(key, rate)]
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            return [word for one in value for word in (option, one)]
        return [option, ",".join(map(str, value))]
    return [option, str(value)]


def _defaults(command: str) -> dict[str, object]:
    """Return the defaults of a command's settings; mask has few and no class of them."""
    if command not in _CONFIGS:
        return {"hidden_symbol": "X", "seed": 1} if command == "mask" else {}
    module, _, name = _CONFIGS[command].rpartition(".")
    config = getattr(import_module(module), name)
    return {f.name: f.default for f in fields(config)} if is_dataclass(config) else {}


def reproduce(found: Found, predictions: Sequence[Prediction], version: str) -> Html:
    """Return the section with commands, inputs and versions."""
    runs = sorted(found.runs.values(), key=lambda run: str(run.record.get("started")))
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
            "Settings at their defaults are left out."
        ),
        commands,
        _runs(runs),
        _inputs(runs),
        _sources(found),
        paragraph(f"This page was written by pepseq {version}."),
    )


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
        listed = [*(run.record.get("inputs") or []), *_described(run)]
        for one in listed:
            if isinstance(one, dict) and one.get("path"):
                key = str(one["path"]), str(one.get("sha256") or "")
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


def _described(run: Run) -> list:
    listed = part(run.record, "settings", "reference", "files")
    return listed if isinstance(listed, list) else []


def _sources(found: Found) -> Html:
    """Say from which files this page was made, and which records were left out on the way."""
    from pepseq.report.found import SAID

    lines = [(folder, "an evaluation") for folder in found.evaluations]
    lines += [(path, SAID[kind]) for kind, paths in found.tables.items() for path in paths]
    items = [tag("li", None, identifier(path.name), f": {what}") for path, what in lines]
    return details(f"{len(items)} results that this page shows", tag("ul", None, join(items)))
