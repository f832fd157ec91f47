"""Tryptic peptides of a proteome, looked up in reference proteomes and completed from them.

    python workflows/benchmarks/tryptic.py K12.faa.gz --reference K12.faa.gz --readout KCYM K2
    python workflows/benchmarks/tryptic.py TEST.faa.gz --reference K12.faa.gz --reference W.faa.gz

Distinct peptides of 7 to 30 residues without missed cleavages, drawn with a fixed seed. Given are
the shares with one best place (`equal_fits` 1) and, of these, with a q-value up to 0.01; one is
right if the protein has the peptide at that place. Accuracy is the mean over peptides, in brackets
over hidden residues.
"""

import argparse
import random
import re
import tempfile
from pathlib import Path

import pandas as pd

import pepseq
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS

SHORTEST, LONGEST = 7, 30


def peptides_of(path: str, number: int) -> list[str]:
    """Return this many tryptic peptides without unknown residues."""
    found = set()
    for record in read_fasta(path, repeated_ids=True):
        found.update(re.findall(r".*?(?:[KR](?!P)|.$)", record.sequence))
    kept = sorted(p for p in found if SHORTEST <= len(p) <= LONGEST and set(p) <= set(AMINO_ACIDS))
    return random.Random(1).sample(kept, min(number, len(kept)))


def row(peptides: list[str], readout: str, reference: list[str], folder: Path) -> str:
    """Return the table's row of one readout."""
    true, read, done, table = (folder / name for name in ("t.fa", "r.fa", "d.fa", "d.tsv"))
    true.write_text("".join(f">{n}\n{peptide}\n" for n, peptide in enumerate(peptides)))
    pepseq.mask(true, read, readout, force=True)
    config = pepseq.LookupConfig(kind="tryptic")
    pepseq.lookup(read, folder / "fits.tsv", reference, readout, config=config, force=True)
    fits = pd.read_csv(folder / "fits.tsv", sep="\t").query("rank == 1")
    sequences = {r.id: r.sequence for path in reference for r in read_fasta(path)}
    single = fits[fits.equal_fits == 1]
    assigned = single[single.q_value <= 0.01]
    placed = [sequences[f.protein][f.begin - 1 : f.end] for f in assigned.itertuples()]
    right = sum(p == peptides[n] for p, n in zip(placed, assigned.id, strict=True))
    config = pepseq.PredictConfig(kind="tryptic")
    pepseq.predict(
        read, done, reference=reference, readout=readout, config=config, table=table, force=True
    )
    summary = pepseq.evaluate(true, done, folder / "accuracy", readout, table=table, force=True)
    accuracy = summary["hidden_residue_accuracy"]
    return (
        f"| {readout} | {100 * len(single) / len(peptides):.1f} % "
        f"| {100 * len(assigned) / len(peptides):.1f} % | {right:,} of {len(assigned):,} "
        f"| {accuracy['macro']:.1f} ({accuracy['micro']:.1f}) "
        f"| {summary['calibration']['expected_calibration_error']:.4f} |"
    )


def main() -> None:
    """Print a row for each readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--reference", action="append", required=True)
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--most", type=int, default=2000, help="draw so many peptides")
    arguments = parser.parse_args()
    peptides = peptides_of(arguments.proteins, arguments.most)
    print("| readout | one best place | and q-value up to 0.01 | right | macro (micro) | ECE |")
    print("|---|---|---|---|---|---|")
    for readout in arguments.readout:
        with tempfile.TemporaryDirectory() as folder:
            print(row(peptides, readout, arguments.reference, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
