"""How results were made: command lines, inputs and versions, from run records."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pepseq.reporting.local_paths import local, local_arguments
from pepseq.reporting.results import RecordedRun, Results
from pepseq.reporting.values import as_list, distinct_names, nested, number

_BUNDLED_FILES, _BUNDLED = "templates/bundled", "the bundled proteins of E. coli K-12 and EC590"


def reference_proteins(run: RecordedRun | None) -> str:
    """Return the names of the reference files of a run."""
    if run is None:
        return "not recorded"
    reference = run.setting("reference")
    listed = as_list(nested(reference, "files") if isinstance(reference, dict) else reference)
    paths = [file.get("path") if isinstance(file, dict) else file for file in listed]
    known = [Path(path) for path in paths if isinstance(path, str) and path]
    names = [_BUNDLED if _BUNDLED_FILES in path.as_posix() else path.name for path in known]
    return ", ".join(names) if reference else "none"


def network(run: RecordedRun | None) -> str:
    """Return the network of a run."""
    if run is None:
        return "not recorded"
    model = run.setting("model")
    return local(str(model)) if model else "none, templates alone"


def reproduce(results: Results) -> dict[str, Any]:
    """Return command lines, versions, inputs, and the results that the page shows."""
    runs = list(results.runs.values())
    for run in results.runs.values():  # with those that made a part of the same output before
        records = as_list(run.record.get("earlier"))
        earlier = [record for record in records if isinstance(nested(record, "command"), str)]
        runs += [RecordedRun(run.output, record) for record in earlier]
    runs.sort(key=lambda run: str(run.record.get("started")))
    outputs = distinct_names([run.output for run in runs])
    paths, kinds = zip(*results.names, strict=True)
    attributions = [run.record.get("attribution") for run in runs]
    return {
        "commands": [command_line(run) for run in runs],
        "runs": [_run_row(run, name) for run, name in zip(runs, outputs, strict=True)],
        "attributions": list(dict.fromkeys(a for a in attributions if isinstance(a, str))),
        "inputs": _inputs(runs),
        "sources": list(zip(distinct_names(paths), kinds, strict=True)),
    }


def command_line(run: RecordedRun) -> str:
    """Return the command line of a run, or the command and its settings if it is not recorded.

    A merged result has no command line of its own. Paths are those of `local_arguments`.
    """
    argv = as_list(run.record.get("argv"))
    if argv and "merged" not in run.record and all(isinstance(word, str) for word in argv):
        return shlex.join(local_arguments(argv))
    settings = json.dumps(_local_values(run.record.get("settings")), ensure_ascii=False)
    return f"pepseq {run.record['command']}: {run.output.name}, settings {settings}"


def _local_values(value: Any) -> Any:
    """Return JSON whose texts are as `local` has them."""
    if isinstance(value, dict):
        return {key: _local_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_local_values(inner) for inner in value]
    return local(value) if isinstance(value, str) else value


def _run_row(run: RecordedRun, output: str) -> dict[str, Any]:
    libraries = run.record.get("libraries")
    versions = {"Python": run.record.get("python")}
    versions |= libraries if isinstance(libraries, dict) else {}
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    started = str(run.record.get("started") or "").replace("T", " ").replace("Z", " UTC")
    return {**run.record, "output": output, "started": started, "versions": listed}


def _inputs(runs: Sequence[RecordedRun]) -> list[dict[str, Any]]:
    """Return every input file once, with its size and its SHA-256."""
    files: dict[tuple[str, str], dict[str, Any]] = {}
    for run in runs:
        references = as_list(run.setting("reference.files"))
        for file in [*as_list(run.record.get("inputs")), *references]:
            if isinstance(file, dict) and file.get("path"):
                path, digest = str(file["path"]), str(file.get("sha256") or "")
                new: dict[str, Any] = {"path": path, "sha256": digest[:12]}
                row = files.setdefault((local(path), digest), new)
                row["bytes"] = number(file.get("bytes")) or row.get("bytes")
    rows = list(files.values())
    names = local_arguments([row["path"] for row in rows])
    return [{**row, "path": name} for row, name in zip(rows, names, strict=True)]
