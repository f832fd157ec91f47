"""Check `design`: predicted shares of the best label sets, and those that reads reach; a table.

    python workflows/benchmarks/design.py proteome.fasta --errors seqparams.json --scales 0 0.1

For each scale of the error rates and each number of labels, `pepseq design` finds the best set,
`pepseq simulate` simulates reads with it of all proteins in equal amounts, and `pepseq lookup`
identifies them. Reached are peptides and proteins of reads with a q-value of at most 0.01 whose
equally good fits are all of one peptide, or one protein. The simulation is repeated to count those
that are right: a read of them comes from this peptide, or this protein.
"""

import argparse
import csv
import itertools
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.fluorosequencing.config import EqualChannelRates
from pepseq.fluorosequencing.dye_codes import dye_texts
from pepseq.fluorosequencing.error_model import SequencingErrors
from pepseq.fluorosequencing.molecules import label_peptides, visible_reads
from pepseq.quantification.sample import channel_of_code, draw_sample
from pepseq.quantification.simulation_config import SimulateConfig
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta

CYCLES, SEED, MAX_Q, MOST_FITS = 15, 1, 0.01, 10
Row = dict[str, str]
Found = set[tuple[str, object]]


def run(*arguments: object) -> float:
    """Run pepseq and return its processor seconds."""
    command = [sys.executable, "-m", "pepseq", "--quiet", *map(str, arguments)]
    _, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.executable, command), 0)
    if status:
        raise SystemExit(os.waitstatus_to_exitcode(status))
    return usage.ru_utime + usage.ru_stime


