# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the reads of the four made-up samples in samples/, for `pepseq quantify` and the workflow.

150 of the 200 proteins of ecoli_536.fasta are in all samples, in lognormal amounts (standard
deviation of the natural logarithm 0.8), which differ between replicates (0.2). In the samples of
the drug, ten of the proteins are four times as frequent, and ten others a quarter.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import pepseq  # noqa: E402
from pepseq.fluorosequencing.config import EqualChannelRates  # noqa: E402
from pepseq.sequences.fasta import read_fasta  # noqa: E402

PROTEINS = ROOT / "data" / "ecoli_536.fasta"
RATES = EqualChannelRates(edman_failure=0.02, detach=0.015, bleach=0.015, dud=0.02)
READS, SEED = 20_000, 1


def main():
    """Write samples/: a file of reads for each sample, and samples.tsv."""
    folder = ROOT / "data" / "samples"
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(SEED)
    ids = random.permutation([record.id for record in read_fasta(PROTEINS)])[:150]
    amounts = random.lognormal(0, 0.8, len(ids))
    ratios = np.repeat([4, 0.25, 1], [10, 10, 130])
    rows = ["sample\treads\tcondition\treplicate"]
    for number, (condition, replicate) in enumerate(
        (condition, replicate) for condition in ("control", "drug") for replicate in (1, 2)
    ):
        name = f"{condition}_{replicate}"
        copies = amounts * random.lognormal(0, 0.2, len(ids))
        copies *= ratios if condition == "drug" else 1
        with tempfile.TemporaryDirectory() as scratch:
            table, reads = Path(scratch, "copies.tsv"), Path(scratch, "reads.tsv.gz")
            lines = [f"{i}\t{c:.6g}" for i, c in zip(ids, copies, strict=True)]
            table.write_text("\n".join(["protein\tcopies", *lines]) + "\n")
            config = pepseq.SimulateConfig(
                dye_sequences=True, abundance=str(table), cycles=15, seed=SEED + number
            )
            labels = pepseq.Readout.from_labels("DE,C,Y")
            pepseq.simulate(PROTEINS, reads, labels, READS, config=config, errors=RATES)
            (folder / f"{name}.tsv.gz").write_bytes(reads.read_bytes())
        rows.append(f"{name}\t{name}.tsv.gz\t{condition}\t{condition}{replicate}")
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
