"""Folders that a command writes: which of them may be overwritten."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from pepseq.errors import OutputError, SettingsError, found
from pepseq.io.atomic_files import disk_errors
from pepseq.io.files import check_outputs
from pepseq.io.outputs import STDIO


def check_output_folder(
    output: str | Path,
    inputs: Sequence[str | Path],
    force: bool,
    names: Collection[str],
    kind: str,
) -> Path:
    """Return the path of an output folder; refuse one that must not be written.

    Only a folder that holds nothing but files of these `names` is overwritten; `kind` says what
    it holds, such as "an evaluation". Raises SettingsError for standard output, and for a folder
    that is an input or holds one; OutputError for one that exists (without `force`) or holds other
    files.
    """
    if str(output) == STDIO:
        raise SettingsError("output: expected a folder, found - (stdout)")
    output = Path(output)
    check_outputs([output], list(inputs), force, folder=True)
    real = Path(os.path.realpath(output))
    if any(real in Path(os.path.realpath(path)).parents for path in inputs):
        raise SettingsError(f"{output}: an output must not hold the inputs")
    if output.exists():
        with disk_errors(output):
            foreign = sorted(
                path.name
                for path in output.iterdir()
                if path.name not in names or not path.is_file()
            )
        if foreign:
            raise OutputError(
                f"{output}: expected {kind} to overwrite, found a folder that also holds "
                f"{found(foreign[0])}"
            )
    return output
