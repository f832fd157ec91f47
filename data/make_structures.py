# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the made-up structures of this folder: three chains, and models of them.

No real protein folds like this. Each chain is a compact random walk of CA atoms with the sequence
of a short protein of ecoli_536.fasta. Its model is the same chain with noise, more of it towards
the last residue, and B-factors that fall as the noise grows, as predictors write pLDDT.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from structures import coil, pdb  # noqa: E402

from pepseq.sequences.fasta import read_fasta  # noqa: E402

IDS = ("ecoli_536|02886", "ecoli_536|03035", "ecoli_536|00276")
NOISE = (0.3, 1.5, 5.0)
"""Mean noise of each model, in angstrom."""


def main():
    """Write references/ and models/ into structures/."""
    proteins = {record.id: record.sequence for record in read_fasta(ROOT / "data/ecoli_536.fasta")}
    for number, (name, noise) in enumerate(zip(IDS, NOISE, strict=True)):
        sequence = proteins[name]
        xyz = coil(len(sequence), number)
        sd = noise * np.linspace(0, 2, len(sequence))
        moved = xyz + np.random.default_rng(number).normal(size=xyz.shape) * sd[:, None] / 3**0.5
        plddt = 100 / (1 + sd / 4)
        _write("references", name, pdb(xyz, sequence))
        _write("models", name, pdb(moved, sequence, b=plddt.tolist()))


def _write(folder, name, text):
    path = ROOT / "data/structures" / folder / f"{name.replace('|', '_')}.pdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "END\n")


if __name__ == "__main__":
    main()
