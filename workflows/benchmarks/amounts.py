"""Amounts of proteins from simulated reads, beside simpler ways; printed as tables.

    python workflows/benchmarks/amounts.py five proteome.fasta --errors seqparams.json
    python workflows/benchmarks/amounts.py proteome proteome.fasta --errors seqparams.json
    python workflows/benchmarks/amounts.py peptides proteome.fasta --reads 1000000 --samples 3

`five` draws five proteins and random abundances, and prints the mean absolute error of the molar
fractions of pepseq, over that of other ways, as a mean over samples: of the guess that all are
equal; of counting the reads that one protein explains at least twice as well as any other; of the
same estimate without errors; and of the estimate that is told the true protein of every read.
`proteome` draws samples of `--present` proteins over four orders of magnitude, runs `pepseq
quantify` as a process, and prints what `pepseq evaluate-quantities` says, with seconds, processor
seconds and peak memory of this process alone. `peptides` does the same with FASTA reads of whole
peptides at KCYM and at K2, of which 10 % of the labels are missed and 1 % misread.
"""

import argparse
import dataclasses
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import pepseq
from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.fluorosequencing.dye_codes import dye_codes
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.read_probabilities import read_probabilities
from pepseq.quantification.config import QuantifyConfig
from pepseq.quantification.digested_reference import encode_records
from pepseq.quantification.evidence import labelled_patterns
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record, read_fasta

CYCLES = 15
SIGMA = math.log(10) * 4 / 6
"""Of the natural logarithm of abundances: six standard deviations are four orders of magnitude."""
MISSED_LABEL, MISREAD = 0.1, 0.01
LABELS = ("DE,C,Y", "DE,C,Y,K")


def errors_of(path: str, channels: int, scale: float) -> SequencingErrors:
    """Return the error rates of a file, scaled; further channels have the rates of the first."""
    errors = SequencingErrors.from_whatprot(path)
    rates = {name: (getattr(errors, name)[0],) * channels for name in ("bleach", "dud")}
    return dataclasses.replace(errors, **rates).scaled(scale)


