"""Checks of the folder that a command writes, before the work."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from pepseq.errors import OutputError, SettingsError, quoted
from pepseq.io.atomic_files import disk_errors
from pepseq.io.files import check_outputs, check_path
from pepseq.io.json_files import read_run_record
from pepseq.io.outputs import STDIO


def check_output_folder(
    output: str | Path,
    inputs: Sequence[str | Path],
    force: bool,
    names: Collection[str],
    kind: str,
) -> Path:
    """Return the path of an output folder that may be written.

    With `force`, a folder that contains only files of these `names` is overwritten; `kind` is its
    content for messages, such as "an evaluation". Raises SettingsError for standard output, and for
    a folder that is an input or contains one; OutputError for a folder that exists (without
    `force`) or contains other files.
    """
    check_path(output, "output")
    if str(output) == STDIO:
        raise SettingsError("output: expected a folder, found - (stdout)")
    output = Path(output)
    check_outputs([output], list(inputs), force, folder=True)
    real = Path(os.path.realpath(output))
    if any(real in Path(os.path.realpath(path)).parents for path in inputs):
        raise SettingsError(f"{output}: the folder contains an input; give another name")
    if output.exists():
        with disk_errors(output):
            foreign = sorted(
                path.name
                for path in output.iterdir()
                if path.name not in names or not path.is_file()
            )
        if foreign:
            raise OutputError(
                f"{output}: --force overwrites {kind}, but the folder also contains "
                f"{quoted(foreign[0])}; give another name"
            )
    return output


def recorded_files(output: str | Path, folder: str | Path) -> set[str]:
    """Return the names of files that the run record of `output` lists as outputs in `folder`."""
    outputs = read_run_record(output).get("outputs")
    paths = [entry.get("path") for entry in outputs or () if isinstance(entry, dict)]
    name = Path(folder).name
    return {
        Path(path).name
        for path in paths
        if isinstance(path, str) and Path(path).parent.name == name
    }
