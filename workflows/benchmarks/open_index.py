"""Time to open a reference that has an index, and the parts of its checks.

    python workflows/benchmarks/open_index.py PROTEINS.fasta... --readout KCYM

Medians of several rounds in one process, files in the page cache. `files`: SHA-256 of the FASTA
files, by which their index is found; `checksums`: CRC-32 of every array of the index; `opening`:
all of it, with the checks that every number is in its range.
"""

import argparse
import statistics
import time
import zlib

import numpy as np

from pepseq.io.run_record import sha256
from pepseq.readout.readout import Readout
from pepseq.templates.decoys import decoys_of
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.reference_files import open_reference
from pepseq.templates.search_settings import SEED_SEARCH
from pepseq.templates.searches import SeedSearch


def main() -> None:
    """Print one row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("reference", nargs="+")
    parser.add_argument("--readout", default="KCYM")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    symbols = read_symbols(Readout(arguments.readout))
    parts = [
        (part, SeedSearch(part, symbols, (2, 3, 4), SEED_SEARCH.candidates).labels)
        for whole in open_reference(arguments.reference).strata()
        for part in (whole, decoys_of(whole, "protein"))
    ]

    def read_seeds() -> None:
        for part, labels in parts:
            part.seeds(symbols, labels)

    read_seeds()  # builds them
    index = parts[0][0].index
    assert index is not None, "no folder for the index can be written"
    root = index.folder if not index.subpath else index.folder.parent
    paths = list(root.rglob("*.npy"))
    times = {
        "files, s": median(lambda: [sha256(path) for path in arguments.reference], arguments),
        "checksums, s": median(
            lambda: [zlib.crc32(np.memmap(p, mode="r")) for p in paths], arguments
        ),
        "opening, s": median(
            lambda: (open_reference(arguments.reference), read_seeds()), arguments
        ),
    }
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    residues = sum(len(part.residues) for part, _ in parts[::2])
    print(f"| residues | index, MB | {' | '.join(times)} |\n|{'---|' * 5}")
    print(f"| {residues:,} | {megabytes:.0f} | {' | '.join(f'{t:.3f}' for t in times.values())} |")


def median(action, arguments) -> float:
    """Return the median time of an action in seconds."""
    seconds = []
    for _ in range(arguments.rounds):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