def scaled_options(path: str, scale: float) -> tuple[list[object], EqualChannelRates]:
    """Return the error rates of a file's first channel, scaled, as options and as rates."""
    data = json.loads(Path(path).read_text())
    names = list(EqualChannelRates.__dataclass_fields__)
    channel = data["channel_models"][0]
    rates = {name: channel.get(f"p_{name}", data.get(f"p_{name}", 0.0)) for name in names}
    decay = {"initial_detach_decay"}
    rates = {name: rate * (1 if name in decay else scale) for name, rate in rates.items()}
    options = [(f"--{name.replace('_', '-')}", rate) for name, rate in rates.items()]
    return list(itertools.chain(*options)), EqualChannelRates(**rates)


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the rows of a TSV."""
    with path.open() as stream:
        yield from csv.DictReader(stream, delimiter="\t")


def identified(fits: Path, texts: dict[str, str], sequences: dict[str, str]) -> tuple[Found, Found]:
    """Return (read, peptide) and (read, protein) of what `lookup` identified."""
    peptides, proteins = set(), set()
    for name, group in itertools.groupby(rows_of(fits), key=lambda row: row["id"]):
        rows = list(group)
        equal = int(rows[0]["equal_fits"] or 0)
        if not rows[0]["q_value"] or float(rows[0]["q_value"]) > MAX_Q or equal > len(rows):
            continue
        best = rows[:equal]
        of_proteins = {row["protein"] for row in best}
        spans = ((row["protein"], int(row["begin"]), int(row["end"])) for row in best)
        of_peptides = {sequences[protein][begin - 1 : end] for protein, begin, end in spans}
        if len(of_peptides) == 1:
            peptides.add((texts[name], of_peptides.pop()))
        if len(of_proteins) == 1:
            proteins.add((texts[name], of_proteins.pop()))
    return peptides, proteins


def true_origins(records: list, labels: str, rates: EqualChannelRates, reads: int):
    """Return the peptides and the proteins that gave each read, by its text, simulated again."""
    readout = Readout.from_labels(labels)
    channels = len(readout.labels)
    sample = draw_sample(records, SimulateConfig(), DigestConfig())
    chosen, amounts = sample.labelled_peptides(readout)
    begin, end = sample.peptides.begin[chosen], sample.peptides.end[chosen]
    labelled = label_peptides(sample.residues, begin, end, channel_of_code(readout))
    errors = SequencingErrors.of_equal_channels(rates, channels)
    peptides, proteins = defaultdict(set), defaultdict(set)
    for codes, places in visible_reads(labelled, amounts, errors, CYCLES, reads, SEED):
        pairs = np.unique(np.stack([codes, places]), axis=1)
        texts = dye_texts(pairs[0], channels, CYCLES).astype(str)
        for text, place in zip(texts.tolist(), pairs[1].tolist(), strict=True):
            protein = sample.peptides.protein[chosen[place]]
            start = sample.offsets[protein]
            first, last = begin[place] - start, end[place] - start
            peptides[text].add(records[protein].sequence[first:last])
            proteins[text].add(records[protein].id)
    return peptides, proteins


def reached(found: Found, true: dict[str, set]) -> tuple[int, int]:
    """Return how many were identified, and how many of them rightly by a read."""
    right = {name for text, name in found if name in true[text]}
    return len({name for _, name in found}), len(right)


def check(arguments, records: list, row: Row, scale: float, folder: Path) -> str:
    """Return a row of the printed table."""
    options, rates = scaled_options(arguments.errors, scale)
    reads, fits, labels = folder / "reads.tsv", folder / "fits.tsv", row["labels"]
    shared = ["--dye-sequences", "--labels", labels, "--cycles", CYCLES, "--force", *options]
    shared += ["--threads", arguments.threads]
    run("simulate", arguments.proteins, "-o", reads, "--reads", arguments.reads, *shared)
    command = ["lookup", reads, "--reference", arguments.proteins, "-o", fits]
    seconds = run(*command, "--best", MOST_FITS, *shared)
    texts = {}
    for line in reads.read_text().splitlines()[2:]:
        text, _, name = line.split("\t")
        texts[name] = text
    found = identified(fits, texts, {record.id: record.sequence for record in records})
    true = true_origins(records, labels, rates, arguments.reads)
    counts = [reached(*pair) for pair in zip(found, true, strict=True)]
    cells = [f"{scale:g}", row["label_count"], labels]
    kinds = ("proteins", counts[1], len(records)), ("peptides", counts[0], arguments.peptides)
    for name, (count, right), total in kinds:
        predicted = 100 * float(row[f"{name}_identified"])
        cells += [f"{predicted:.1f}", f"{100 * right / total:.1f}", str(count - right)]
    return f"| {' | '.join(cells)} | {100 * float(row['reads_error_free']):.0f} | {seconds:.0f} |"


def main() -> None:
    """Read the command line, and print a row for each scale and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--errors", required=True, help="whatprot's sequencing parameters")
    parser.add_argument("--scales", nargs="+", type=float, default=[0.0, 0.1])
    parser.add_argument("--reads", type=int, default=300_000)
    parser.add_argument("--labels", nargs="+", type=int, default=[2, 3, 4, 5, 6])
    parser.add_argument("--search", default="exhaustive")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    records = list(read_fasta([arguments.proteins]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        head = True
        for scale in arguments.scales:
            table = folder / "design.tsv"
            options, _ = scaled_options(arguments.errors, scale)
            options += ["--reads", arguments.reads, "--cycles", CYCLES, "--force"]
            options += ["--search", arguments.search, "--threads", arguments.threads]
            command = ["design", "--reference", arguments.proteins, "-o", table]
            started = time.perf_counter()
            seconds = run(*command, "--max-labels", max(arguments.labels), *options)
            elapsed = time.perf_counter() - started
            about = json.loads(Path(f"{table}.run.json").read_text())["settings"]["reference"]
            arguments.peptides = about["peptides"]
            rows = list(rows_of(table))
            print(
                f"scale {scale:g}: {len(rows)} sets in {seconds:.1f} CPU s ({elapsed:.1f} s), "
                f"{about['proteins']:,} proteins, {about['peptides']:,} peptides",
                file=sys.stderr,
            )
            if head:
                print(
                    "| scale | labels | best set | proteins predicted, % | reached | wrong "
                    "| peptides predicted, % | reached | wrong | reads without error, % "
                    "| lookup, CPU s |"
                )
                print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
                head = False
            for row in sorted(rows, key=lambda row: int(row["label_count"])):
                if row["rank_of_count"] == "1" and int(row["label_count"]) in arguments.labels:
                    print(check(arguments, records, row, scale, folder), flush=True)


if __name__ == "__main__":
    main()
