"""Reads completed from a reference that is not theirs, with the share that fits and without.

    python workflows/benchmarks/strangers.py PYLORI.faa.gz AUREUS.faa.gz K12.faa.gz+AUREUS.faa.gz
    python workflows/benchmarks/strangers.py PYLORI.faa.gz --kind prefix --length 30

Each argument is a sample: distinct tryptic peptides of 7 to 30 residues without missed cleavages,
fragments of 20 residues, or the first residues of proteins, drawn with a fixed seed; files joined
by + give a mixture with as many reads of each. Each sample is completed twice: with the setting
`sample` of `pepseq/prediction/fitting_share.py` empty, so that no share is estimated ("before"),
and as usual ("after"). Accuracy is the mean over peptides in percent; then the share of hidden
residues with a confidence of 0.5 or more, how many of these are right, the expected calibration
error, and seconds. The reference is by default the bundled one.
"""

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tryptic import peptides_of

import pepseq
from pepseq.evaluation.reliability import Calibration
from pepseq.prediction import predictor
from pepseq.prediction.fitting_share import FITTING
from pepseq.prediction.reconstruct import Reconstructions
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.sequences.residues import AMINO_ACIDS


def usable_proteins(path: str, length: int) -> list[str]:
    """Return the proteins of at least this length without unknown residues."""
    proteins = [record.sequence for record in read_fasta(path, repeated_ids=True)]
    return [p for p in proteins if len(p) >= length and set(p) <= set(AMINO_ACIDS)]


def fragments_of(path: str, number: int, length: int) -> list[str]:
    """Return this many fragments of this length, each place equally likely."""
    usable = usable_proteins(path, length)
    generator = random.Random(1)
    chosen = generator.choices(usable, [len(p) - length + 1 for p in usable], k=number)
    starts = [generator.randrange(len(p) - length + 1) for p in chosen]
    return [p[start : start + length] for p, start in zip(chosen, starts, strict=True)]


def prefixes_of(path: str, number: int, length: int) -> list[str]:
    """Return the first residues of this many proteins, each different."""
    distinct = sorted({p[:length] for p in usable_proteins(path, length)})
    return random.Random(1).sample(distinct, min(number, len(distinct)))


def draw(path: str, number: int, kind: str, length: int | None) -> list[str]:
    """Return reads of a kind; the default length is 20 for fragments and 30 for prefixes."""
    if kind == "tryptic":
        return peptides_of(path, number)
    if kind == "fragment":
        return fragments_of(path, number, length or 20)
    return prefixes_of(path, number, length or 30)


def complete(
    peptides: Sequence[str], readout: Readout, reference: Sequence[str] | None, kind: str
) -> tuple[list[str], Reconstructions]:
    """Return the cells of the table, and the predictions."""
    reads = [mask_sequence(peptide, readout).residues for peptide in peptides]
    config = pepseq.PredictConfig(kind=kind, threads=1, mode="templates")
    begun = time.perf_counter()
    done = pepseq.reconstruct(reads, readout, reference=reference, config=config)
    seconds = time.perf_counter() - begun
    calibration, accuracies = Calibration(), []
    for peptide, result in zip(peptides, done, strict=True):
        right = np.array([result.sequence[i] == peptide[i] for i in result.hidden], bool)
        calibration.add(result.confidence[result.hidden], right)
        if len(right):
            accuracies.append(right.mean())
    claims, correct = calibration.surest[:, 0]
    summary = calibration.summary()
    cells = [
        f"{100 * np.mean(accuracies):.1f}",
        f"{100 * claims / summary['residues']:.1f} %",
        f"{100 * correct / claims:.0f} % of {claims:,}" if claims else "none",
        f"{summary['expected_calibration_error']:.4f}",
        f"{seconds:.0f}",
    ]
    return cells, done


def main() -> None:
    """Print two rows for each sample and readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--reference", action="append")
    parser.add_argument("--readout", nargs="+", default=["K2", "KCYM"])
    parser.add_argument("--kind", choices=("tryptic", "prefix", "fragment"), default="tryptic")
    parser.add_argument("--length", type=int, help="residues of a prefix or fragment")
    parser.add_argument("--most", type=int, default=2000, help="draw so many reads")
    arguments = parser.parse_args()
    kind, length = arguments.kind, arguments.length
    print("| reads | readout | share that fits | | accuracy | 0.5 or more | right | ECE | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for sample in arguments.samples:
        paths = sample.split("+")
        number = arguments.most // len(paths)
        peptides = [p for path in paths for p in draw(path, number, kind, length)]
        name = " + ".join(path.rsplit("/", 1)[-1].split(".")[0] for path in paths)
        for readout in map(Readout, arguments.readout):
            complete(peptides[:1], readout, arguments.reference, kind)  # compiles kernels
            for when, settings in (("before", replace(FITTING, sample=())), ("after", FITTING)):
                predictor.FITTING = settings
                cells, done = complete(peptides, readout, arguments.reference, kind)
                fits = ""
                if done.fitting is not None:
                    stranger = ", not of this reference" * done.fitting.is_stranger
                    fits = f"{100 * done.fitting.share:.0f} %{stranger}"
                row = [name, str(readout), fits, when, *cells]
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
