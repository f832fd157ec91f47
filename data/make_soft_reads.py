"""Make `soft_reads.tsv`: probabilities of the labels K, C, Y and M at residues of proteins.

    python data/make_soft_reads.py

A residue's true label gets a share drawn from 0.3 to 1, and the other four (`_` is none) divide the
rest, by a fixed seed. Probabilities have two digits and sum to 1.
"""

from pathlib import Path

import numpy as np

DATA = Path(__file__).parent
READS, RESIDUES, LABELS = (0, 9, 26), 60, "KCYM_"


def percent(true: int, generator: np.random.Generator) -> np.ndarray:
    """Return whole percentages of the labels, of which the one with number `true` is the truth."""
    certain = generator.integers(30, 101)
    others = generator.multinomial(100 - certain, generator.dirichlet(np.ones(len(LABELS) - 1)))
    return np.insert(others, true, certain)


def main() -> None:
    """Write the table."""
    generator = np.random.default_rng(1)
    records = (DATA / "readouts_KCYM.fasta").read_text().split(">")[1:]
    lines = ["read\tposition\tlabel\tprobability"]
    for number in READS:
        header, _, sequence = records[number].partition("\n")
        residues = sequence.replace("\n", "").replace("X", "_")[:RESIDUES]
        for position, residue in enumerate(residues, 1):
            shares = percent(LABELS.index(residue), generator)
            lines += [
                f"soft_{header.split()[0]}\t{position}\t{label}\t{share / 100:g}"
                for label, share in zip(LABELS, shares, strict=True)
                if share
            ]
    (DATA / "soft_reads.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
