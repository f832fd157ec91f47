"""Proteins of a stranger looked up in a reference that is not theirs.

    python workflows/benchmarks/lookup_strangers.py AUREUS.faa.gz --reference K12.faa.gz
    python workflows/benchmarks/lookup_strangers.py AUREUS.faa.gz --reference K12.faa.gz --whole

Each row is a sample of proteins, drawn with a fixed seed, of which the first residues are read, or
all with `--whole`. A read is accepted if its q-value is at most the given one. It is unrelated if
the complete sequence of its protein, looked up with all twenty amino acids identified, fits none of
the read's equally good best fits with an E-value up to 0.001.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from strangers import usable_proteins

import pepseq
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

MAX_E_VALUE = 1e-3
MAX_FITS = 50


def relatives_of(proteins: Sequence[str], reference: Sequence[str]) -> list[set[str | None]]:
    """Return the proteins of the reference that are relatives of each."""
    config = pepseq.LookupConfig(best=MAX_FITS, threads=1)
    found = pepseq.find_proteins(proteins, AMINO_ACIDS, reference, config=config)
    return [{f.protein for f in read.fits if (f.e_value or 0) <= MAX_E_VALUE} for read in found]


def main() -> None:
    """Print a row for each sample, length and readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--reference", action="append", required=True)
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--length", type=int, nargs="+", default=[30, 60])
    parser.add_argument("--whole", action="store_true", help="read whole proteins")
    parser.add_argument("--q", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--most", type=int, default=1000, help="draw so many proteins")
    arguments = parser.parse_args()
    lengths = [None] if arguments.whole else arguments.length
    print("| proteins | residues | readout | reads | q-value up to | accepted | unrelated |")
    print("|---|---|---|---|---|---|---|")
    for sample in arguments.samples:
        usable = sorted(set(usable_proteins(sample, max(arguments.length))))
        proteins = np.random.default_rng(1).permutation(usable)[: arguments.most].tolist()
        relatives = relatives_of(proteins, arguments.reference)
        name = sample.rsplit("/", 1)[-1].split(".")[0]
        for length in lengths:
            for readout in arguments.readout:
                reads = [mask_sequence(p[:length], Readout(readout)).residues for p in proteins]
                kind = "protein" if arguments.whole else "prefix"
                config = pepseq.LookupConfig(kind=kind, best=MAX_FITS, threads=1)
                found = pepseq.find_proteins(reads, readout, arguments.reference, config=config)
                for q in arguments.q:
                    accepted = unrelated = 0
                    for read, related in zip(found, relatives, strict=True):
                        if read.q_value > q or not read.fits:
                            continue
                        accepted += 1
                        equal = read.fits[: read.fits[0].equal_fits]
                        unrelated += not any(fit.protein in related for fit in equal)
                    cells = [name, length or "all", readout, len(reads), f"{q:g}", accepted]
                    print("|", *(f"{cell} |" for cell in [*cells, unrelated]), flush=True)


if __name__ == "__main__":
    main()
