"""Reads completed from a reference that is not theirs, with what protects confidences and without.

    python workflows/benchmarks/strangers.py PYLORI.faa.gz AUREUS.faa.gz K12.faa.gz+AUREUS.faa.gz
    python workflows/benchmarks/strangers.py PYLORI.faa.gz --kind prefix --length 30
    python workflows/benchmarks/strangers.py NOVEL.fasta --kind protein --reference WIDE.fasta

Each argument is a sample: distinct tryptic peptides of 7 to 30 residues without missed cleavages,
fragments of 20 residues, the first residues of proteins, or whole ones, drawn with a fixed seed;
files joined by + give a mixture with as many reads of each. Each sample is completed twice, as
usual ("after") and "before": peptides with the setting `sample` of
`pepseq/prediction/fitting_share.py` empty, so that no share is estimated; whole proteins with amino
acid frequencies in place of `pepseq/prediction/chance.py`. Accuracy is the mean over reads in
percent, beside that of always predicting the commonest amino acid, L; then the share of hidden
residues with a confidence of 0.5 or more and how many of these are right, the same for 0.7, the
expected calibration error, and seconds of one thread. The reference is by default the bundled one;
proteins that it has letter for letter are left out of samples of whole proteins.
"""

import argparse
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tryptic import peptides_of

import pepseq
from pepseq.evaluation.reliability import Calibration
from pepseq.prediction import predictor, template_model
from pepseq.prediction.chance import chance_odds
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


def whole_of(path: str, number: int, references: Sequence[str]) -> list[str]:
    """Return this many proteins that no reference has, each different."""
    known = {protein for reference in references for protein in usable_proteins(reference, 1)}
    strangers = sorted({*usable_proteins(path, 1)} - known)
    return random.Random(1).sample(strangers, min(number, len(strangers)))


def draw(
    path: str, number: int, kind: str, length: int | None, references: Sequence[str] = ()
) -> list[str]:
    """Return reads of a kind; the default length is 20 for fragments and 30 for prefixes."""
    if kind == "protein":
        return whole_of(path, number, references)
    if kind == "tryptic":
        return peptides_of(path, number)
    if kind == "fragment":
        return fragments_of(path, number, length or 20)
    return prefixes_of(path, number, length or 30)


def claimed(surest: Mapping[str, Any]) -> tuple[str, str]:
    """Return the cells of the residues with at least some confidence, and of the right ones."""
    number = surest["residues"]
    right = f"{surest['accuracy']:.0f} % of {number:,}" if number else "none"
    return f"{surest['share']:.1f} %", right


def complete(
    peptides: Sequence[str], readout: Readout, reference: Sequence[str] | None, kind: str
) -> tuple[list[str], Reconstructions]:
    """Return the cells of the table, and the predictions."""
    reads = [mask_sequence(peptide, readout).residues for peptide in peptides]
    mode = "auto" if kind == "protein" else "templates"
    config = pepseq.PredictConfig(kind=kind, threads=1, mode=mode)
    begun = time.process_time()
    done = pepseq.reconstruct(reads, readout, reference=reference, config=config)
    seconds = time.process_time() - begun
    calibration, accuracies, commonest = Calibration(), [], []
    for peptide, result in zip(peptides, done, strict=True):
        right = np.array([result.sequence[i] == peptide[i] for i in result.hidden], bool)
        calibration.add(result.confidence[result.hidden], right)
        if len(right):
            accuracies.append(right.mean())
            commonest.append(np.mean([peptide[i] == "L" for i in result.hidden]))
    summary = calibration.summary()
    cells = [
        f"{100 * np.mean(accuracies):.1f}",
        f"{100 * np.mean(commonest):.1f}",
        *(cell for surest in summary["surest"][:2] for cell in claimed(surest)),
        f"{summary['expected_calibration_error']:.4f}",
        f"{seconds:.0f}",
    ]
    return cells, done


def by_frequencies(likelihoods: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return what `chance_odds` returns if chance has amino acid frequencies only."""
    return np.ones(len(likelihoods))


def main() -> None:
    """Print two rows for each sample and readout."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--reference", action="append")
    parser.add_argument("--readout", nargs="+", default=["K2", "KCYM"])
    parser.add_argument(
        "--kind", choices=("tryptic", "prefix", "fragment", "protein"), default="tryptic"
    )
    parser.add_argument("--length", type=int, help="residues of a prefix or fragment")
    parser.add_argument("--most", type=int, default=2000, help="draw so many reads")
    arguments = parser.parse_args()
    kind, length = arguments.kind, arguments.length
    print(
        "| reads | readout | share that fits | | accuracy | commonest | 0.5 or more | right "
        "| 0.7 or more | right | ECE | s |"
    )
    print("|---" * 12 + "|")
    for sample in arguments.samples:
        paths = sample.split("+")
        number = arguments.most // len(paths)
        peptides = [
            p for path in paths for p in draw(path, number, kind, length, arguments.reference or ())
        ]
        name = " + ".join(path.rsplit("/", 1)[-1].split(".")[0] for path in paths)
        for readout in map(Readout, arguments.readout):
            complete(peptides[:1], readout, arguments.reference, kind)  # compiles kernels
            for when, settings, odds in (
                ("before", replace(FITTING, sample=()), by_frequencies),
                ("after", FITTING, chance_odds),
            ):
                predictor.FITTING, template_model.chance_odds = settings, odds
                cells, done = complete(peptides, readout, arguments.reference, kind)
                fits = ""
                if done.fitting is not None:
                    stranger = ", not of this reference" * done.fitting.is_stranger
                    fits = f"{100 * done.fitting.share:.0f} %{stranger}"
                row = [name, str(readout), fits, when, *cells]
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
