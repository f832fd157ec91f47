"""How many dye sequences `lookup` compares with a proteome in a second; printed as a table.

    python workflows/benchmarks/dye_lookup.py proteome.fasta --errors seqparams.json

Reads are simulated from the same proteome, with no errors, and with those of the file times 0.1;
given are their number, that of distinct ones, and seconds and processor seconds of `pepseq lookup`
as a process.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

CYCLES = 15


def run(*arguments: object) -> tuple[float, float]:
    """Run pepseq and return its seconds and processor seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pepseq", "--quiet", *map(str, arguments)]
    process = os.spawnv(os.P_NOWAIT, sys.executable, command)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(os.waitstatus_to_exitcode(status))
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the command line, and print a row for each number of reads."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--errors", required=True, help="whatprot's sequencing parameters")
    parser.add_argument("--labels", default="DE,C,Y")
    parser.add_argument("--reads", nargs="+", type=int, default=[10_000, 1_000_000])
    parser.add_argument("--scales", nargs="+", type=float, default=[0.0, 0.1])
    arguments = parser.parse_args()
    print("| errors | reads | distinct | s | CPU s | distinct reads / CPU s |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        reads, fits = Path(name) / "reads.tsv", Path(name) / "fits.tsv"
        shared = ["--dye-sequences", "--labels", arguments.labels, "--errors", arguments.errors]
        shared += ["--cycles", CYCLES, "--threads", 2, "--force"]
        for scale in arguments.scales:
            for number in arguments.reads:
                with_scale = [*shared, "--error-scale", scale]
                run("simulate", arguments.proteins, "-o", reads, "--reads", number, *with_scale)
                distinct = int(reads.read_text().split("\n", 2)[1])
                command = ["lookup", reads, "--reference", arguments.proteins, "-o", fits]
                seconds, cpu = run(*command, *with_scale)
                print(
                    f"| {scale:g} | {number:,} | {distinct:,} | {seconds:.1f} | {cpu:.1f} "
                    f"| {distinct / cpu:,.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
