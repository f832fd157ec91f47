"""Accuracy on any readout and on peptides: whole proteins, or stretches of given lengths.

    python workflows/benchmarks/any_readout.py TEST.faa.gz --readout KC KCYM "CY[DE]"
    python workflows/benchmarks/any_readout.py TEST.faa.gz --peptides 10 20 --reference K12.faa.gz

Proteins identical to a reference one are left out. Of each protein one stretch of each length is
drawn with a fixed seed. Each --model has columns of its own after those of the bundled network.
Macro is the mean over reads, micro (in brackets) over hidden residues; "whole" is the share of
reads predicted without an error.
"""

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np

import pepseq
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.substitution import encode


def stretches(proteins: list[str], length: int | None) -> list[str]:
    """Return the proteins, or one stretch of each that is long enough."""
    if length is None:
        return proteins
    draw = random.Random(length)
    long_enough = [p for p in proteins if len(p) >= length]
    starts = [draw.randrange(len(p) - length + 1) for p in long_enough]
    return [p[start : start + length] for p, start in zip(long_enough, starts, strict=True)]


def score(truths: list[str], readout: str, model, arguments, kind: str) -> str:
    """Return macro (micro), share of reads without an error, calibration error of a network."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "true.fa").write_text("".join(f">p{n}\n{t}\n" for n, t in enumerate(truths)))
        pepseq.mask(folder / "true.fa", folder / "read.fa", readout)
        config = pepseq.PredictConfig(mode="auto" if arguments.reference else "model", kind=kind)
        pepseq.predict(
            folder / "read.fa",
            folder / "done.fa",
            reference=arguments.reference,
            model=model,
            readout=readout,
            config=config,
            table=folder / "table.tsv",
        )
        summary = pepseq.evaluate(
            folder / "true.fa",
            folder / "done.fa",
            folder / "accuracy",
            readout,
            table=folder / "table.tsv",
        )
        done = [record.sequence for record in read_fasta(folder / "done.fa")]
    whole = np.mean([a == b for a, b in zip(done, truths, strict=True)])
    row = summary["hidden_residue_accuracy"]
    error = summary["calibration"]["expected_calibration_error"]
    return f"{row['macro']:.1f} ({row['micro']:.1f}) | {100 * whole:.1f} | {error:.4f}"


def commonest(truths: list[str], readout: str) -> str:
    """Return macro (micro) of the commonest hidden amino acid at every hidden residue."""
    unobserved = encode(pepseq.Readout(readout).unobserved)
    hidden = [codes[np.isin(codes, unobserved)] for codes in map(encode, truths)]
    hidden = [codes for codes in hidden if len(codes)]
    best = np.bincount(np.concatenate(hidden), minlength=20).argmax()
    macro = np.mean([(codes == best).mean() for codes in hidden])
    return f"{100 * macro:.1f} ({100 * (np.concatenate(hidden) == best).mean():.1f})"


def main() -> None:
    """Print a row for each readout and length."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--readout", nargs="+", default=["KCYM"])
    parser.add_argument("--peptides", nargs="+", type=int, default=[])
    parser.add_argument("--reference", action="append")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--most", type=int, help="draw so many proteins")
    arguments = parser.parse_args()
    known = {
        r.sequence
        for path in arguments.reference or []
        for r in read_fasta(path, repeated_ids=True)
    }
    proteins = sorted({r.sequence for r in read_fasta(arguments.proteins, repeated_ids=True)})
    proteins = [p for p in proteins if p not in known]
    random.Random(2).shuffle(proteins)
    models = [None, *arguments.model]
    print(
        "| readout | residues | reads | commonest | "
        + "macro (micro) | whole % | ECE | " * len(models)
    )
    print("|---|" + "---|" * (3 + 3 * len(models)))
    for readout in arguments.readout:
        for length in arguments.peptides or [None]:
            truths = stretches(proteins[: arguments.most], length)
            kind = "fragment" if length else "protein"
            cells = [score(truths, readout, model, arguments, kind) for model in models]
            first = (
                f"| {readout} | {length or 'whole'} | {len(truths)} | {commonest(truths, readout)}"
            )
            print(f"{first} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
