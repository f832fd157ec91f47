"""What finding templates takes as the reference grows: time, disk, memory, and power laws.

    python workflows/benchmarks/template_growth.py test.faa.gz proteins.fasta.gz more.faa.gz

References are random subsets of the proteins given, without those of the queries. Building and
opening the index, 100 readouts (each twice, timed the second time), and memory are measured in
processes of their own, one thread. Linux.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.finder import TemplateFinder
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference

MEASURED = (
    "build, s",
    "disk, MB",
    "peak of building, MB",
    "open, s",
    "median query, ms",
    "mean query, ms",
    "own memory, MB",
    "with mapped files, MB",
)


def growth(arguments) -> None:
    """Print time, disk and memory at each size, and a power law fitted to each."""
    queries = [r.sequence for r in read_fasta(arguments.queries)]
    asked = set(queries)
    proteins: dict[str, str] = {}
    for record in read_fasta(arguments.proteins, repeated_ids=True):
        if record.sequence not in asked:
            proteins.setdefault(record.sequence, record.id)
    pool = list(proteins)
    random.Random(arguments.seed).shuffle(pool)
    random.Random(arguments.seed).shuffle(queries)
    columns = ["proteins", "residues", "labels of a seed", *MEASURED]
    for name in arguments.readout:
        print(f"\n| {name} | {' | '.join(columns[1:])} |\n|{'---|' * len(columns)}")
        rows = []
        for size in [s for s in arguments.sizes if s <= len(pool)]:
            with tempfile.TemporaryDirectory() as folder:
                known, wanted = Path(folder, "known.fasta"), Path(folder, "readouts.fasta")
                known.write_text("".join(f">p{i}\n{s}\n" for i, s in enumerate(pool[:size])))
                some = [mask_sequence(q, Readout(name)).residues for q in queries[:100]]
                wanted.write_text("".join(f">q{i}\n{s}\n" for i, s in enumerate(some)))
                parts = [
                    subprocess.run(
                        [sys.executable, __file__, wanted, known, "--readout", name, "--measure"],
                        check=True,
                        capture_output=True,
                    ).stdout
                    for _ in range(2)  # the second finds the index made by the first
                ]
                disk = sum(f.stat().st_size for f in Path(folder).rglob("*.npy")) / 1e6
            build, row = json.loads(parts[0]), json.loads(parts[1])
            row |= {"proteins": size, "build, s": build["open, s"], "disk, MB": disk}
            row["peak of building, MB"] = build["peak, MB"]
            rows.append(row)
            print(f"| {' | '.join(f'{row[c]:.4g}' for c in columns)} |", flush=True)
        for column in MEASURED:
            x, y = (np.log([max(row[c], 1e-9) for row in rows]) for c in ("residues", column))
            power, factor = np.polyfit(x, y, 1)
            rate = (row[column] - rows[0][column]) / (row["residues"] - rows[0]["residues"])
            linear = row[column] + rate * (arguments.upto - row["residues"])
            there = np.exp(factor + power * np.log(arguments.upto))
            print(  # `linear` is on the line through the first and last size
                f"{column}: {np.exp(factor):.3g} x residues ** {power:.2f}; at {arguments.upto:.2g}"
                f" residues {there:.3g}, or {linear:.3g} if linear"
            )


def measure(arguments) -> None:
    """Open a reference, ask it, and print what it took as JSON."""
    before = memory()
    start = time.perf_counter()
    reference = open_reference(arguments.proteins)
    finder = TemplateFinder(reference, read_symbols(Readout(arguments.readout[0])))
    row = {"open, s": time.perf_counter() - start, "residues": len(reference.residues)}
    row |= {"labels of a seed": finder.seed_search.labels, "peak, MB": memory()["VmHWM"] / 1e3}
    queries = [r.sequence for r in read_fasta(arguments.queries, reads=True)]
    for query in (*queries, queries[0]):  # compiles, and brings the index into memory
        finder.find(query)
    times = []
    for query in queries:
        start = time.perf_counter()
        finder.find(query)
        times.append(1000 * (time.perf_counter() - start))
    row |= {"median query, ms": statistics.median(times), "mean query, ms": statistics.mean(times)}
    after = memory()
    row["own memory, MB"] = (after["RssAnon"] - before["RssAnon"]) / 1e3
    row["with mapped files, MB"] = (after["VmRSS"] - before["VmRSS"]) / 1e3
    print(json.dumps(row))


def memory() -> dict[str, int]:
    """Return this process's memory in kB: its own, and with files mapped into it (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}


def main() -> None:
    """Print a table for each readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("queries")
    parser.add_argument("proteins", nargs="+")
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 50_000, 200_000])
    parser.add_argument("--upto", type=float, default=1.1e9, help="residues to extrapolate to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    measure(arguments) if arguments.measure else growth(arguments)


if __name__ == "__main__":
    main()
