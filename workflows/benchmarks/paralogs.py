"""Time and memory of `pepseq pair` with many paralogs in one species.

    python workflows/benchmarks/paralogs.py FAMILY_A FAMILY_B --paralogs 1000 4000

FAMILY_A and FAMILY_B are alignments of pairs, row i with row i. So many pairs are drawn, a tenth of
their residues is changed, and all are said to be of one species. One run is made on one thread; the
20 runs of the default take 20 times that, divided by the cores. Columns: method, paralogs, seconds
of CPU, seconds, peak memory in MB. Compiled code is brought into its cache first.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pepseq.pairing.msa import SYMBOLS, read_alignment
from pepseq.sequences.residues import AMINO_ACIDS


def write_family(path: Path, codes: np.ndarray, draw: np.random.Generator) -> None:
    """Write rows with a tenth of their residues changed, all of one species."""
    changed = (draw.random(codes.shape) < 0.1) & (codes < len(AMINO_ACIDS))
    codes[changed] = draw.integers(len(AMINO_ACIDS), size=int(changed.sum()))
    rows = ("".join(SYMBOLS[code] for code in row) for row in codes)
    path.write_text("".join(f">{path.stem}{n} OX=562\n{row}\n" for n, row in enumerate(rows)))


def measure(folder: Path, method: str) -> list[str]:
    """Return CPU seconds, seconds and MB of one call."""
    line = [sys.executable, "-m", "pepseq", "-q", "pair", folder / "a", folder / "b", "--force"]
    line += ["-o", folder / "o", "--method", method, "--runs", "1", "--threads", "1"]
    started = time.perf_counter()
    _, status, used = os.wait4(os.posix_spawn(line[0], list(map(str, line)), os.environ), 0)
    if status:
        sys.exit(f"pepseq pair ended with status {status}")
    numbers = used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss / 1024
    return [f"{number:.0f}" for number in numbers]


def main():
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs=2, type=Path, metavar="FAMILY")
    parser.add_argument("--paralogs", type=int, nargs="+", default=[1000, 4000])
    parser.add_argument("--methods", nargs="+", default=["random", "mirrortree", "information"])
    arguments = parser.parse_args()
    families = [read_alignment(path, []).codes for path in arguments.families]
    print("method", "paralogs", "cpu_seconds", "seconds", "MB", sep="\t")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for paralogs in [50, *arguments.paralogs]:
            draw = np.random.default_rng(1)
            chosen = draw.integers(len(families[0]), size=paralogs)
            for side, codes in zip("ab", families, strict=True):
                write_family(folder / side, codes[chosen], draw)
            for method in arguments.methods:
                numbers = measure(folder, method)
                if paralogs > 50:  # at first code is compiled
                    print(method, paralogs, *numbers, sep="\t", flush=True)


if __name__ == "__main__":
    main()
