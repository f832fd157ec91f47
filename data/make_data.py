# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the proteins of this folder and the bundled reference from three E. coli genomes.

Genes are predicted with pyrodigal (single mode, trained on the genome itself, translation table
11, ends open). Genes that run off an end of the sequence and proteins of fewer than 30 residues
are left out. A protein's number is its gene's place among all predicted genes, counted from 1.
Draws use a fixed seed, and the drawn proteins are written in genome order. README.md in this
folder says where the genomes come from.
"""

import argparse
import gzip
import random
import re
from pathlib import Path

import pyrodigal

SEED = 536
MIN_RESIDUES = 30
READABLE = "KCYM"
BUNDLED = Path(__file__).parents[1] / "pepseq" / "templates" / "bundled"
REFERENCE = BUNDLED / "ecoli_W3110_EC590.fasta.gz"


def read_genome(path):
    """Return the one sequence of a FASTA file, gzip-compressed or plain."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
        header, *sequence = lines.read().splitlines()
    if not header.startswith(">") or any(line.startswith(">") for line in sequence):
        raise SystemExit(f"{path}: expected a FASTA file of one record")
    return "".join(sequence)


def predict_proteome(genome, strain, taxon):
    """Return the (header, sequence) pairs of a genome's complete proteins, in genome order."""
    finder = pyrodigal.GeneFinder(closed=False)
    finder.train(genome, translation_table=11)
    proteome = []
    for number, gene in enumerate(finder.find_genes(genome), 1):
        protein = gene.translate().removesuffix("*")
        if len(protein) >= MIN_RESIDUES and not (gene.partial_begin or gene.partial_end):
            name = f"ecoli_{strain}|{number:05}"
            proteome.append((f"{name} OS=Escherichia coli OX={taxon} strain={strain}", protein))
    return proteome


def shuffle(records):
    """Return the records in a random order that is the same on every run.

    Only random.random() is promised to give the same numbers in every version of Python.
    """
    draw = random.Random(SEED)
    return sorted(records, key=lambda _: draw.random())


def distinct(records):
    """Return the first record of each sequence."""
    by_sequence = {}
    for header, sequence in records:
        by_sequence.setdefault(sequence, header)
    return [(header, sequence) for sequence, header in by_sequence.items()]


def write_fasta(path, records):
    """Write records in genome order, 60 residues a line; reproducible gzip if path ends in .gz."""
    lines = []
    for header, sequence in sorted(records):
        lines += [f">{header}", *(sequence[at : at + 60] for at in range(0, len(sequence), 60))]
    text = ("\n".join(lines) + "\n").encode("ascii")
    if path.suffix != ".gz":
        path.write_bytes(text)
        return
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text)


def main():
    """Read the three genomes named on the command line and write the data files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ecoli_536", type=Path, help="FASTA file of NC_008253.1")
    parser.add_argument("ecoli_w3110", type=Path, help="FASTA file of NC_007779.1")
    parser.add_argument("ecoli_ec590", type=Path, help="FASTA file of NZ_CP016182.2")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="output folder")
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="output file")
    args = parser.parse_args()

    example = shuffle(predict_proteome(read_genome(args.ecoli_536), "536", 362663))[:200]
    readouts = [(header, re.sub(f"[^{READABLE}]", "X", protein)) for header, protein in example]
    write_fasta(args.out / "ecoli_536.fasta", example)
    write_fasta(args.out / "readouts_KCYM.fasta", readouts)

    both = predict_proteome(read_genome(args.ecoli_w3110), "W3110", 316407)
    w3110 = shuffle(distinct(both))
    write_fasta(args.out / "ecoli_W3110_train.fasta.gz", w3110[:1000])
    write_fasta(args.out / "ecoli_W3110_validation.fasta.gz", w3110[1000:1100])

    both += predict_proteome(read_genome(args.ecoli_ec590), "EC590", 562)
    args.reference.parent.mkdir(exist_ok=True)
    write_fasta(args.reference, distinct(both))


if __name__ == "__main__":
    main()
