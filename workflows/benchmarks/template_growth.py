"""What predict takes as its reference grows: time, disk, memory, accuracy, and power laws.

    python workflows/benchmarks/template_growth.py TEST.faa.gz PROTEINS.fasta.gz... --folder FOLDER

References are made of the proteins by `grown_reference`. At each size the reference is indexed for
the readout (`pepseq predict` of one read, on all cores), and reads are predicted from the shell
with the index there, on one thread: all whole proteins, and short ones. Linux. The folder
needs 4 bytes for each residue of the largest reference; what is in it is used again.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from grown_reference import write_reference

from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import format_fasta, read_fasta

COLUMNS = (
    *("residues", "proteins", "build, s", "build, CPU s", "peak of building, MB", "disk, MB"),
    *("opening, CPU s", "read, CPU ms", "short read, CPU ms", "peak of predict, MB"),
    *("accuracy", "of short reads"),
)


class Used(NamedTuple):
    """What a process has used."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def main() -> None:
    """Print a row for each size, and the power of the number of residues by which time grows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("queries")
    parser.add_argument("proteins", nargs="+")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--readout", default="KCYM")
    parser.add_argument("--sizes", nargs="+", type=float, default=[1e7, 3e7, 7.1e7, 3e8, 1e9])
    parser.add_argument("--reads", type=int, default=200)
    parser.add_argument("--short", type=int, default=100, help="residues of a short read, at most")
    parser.add_argument("--mode", default="templates")
    parser.add_argument("--kind", default="protein")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rows = []
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for size in arguments.sizes:
        rows.append(row_of(int(size), arguments))
        print(f"| {' | '.join(f'{value:,.4g}' for value in rows[-1])} |", flush=True)
    x = np.log([row[0] for row in rows])
    for name in ("build, CPU s", "disk, MB", "read, CPU ms", "short read, CPU ms"):
        y = np.log([max(row[COLUMNS.index(name)], 1e-9) for row in rows])
        if len(rows) > 1:
            print(f"{name}: residues ** {np.polyfit(x, y, 1)[0]:.2f}")


def row_of(size: int, arguments: argparse.Namespace) -> list[float]:
    """Make a reference, index it and predict reads; return the values of COLUMNS."""
    folder = arguments.folder / f"{size}-{arguments.readout}"
    folder.mkdir(parents=True, exist_ok=True)
    known = arguments.folder / f"{size}.fasta"
    if not known.exists():
        write_reference(arguments.proteins, size, known, arguments.seed)
    records = [r for r in read_fasta(arguments.queries) if len(r.sequence) > 30]
    draw = np.random.default_rng(arguments.seed)
    whole = [records[n].sequence for n in draw.permutation(len(records))[: arguments.reads]]
    short = [r.sequence for r in records if len(r.sequence) <= arguments.short]
    short = [short[n] for n in draw.permutation(len(short))[: arguments.reads]]

    def run(proteins: list[str], threads: int) -> tuple[Used, float]:
        return predict(proteins, known, threads, folder, arguments)

    build, _ = run(whole[:1], len(os.sched_getaffinity(0)))
    opening = min(run(whole[:1], 1)[0].cpu_seconds for _ in range(2))
    used, accuracy = run(whole, 1)
    of_short, short_accuracy = run(short, 1)
    index = Path(f"{known}.pepseq-index")
    proteins, residues = counts(known)
    return [
        *(residues, proteins, build.seconds, build.cpu_seconds, build.peak_mb),
        sum(f.stat().st_size for f in index.rglob("*") if f.is_file()) / 1e6,
        opening,
        1000 * (used.cpu_seconds - opening) / (len(whole) - 1),
        1000 * (of_short.cpu_seconds - opening) / (len(short) - 1),
        max(used.peak_mb, of_short.peak_mb),
        *(accuracy, short_accuracy),
    ]


def counts(known: Path) -> tuple[int, int]:
    """Return proteins and residues of a FASTA file."""
    proteins = residues = 0
    with open(known, "rb") as stream:
        for line in stream:
            if line.startswith(b">"):
                proteins += 1
            else:
                residues += len(line) - 1
    return proteins, residues


def predict(
    proteins: list[str], known: Path, threads: int, folder: Path, arguments: argparse.Namespace
) -> tuple[Used, float]:
    """Predict the reads of proteins; return what it used, and the accuracy of hidden residues."""
    readout = Readout(arguments.readout)
    masked = [mask_sequence(protein, readout).residues for protein in proteins]
    reads, output = folder / "reads.fasta", folder / "predicted.fasta"
    reads.write_bytes(b"".join(format_fasta(f"q{n}", read) for n, read in enumerate(masked)))
    command = [sys.executable, "-m", "pepseq", "predict", reads, "-o", output, "--force"]
    command += ["--reference", known, "--readout", arguments.readout, "--mode", arguments.mode]
    command += ["--threads", threads, "--kind", arguments.kind]
    start = time.perf_counter()
    process = subprocess.Popen([*map(str, command)], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    found = [record.sequence for record in read_fasta(output)]
    shares = []
    for truth, read, guess in zip(proteins, masked, found, strict=True):
        hidden = [t == g for t, r, g in zip(truth, read, guess, strict=True) if r == "X"]
        shares.append(float(np.mean(hidden)) if hidden else 1.0)
    return _used(seconds, usage), 100 * float(np.mean(shares))


def _used(seconds: float, usage: resource.struct_rusage) -> Used:
    return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3)


if __name__ == "__main__":
    main()
