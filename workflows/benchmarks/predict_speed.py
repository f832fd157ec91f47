"""Residues per second of `pepseq predict` beside the published way, in one run.

The published way is transformers' fill-mask pipeline restricted to the candidates, one protein at
a time (Pham et al. 2024), with its default of five answers for each mask, and with one. Proteins
are dealt into blocks; every way does each block in turn, and medians over the blocks are
reported. The network has ProtBert's shape and random weights: cost does not depend on them.

    python workflows/benchmarks/predict_speed.py data/ecoli_536.fasta --threads 2
"""

import argparse
import shutil
import statistics
import tempfile
import time

import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, BertConfig, BertForMaskedLM, pipeline

from pepseq import PredictConfig, Readout
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.random_weights import new_masked_lm
from pepseq.prediction.networks import load_network
from pepseq.prediction.predictor import Predictor
from pepseq.readout.masking import mask_sequence
from pepseq.sequences.fasta import Record, read_fasta


def protbert_sized() -> str:
    """Save a network of ProtBert's shape (420 M) with random weights; return its folder."""
    folder = tempfile.mkdtemp()
    _, tokenizer = new_masked_lm("tiny")
    config = BertConfig(
        vocab_size=30,
        hidden_size=1024,
        num_hidden_layers=30,
        num_attention_heads=16,
        intermediate_size=4096,
        max_position_embeddings=40000,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def published(folder: str, readout: Readout, top_k: int):
    """Return a function that completes records with the fill-mask pipeline."""
    fill = pipeline(
        "fill-mask",
        model=AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        targets=list(readout.hidden),
        top_k=top_k,
        device="cpu",
    )

    def run(records):
        for record in records:
            if "X" in record.sequence:
                fill(" ".join("[MASK]" if r == "X" else r for r in record.sequence))

    return run


def ours(folder: str, readout: Readout, precision: str):
    """Return a function that completes records with pepseq."""
    checkpoint = find_checkpoint(folder)
    config = PredictConfig(device="cpu", precision=precision)
    network = load_network(checkpoint, config, readout)
    predictor = Predictor(readout, config, checkpoint, templates=None, network=network)

    def run(records):
        for _ in predictor.reconstruct(records):
            pass

    return run


def main() -> None:
    """Time every way on every block and print medians."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--readout", default="KCYM")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--longest", type=int, default=100_000)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    readout = Readout(arguments.readout)
    folder = protbert_sized()
    records = [
        Record(r.id, "", mask_sequence(r.sequence, readout).residues, r.line)
        for r in read_fasta(arguments.proteins)
        if len(r.sequence) <= arguments.longest
    ]
    ways = {
        "published, 5 answers a mask": lambda: published(folder, readout, 5),
        "published, 1 answer a mask": lambda: published(folder, readout, 1),
        "pepseq fp32": lambda: ours(folder, readout, "fp32"),
        "pepseq bf16": lambda: ours(folder, readout, "bf16"),
        "pepseq int8": lambda: ours(folder, readout, "int8"),
    }
    runners = {name: make() for name, make in ways.items()}
    speeds = {name: [] for name in ways}
    for number in range(arguments.blocks):
        block = records[number :: arguments.blocks]
        for name, run in runners.items():
            start = time.perf_counter()
            run(block)
            residues = sum(len(record.sequence) for record in block)
            speeds[name].append(residues / (time.perf_counter() - start))
    print(f"ProtBert, {len(records)} proteins, {arguments.threads} threads, residues/s:")
    base = statistics.median(speeds["published, 5 answers a mask"])
    for name, values in speeds.items():
        middle = statistics.median(values)
        spread = f"{min(values):.0f}-{max(values):.0f}"
        print(f"{name:30}{middle:10.0f}{middle / base:8.1f} x   {spread}", flush=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
