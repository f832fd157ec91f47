r"""Time of `pepseq predict` of two checkouts, in turns, with the same reads and reference.

Prints the median CPU time and wall time of each checkout, and whether all runs wrote the same
proteins and tables. Each checkout has a copy of the reference and an index of its own, which the
first round, not counted, builds.

    git worktree add ../before COMMIT
    python workflows/benchmarks/predict_versions.py ../before . READS.fasta \
        --reference K12.faa.gz --reference EC590.faa.gz --every 5
"""

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pepseq.sequences.fasta import format_fasta, read_fasta


def timed(checkout: str, folder: Path, arguments: list[str]) -> tuple[float, float]:
    """Return CPU seconds and wall seconds of `pepseq predict` of a checkout."""
    environment = {**os.environ, "PYTHONPATH": checkout, "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-m", "pepseq", "predict", "--force", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{checkout}: {' '.join(command)}: ended with {status}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started


def prepare(folder: Path, references: list[str]) -> list[str]:
    """Copy the reference to a folder, and return the options that name it."""
    options = []
    for reference in references:
        copy = folder / Path(reference).name
        shutil.copyfile(reference, copy)
        options += ["--reference", str(copy)]
    return options


def main() -> None:
    """Time both checkouts in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("reads")
    parser.add_argument("--reference", action="append", required=True)
    parser.add_argument("--readout", default="KCYM")
    parser.add_argument("--every", type=int, default=1, help="predict every n-th read")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    records = list(read_fasta(given.reads, reads=True))[:: given.every]
    with tempfile.TemporaryDirectory() as name:
        reads = Path(name) / "reads.fasta"
        reads.write_bytes(b"".join(format_fasta(r.header, r.sequence) for r in records))
        seconds, written = {}, set()
        runs = {}
        for side in ("before", "after"):
            folder = Path(name) / side
            folder.mkdir()
            out, table = folder / "out.fasta", folder / "out.tsv"
            options = [str(reads), "-o", str(out), "--table", str(table)]
            options += ["--readout", given.readout, "--threads", str(given.threads)]
            runs[side] = folder, options + prepare(folder, given.reference)
        for number in range(given.rounds + 1):
            for side, (folder, options) in runs.items():
                result = timed(os.path.abspath(getattr(given, side)), folder, options)
                if number:  # the first round builds indices and compiles
                    seconds.setdefault(side, []).append(result)
                written.add(
                    hashlib.sha256(
                        (folder / "out.fasta").read_bytes() + (folder / "out.tsv").read_bytes()
                    ).hexdigest()
                )
    print(f"{len(records)} reads, {sum(len(r.sequence) for r in records)} residues")
    print(f"load {os.getloadavg()[0]:.0f}; same bytes: {len(written) == 1}")
    print("| checkout | CPU s, median (range) | wall s, median (range) |")
    print("|---|---|---|")
    for side, results in seconds.items():
        cells = [
            f"{statistics.median(column):.1f} ({min(column):.1f}-{max(column):.1f})"
            for column in zip(*results, strict=True)
        ]
        print(f"| {side} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
