"""Whole processes from the shell: `pepseq predict` beside the published way, in turns.

The published way is transformers' fill-mask pipeline restricted to the candidates (Pham et al.
2024), here of a BERT with about as many weights as the bundled network (random: cost does not
depend on them), one protein at a time. "Ready" is a process that completes one residue.

    python workflows/benchmarks/whole_process.py data/ecoli_536.fasta --proteins 64 --rounds 5
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pepseq.models.random_weights import new_masked_lm
from pepseq.readout.masking import mask_sequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta

PIPELINE = """
import sys
from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline
from Bio import SeqIO
folder, source = sys.argv[1:]
fill = pipeline(
    "fill-mask",
    model=AutoModelForMaskedLM.from_pretrained(folder),
    tokenizer=AutoTokenizer.from_pretrained(folder),
    targets=list("ADEFGHILNPQRSTVW"),
    device="cpu",
)
for record in SeqIO.parse(source, "fasta"):
    if "X" in record.seq:
        fill(" ".join("[MASK]" if r == "X" else r for r in str(record.seq)))
"""


def bert(folder: Path) -> int:
    """Write a BERT of 1.1 million weights and return how many it has."""
    from transformers import BertConfig, BertForMaskedLM

    _, tokenizer = new_masked_lm("tiny")
    config = BertConfig(
        vocab_size=30,
        hidden_size=144,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=576,
        max_position_embeddings=40000,
    )
    network = BertForMaskedLM(config)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    positions = network.bert.embeddings.position_embeddings.weight.numel()
    return sum(p.numel() for p in network.parameters()) - positions


def timed(command: list[str]) -> tuple[float, float]:
    """Return seconds and peak memory (MB) of a process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: ended with {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Time every way in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins_file")
    parser.add_argument("--proteins", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    records = [r for r in read_fasta(arguments.proteins_file, repeated_ids=True)]
    drawn = random.Random(1).sample(records, arguments.proteins)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        readouts, one = folder / "readouts.fasta", folder / "one.fasta"
        masked = [mask_sequence(r.sequence, Readout("KCYM")).residues for r in drawn]
        readouts.write_text("".join(f">p{n}\n{m}\n" for n, m in enumerate(masked)))
        one.write_text(">one\nMXK\n")
        with ProcessPoolExecutor(1) as pool:  # a child begins with its parent's peak memory
            weights = pool.submit(bert, folder / "bert").result()
        published = [sys.executable, "-c", PIPELINE, str(folder / "bert")]
        pepseq = [str(Path(sys.executable).with_name("pepseq")), "predict", "--force"]
        pepseq += ["--readout", "KCYM", "-o", str(folder / "done.fasta")]
        alone, table = ["--mode", "model"], ["--table", str(folder / "table.tsv")]
        ways = {
            "fill-mask pipeline": [*published, str(readouts)],
            "pepseq, network alone": [*pepseq, *alone, str(readouts)],
            "pepseq, network alone, table": [*pepseq, *alone, *table, str(readouts)],
            "pepseq, templates and network": [*pepseq, str(readouts)],
            "fill-mask pipeline, ready": [*published, str(one)],
            "pepseq, ready": [*pepseq, *alone, str(one)],
        }
        found = {way: [] for way in ways}
        for number in range(arguments.rounds + 1):
            for way, command in ways.items():
                result = timed(command)
                if number:  # the first round warms caches
                    found[way].append(result)
    residues = sum(map(len, masked))
    print(
        f"{len(masked)} proteins, {residues} residues; BERT of {weights:,} weights, positions apart"
    )
    base = statistics.median(seconds for seconds, _ in found["fill-mask pipeline"])
    print("| way | seconds, median | spread | ratio | peak MB |")
    print("|---|---|---|---|---|")
    for way, results in found.items():
        seconds = [second for second, _ in results]
        middle = statistics.median(seconds)
        ratio = "" if "ready" in way else f"{base / middle:.1f}"
        memory = max(memory for _, memory in results)
        spread = f"{min(seconds):.2f}-{max(seconds):.2f}"
        print(f"| {way} | {middle:.2f} | {spread} | {ratio} | {memory:.0f} |")


if __name__ == "__main__":
    main()
