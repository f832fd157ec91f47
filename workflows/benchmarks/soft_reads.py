"""Tryptic peptides identified with a confusion matrix, with equal rates, and without error rates.

    python workflows/benchmarks/soft_reads.py K12.faa.gz --readout KCYM K2

Distinct peptides of 7 to 30 residues are drawn from the reference, and read with a made-up
confusion matrix, both by fixed seeds. At level e, a label is missed with probability e / 2 and
misread with probability e, four times in five as its neighbour among the labels; a residue without
a label gets one with probability e / 20. The reads are identified with this matrix; with one rate
of missed labels and one of misreads, the means over the labels of the peptides; and by the
likeliest true label of each reported one alone, without error rates. A peptide is identified if its
read has one best place (`equal_fits` 1) and a q-value up to 0.01, and right if it lies there.
"""

import argparse
from collections import Counter

import numpy as np
import pandas as pd
from tryptic import peptides_of

import pepseq
from pepseq.sequences.fasta import read_fasta

MAX_Q = 0.01
NEIGHBOURS = 0.8
"""Share of misreads that are of the neighbour."""


def matrix_of(labels: str, level: float) -> pd.DataFrame:
    """Return the confusion matrix of labels, of which each odd one is its predecessor's twin."""
    names, number = [*labels, "_"], len(labels)
    matrix = np.zeros((number + 1, number + 1))
    matrix[:-1, :-1] = level * (1 - NEIGHBOURS) / (number - 2)
    for row in range(number):
        twin = row ^ 1 if row ^ 1 < number else row - 1
        matrix[row, twin] = level * NEIGHBOURS
        matrix[row, row] = 1 - level - level / 2
        matrix[row, -1] = level / 2
    matrix[-1, :-1] = level / 20 / number
    matrix[-1, -1] = 1 - level / 20
    return pd.DataFrame(matrix / matrix.sum(1, keepdims=True), index=names, columns=names)


def confuse(peptides: list[str], matrix: pd.DataFrame) -> list[str]:
    """Return the reads of peptides, drawn by the matrix."""
    generator = np.random.default_rng(1)
    symbols, cumulated = np.array([*matrix.columns[:-1], "X"]), matrix.to_numpy().cumsum(1)
    row_of = {label: row for row, label in enumerate(matrix.index)}
    reads = []
    for peptide in peptides:
        rows = [row_of.get(residue, len(row_of) - 1) for residue in peptide]
        drawn = (generator.random(len(rows))[:, None] > cumulated[rows]).sum(1)
        reads.append("".join(symbols[np.minimum(drawn, len(symbols) - 1)]))
    return reads


def likeliest(reads: list[str], matrix: pd.DataFrame, shares: np.ndarray) -> list[str]:
    """Return reads with the likeliest true label of each reported one; `shares`: of true labels."""
    joint = matrix.to_numpy() * shares[:, None]
    symbols = [*matrix.columns[:-1], "X"]
    table = {ord(symbol): symbols[joint[:, n].argmax()] for n, symbol in enumerate(symbols)}
    return [read.translate(table) for read in reads]


def equal_rates(matrix: pd.DataFrame, shares: np.ndarray) -> dict[str, float]:
    """Return the mean rates of missed labels and of misreads; `shares`: of true labels."""
    of_labels = matrix.to_numpy()[:-1]
    weights = shares[:-1] / shares[:-1].sum()
    missed, right = weights @ of_labels[:, -1], weights @ of_labels[:, :-1].diagonal()
    return {"missed_label": float(missed), "misread": float(1 - right / (1 - missed))}


def cell(
    reads: list[str],
    peptides: list[str],
    sequences: dict[str, str],
    arguments: argparse.Namespace,
    labels: str,
    confusion: pd.DataFrame | None = None,
    **rates: float,
) -> str:
    """Return the number of peptides identified, and of the right ones among them."""
    config = pepseq.LookupConfig(kind="tryptic", best=1, threads=arguments.threads, **rates)
    found = pepseq.find_proteins(
        reads, labels, arguments.proteins, config=config, confusion=confusion
    )
    identified = right = 0
    for read, peptide in zip(found, peptides, strict=True):
        if read.q_value <= MAX_Q and read.fits[0].equal_fits == 1:
            fit = read.fits[0]
            identified += 1
            right += sequences[fit.protein][fit.begin - 1 : fit.end] == peptide
    return f"{identified:,} ({100 * right / identified:.1f} %)" if identified else "0"


def main() -> None:
    """Print a row for each readout and level."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--readout", nargs="+", default=["KCYM", "K2"])
    parser.add_argument("--levels", nargs="+", type=float, default=[0.05, 0.15, 0.3])
    parser.add_argument("--most", type=int, default=5000, help="draw so many peptides")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    peptides = peptides_of(arguments.proteins, arguments.most)
    sequences = {record.id: record.sequence for record in read_fasta(arguments.proteins)}
    counts = Counter("".join(peptides))
    print("| readout | level | matrix | equal rates | likeliest label alone |")
    print("|---|---|---|---|---|", flush=True)
    for readout in arguments.readout:
        labels = pepseq.Readout(readout).observed
        numbers = [counts[label] for label in labels]
        shares = np.array([*numbers, counts.total() - sum(numbers)]) / counts.total()
        for level in arguments.levels:
            matrix = matrix_of(labels, level)
            reads = confuse(peptides, matrix)
            common = (peptides, sequences, arguments, labels)
            cells = [
                cell(reads, *common, confusion=matrix),
                cell(reads, *common, **equal_rates(matrix, shares)),
                cell(likeliest(reads, matrix, shares), *common),
            ]
            print(f"| {readout} | {level:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
