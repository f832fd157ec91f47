"""Run records, `<output>.run.json`: command, settings, inputs, outputs and versions of a run."""

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from pepseq.version import __version__

ARGV: ContextVar[tuple[str, ...] | None] = ContextVar("ARGV", default=None)
"""The arguments of the command line; None if pepseq is called from Python."""

LIBRARIES = (
    *("torch", "transformers", "accelerate", "safetensors", "onnxruntime", "numpy", "scipy"),
    *("pandas", "numba", "biopython", "tmtools", "gemmi", "biotite", "pyfamsa", "peft"),
)
_MODULES = {"biopython": "Bio"}


def run_record(
    command: str, settings: dict[str, Any], inputs: Sequence[str | Path], started: float
) -> dict[str, Any]:
    """Return a description of a run: command line, settings, inputs with SHA-256, versions, time.

    `started` is the `time.time()` at which the run began. `libraries` are the versions of the
    libraries that the run has loaded. Outputs are added by `Outputs.record`.
    """
    argv = ARGV.get()
    return {
        "command": command,
        "pepseq": __version__,
        "argv": None if argv is None else ["pepseq", *argv],
        "settings": settings,
        "inputs": [describe_file(path) for path in inputs],
        "libraries": {
            name: _version_of(name) for name in LIBRARIES if _MODULES.get(name, name) in sys.modules
        },
        "python": platform.python_version(),
        "platform": platform.platform(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
    }


@cache
def _version_of(library: str) -> str:
    import importlib.metadata  # not at the top: help and messages need no versions

    return importlib.metadata.version(library)


def describe_file(path: str | Path, name: str | None = None) -> dict[str, Any]:
    """Return name, size in bytes and SHA-256 of a file; for other files only the name."""
    described: dict[str, Any] = {"path": str(path) if name is None else name}
    if os.path.isfile(path):
        described |= {"bytes": os.path.getsize(path), "sha256": sha256(path)}
    return described


def describe_outputs(written: Iterable[tuple[str, str, Path | None]]) -> list[dict[str, Any]]:
    """Return path, kind, size and SHA-256 of outputs; of a folder, those of each file.

    `written` has the name of each output, its kind, and the file or folder that is renamed to it,
    None for standard output.
    """
    outputs = []
    for name, kind, partial in written:
        if partial is None or not partial.is_dir():
            files = [("", partial)]
        else:
            inside = sorted(path for path in partial.rglob("*") if path.is_file())
            files = [(f"/{path.relative_to(partial)}", path) for path in inside]
        for end, path in files:
            about = {"path": name} if path is None else describe_file(path, f"{name}{end}")
            outputs.append({"path": about.pop("path"), "kind": kind, **about})
    return outputs


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


_digests: dict[tuple[str, int, int, int, int], str] = {}


def cached_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, read once in a process while its size and times stay."""
    about = os.stat(path)
    times = about.st_mtime_ns, about.st_ctime_ns
    key = (os.path.abspath(path), about.st_ino, about.st_size, *times)
    if key not in _digests:
        _digests[key] = sha256(path)
    return _digests[key]


def to_json(value: dict[str, Any]) -> bytes:
    """Return readable JSON with a final newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n").encode(
        "utf-8", "backslashreplace"
    )
