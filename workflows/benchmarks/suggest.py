"""What `reference suggest` says of samples whose proteins are known, and whether it is right.

    python workflows/benchmarks/suggest.py --sample TEST.faa.gz... --reference NAME=FASTA[,FASTA]...

A sample is 200 proteins of a FASTA file, or of several joined by commas (as many of each); the
readout hides all but KCYM. `correct` is what is expected of each reference, `right` what predict
with these templates alone gets, both as shares of hidden residues; `right` contains residues that
are guessed by amino acid frequencies.
"""

import argparse
import random
import tempfile
from dataclasses import asdict
from pathlib import Path

from pepseq import PredictConfig, SuggestConfig, reconstruct, suggest_reference
from pepseq.identification import suggest_reference as module
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta


def main() -> None:
    """Print one row for each sample and reference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sample", nargs="+", required=True)
    parser.add_argument("--reference", nargs="+", required=True)
    parser.add_argument("--proteins", type=int, default=200)
    parser.add_argument("--right", type=int, default=2, help="best references that predict uses")
    parser.add_argument("--readout", default="KCYM")
    arguments = parser.parse_args()
    references = dict(one.split("=") for one in arguments.reference)
    with tempfile.TemporaryDirectory() as folder:
        for sample in arguments.sample:
            of_sample(sample, references, arguments, Path(folder, "reads.fasta"))


def of_sample(sample: str, references: dict[str, str], arguments, reads: Path) -> None:
    """Print what is said of one sample."""
    files = sample.split(",")
    truth = {}
    for path in files:
        records = list(read_fasta(path))
        random.Random(1).shuffle(records)
        truth |= {r.id: r.sequence for r in records[: arguments.proteins // len(files)]}
    readout = Readout(arguments.readout)
    hidden = {name: mask_sequence(s, readout).residues for name, s in truth.items()}
    reads.write_text("".join(f">{name}\n{s}\n" for name, s in hidden.items()))
    module.reference_paths = lambda name: references[name].split(",")
    config = SuggestConfig(sample=len(truth), threads=1)
    found = suggest_reference(reads, list(references), readout=readout, config=config)
    print(f"\n{' and '.join(Path(path).name for path in files)}: give {', '.join(found.chosen)}")
    print(f"completed {found.completed:.3f}, correct {found.correct:.3f}")
    for taxon in found.taxa:
        print("   ", asdict(taxon))
    for rank, one in enumerate(found.references):
        values = [one.completed, one.correct, one.label_identity]
        if rank < arguments.right:
            values.append(share_right(hidden, truth, readout, references[one.name].split(",")))
        print(f"| {one.name} | {' | '.join(f'{value:.3f}' for value in values)} |", flush=True)
    if len(found.chosen) > 1:
        paths = [path for name in found.chosen for path in references[name].split(",")]
        print(f"| together | {share_right(hidden, truth, readout, paths):.3f} |", flush=True)


def share_right(
    hidden: dict[str, str], truth: dict[str, str], readout: Readout, paths: list[str]
) -> float:
    """Return the share of hidden residues that templates alone predict correctly."""
    config = PredictConfig(mode="templates", threads=1)
    done = reconstruct(hidden, readout, reference=paths, config=config)
    right = total = 0
    for one in done:
        known = truth[one.id]
        total += len(one.hidden)
        right += sum(one.sequence[i] == known[i] for i in one.hidden)
    return right / total


if __name__ == "__main__":
    main()