class FiveProteins:
    """Five proteins, their reads by one set of labels and error rates, and ways to quantify."""

    def __init__(self, proteins: list[Record], labels: str, errors: SequencingErrors):
        self.proteins = {protein.id: protein.sequence for protein in proteins}
        self.readout, self.errors = Readout.from_labels(labels), errors
        residues, offsets = encode_records(proteins)
        patterns = labelled_patterns(self.readout, CYCLES)
        peptides = digest(residues, offsets, DigestConfig())
        self.patterns = patterns(residues, peptides, len(proteins))

    def probabilities(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return P(read | a copy of each protein), and the reads that a copy gives."""
        rates = self.errors.rates(CYCLES)
        sequences, weights = self.patterns.sequences, self.patterns.weights
        found = read_probabilities(sequences, codes, rates, np.full(len(sequences), 1e-7), 2)
        by_pattern = np.zeros((len(sequences), len(codes)))
        pattern = np.repeat(np.arange(len(sequences)), np.diff(found.starts))
        by_pattern[pattern, found.reads] = found.values
        return weights @ by_pattern, weights @ found.visible

    def fractions(self, copies: np.ndarray, reads: int, seed: int) -> dict[str, np.ndarray]:
        """Return the true molar fractions of a sample, and those of each way."""
        sample = pepseq.simulate_reads(
            self.proteins,
            self.readout,
            reads,
            copies=dict(zip(self.proteins, copies, strict=True)),
            config=SimulateConfig(dye_sequences=True, cycles=CYCLES, seed=seed),
            errors=self.errors,
        )
        counted = dict(zip(sample.reads["sequence"], sample.reads["count"], strict=True))
        codes = dye_codes(np.array(list(counted), "S"), self.errors.channels, CYCLES)
        order = np.argsort(codes)
        counts = np.array(list(counted.values()))[order]
        given, visible = self.probabilities(codes[order])
        best = np.sort(given / visible[:, None], axis=0)[::-1]
        is_unique = best[0] >= 2 * best[1]
        winner = (given / visible[:, None]).argmax(0)
        unique = np.bincount(winner[is_unique], counts[is_unique], len(copies))
        none = SequencingErrors.of_equal_channels(EqualChannelRates(), self.errors.channels)
        return {
            "truth": copies / copies.sum(),
            "pepseq": self.estimate(counted, self.errors),
            "equal": np.full(len(copies), 1 / len(copies)),
            "counting": _shares(unique / visible),
            "no errors": self.estimate(counted, none),
            "floor": _shares(sample.truth["reads"].to_numpy() / visible),
        }

    def estimate(self, counted: dict[str, int], errors: SequencingErrors) -> np.ndarray:
        """Return the fractions that `quantify_reads` gives."""
        config = QuantifyConfig(dye_sequences=True, cycles=CYCLES, max_q=1.0, threads=2)
        amounts = pepseq.quantify_reads(
            counted, self.proteins, self.readout, config=config, errors=errors
        )
        found = dict(zip(amounts.table["group"], amounts.table["molar_fraction"], strict=True))
        return np.array([found.get(name, 0.0) for name in self.proteins])


def _shares(amounts: np.ndarray) -> np.ndarray:
    return amounts / amounts.sum() if amounts.any() else np.full(len(amounts), 1 / len(amounts))


def five(arguments: argparse.Namespace) -> None:
    """Print a row for each set of labels, error rates and number of reads."""
    records = [r for r in read_fasta(arguments.proteins) if len(r.sequence) >= 100]
    print("| labels | rates | reads | error | / equal | / counting | / no errors | / floor |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for labels in LABELS:
        for scale in (1.0, 0.1):
            errors = errors_of(arguments.errors, len(labels.split(",")), scale)
            for reads in arguments.reads:
                wrong: dict[str, list[float]] = {}
                for seed in range(arguments.samples):
                    random = np.random.default_rng(seed)
                    chosen = [records[n] for n in random.choice(len(records), 5, replace=False)]
                    sample = FiveProteins(chosen, labels, errors)
                    ways = sample.fractions(random.exponential(size=5), reads, seed)
                    truth = ways.pop("truth")
                    for way, fractions in ways.items():
                        wrong.setdefault(way, []).append(float(np.abs(fractions - truth).mean()))
                mean = {way: float(np.mean(values)) for way, values in wrong.items()}
                own = mean.pop("pepseq")
                cells = " | ".join(f"{own / other:.2f}" for other in mean.values())
                print(f"| {labels} | {scale:g} | {reads:,} | {own:.4f} | {cells} |", flush=True)


def proteome(arguments: argparse.Namespace) -> None:
    """Print a row for each seed, number of reads and scale of error rates."""
    _print_header("labels | rates")
    shared = ["--dye-sequences", "--labels", "DE,C,Y", "--errors", arguments.errors]
    shared += ["--cycles", str(CYCLES)]
    with tempfile.TemporaryDirectory() as name:
        for reads in arguments.reads:
            for scale in arguments.scales:
                sample = _Sample(
                    Path(name, "reads.tsv"), arguments.proteins, reads, arguments.present
                )
                for seed in range(arguments.samples):
                    row = sample.row(seed, [*shared, "--error-scale", str(scale)])
                    print(f"| DE,C,Y | {scale:g} | {row}", flush=True)


def peptides(arguments: argparse.Namespace) -> None:
    """Print a row for each seed, number of reads and readout."""
    _print_header("readout")
    rates = ["--missed-label", str(MISSED_LABEL), "--misread", str(MISREAD)]
    with tempfile.TemporaryDirectory() as name:
        for reads in arguments.reads:
            for readout in ("KCYM", "K2"):
                sample = _Sample(
                    Path(name, "reads.fasta.gz"), arguments.proteins, reads, arguments.present
                )
                for seed in range(arguments.samples):
                    row = sample.row(seed, ["--readout", readout, *rates])
                    print(f"| {readout} | {row}", flush=True)


def _print_header(first: str) -> None:
    columns = "reads | seed | Spearman | found, % | false | intervals, % | s | CPU s | GiB"
    print(f"| {first} | {columns} |")
    print("|---" * (first.count("|") + 1 + columns.count("|") + 1) + "|", flush=True)


@dataclasses.dataclass(frozen=True)
class _Sample:
    """Simulated reads of some of the proteins."""

    path: Path
    proteins: str
    reads: int
    present: int

    def row(self, seed: int, options: list[str]) -> str:
        """Return the columns from the number of reads on; `options` are of both commands."""
        pepseq_command = [sys.executable, "-m", "pepseq", "--quiet"]
        shared = [*options, "--threads", "2", "--force"]
        amounts, evaluated = self.path.with_name("amounts.tsv"), self.path.with_name("evaluation")
        simulate = ["simulate", self.proteins, "-o", self.path, "--reads", self.reads, *shared]
        simulate += ["--abundance", f"lognormal:{SIGMA}", "--present", self.present, "--seed", seed]
        quantify = ["quantify", self.path, "-o", amounts, "--reference", self.proteins, *shared]
        subprocess.run([*pepseq_command, *map(str, simulate)], check=True)
        started = time.perf_counter()
        process = os.spawnv(os.P_NOWAIT, sys.executable, [*pepseq_command, *map(str, quantify)])
        _, status, usage = os.wait4(process, 0)
        seconds, cpu = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
        if status:
            raise SystemExit(os.waitstatus_to_exitcode(status))
        truth = f"{self.path}.truth.tsv"
        evaluation = ["evaluate-quantities", truth, amounts, "-o", evaluated, "--force"]
        subprocess.run(
            [*pepseq_command, *map(str, evaluation)], check=True, stdout=subprocess.DEVNULL
        )
        summary = json.loads((evaluated / "summary.json").read_text())
        spearman, coverage = (
            math.nan if summary[key] is None else summary[key] for key in ("spearman", "coverage")
        )
        return (
            f"{self.reads:,} | {seed} | {spearman:.3f} | {summary['share_found']:.1f} | "
            f"{summary['false']} of {summary['found'] + summary['false']} | {coverage:.1f} | "
            f"{seconds:.1f} | {cpu:.1f} | {usage.ru_maxrss / 2**20:.2f} |"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sample", choices=("five", "proteome", "peptides"))
    parser.add_argument("proteins")
    parser.add_argument("--errors", help="whatprot's sequencing parameters; not of peptides")
    parser.add_argument("--reads", nargs="+", type=int, default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--scales", nargs="+", type=float, default=[1.0, 0.1])
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--present", type=int, default=500, help="proteins; not of five")
    arguments = parser.parse_args()
    if arguments.sample != "peptides" and arguments.errors is None:
        parser.error(f"{arguments.sample} needs --errors")
    {"five": five, "proteome": proteome, "peptides": peptides}[arguments.sample](arguments)


if __name__ == "__main__":
    main()
