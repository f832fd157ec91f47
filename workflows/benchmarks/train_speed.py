"""Residues per second in training: pepseq's way beside transformers' Trainer, in one run.

Trainer trains a BERT with as many weights as the bundled network (and the bundled network itself),
each protein padded to 1,024 tokens, 8 in a batch, fp32, scores at all positions: as fine-tuning is
commonly done. pepseq packs proteins without padding, scores hidden residues alone, uses bf16.
Ways take turns; medians are printed. Both count residues of proteins, not tokens.

    python workflows/benchmarks/train_speed.py proteins.fasta --threads 1 --rounds 5
"""

import argparse
import statistics
import tempfile
import time

import numpy as np
import torch
from transformers import BertConfig, BertForMaskedLM, Trainer, TrainingArguments

from pepseq.models.random_weights import new_masked_lm
from pepseq.network.architecture import BUNDLED_SIZES
from pepseq.network.masked_lm_adapter import ReadoutConfig, ReadoutMaskedLM, token_emission
from pepseq.network.net import ReadoutNet
from pepseq.network.pretraining import Schedule
from pepseq.network.pretraining import Trainer as LeanTrainer
from pepseq.network.training_examples import PlainExamples
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import read_fasta
from pepseq.templates.substitution import encode

PADDED, ROWS, STEPS = 1024, 8, 3


def bert(weights: int):
    """Return a BERT of about so many weights, its width half as deep as the bundled network's."""
    _, tokenizer = new_masked_lm("tiny")
    config = BertConfig(
        vocab_size=30,
        hidden_size=144,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=576,
        max_position_embeddings=PADDED,
    )
    network = BertForMaskedLM(config)
    found = sum(p.numel() for p in network.parameters())
    print(f"BERT {found:,} weights, readout network {weights:,}")
    return network, tokenizer.convert_tokens_to_ids


class Rows(torch.utils.data.Dataset):
    """Proteins masked as KCYM, padded to PADDED tokens."""

    def __init__(self, proteins: list[str], table: dict[str, int], pad: int, emission=None):
        self.proteins, self.table, self.pad, self.emission = proteins, table, pad, emission

    def __len__(self) -> int:
        return len(self.proteins)

    def __getitem__(self, index: int) -> dict:
        protein = self.proteins[index]
        ids, labels = np.full(PADDED, self.pad), np.full(PADDED, -100)
        ids[: len(protein)] = [self.table[a if a in "KCYM" else "X"] for a in protein]
        for place, a in enumerate(protein):
            if a not in "KCYM":
                labels[place] = self.table[a]
        item = {"input_ids": ids, "labels": labels, "attention_mask": (ids != self.pad).astype(int)}
        return item if self.emission is None else {**item, "emission": self.emission}


def with_trainer(network, rows: Rows, loss=None):
    """Return a function that trains some steps with Trainer and returns residues and seconds."""
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        max_steps=STEPS,
        per_device_train_batch_size=ROWS,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        remove_unused_columns=False,
        logging_strategy="no",
        seed=1,
    )

    def run(number: int) -> float:
        part = rows.proteins[number * STEPS * ROWS :][: STEPS * ROWS]
        data = Rows(part, rows.table, rows.pad, rows.emission)
        trainer = Trainer(model=network, args=arguments, train_dataset=data, compute_loss_func=loss)
        start = time.perf_counter()
        trainer.train()
        return sum(map(len, part)) / (time.perf_counter() - start)

    return run


def lean(net: ReadoutNet, proteins: list[str], device: str):
    """Return the same for pepseq's training, on as many residues."""
    codes = [encode(p) for p in proteins]
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in codes])])
    data = PlainExamples(np.concatenate(codes), offsets, np.full(20, 0.05))

    def run(number: int) -> float:
        schedule = Schedule(STEPS * 4, seed=number + 1)
        trainer = LeanTrainer(net, schedule, device)
        start = time.perf_counter()
        for _ in trainer.run(lambda rng, step: data.draw(rng)):
            pass
        return trainer.residues / (time.perf_counter() - start)

    return run


def fill_loss(outputs, labels, num_items_in_batch=None):
    """Return the cross-entropy at labelled positions."""
    logs = outputs.logits.transpose(1, 2).clamp(min=-30)
    return torch.nn.functional.cross_entropy(logs, labels)


def main() -> None:
    """Time every way in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proteins")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    proteins = [r.sequence for r in read_fasta(arguments.proteins, repeated_ids=True)]
    proteins = [p for p in proteins if len(p) <= PADDED]
    np.random.default_rng(1).shuffle(proteins)
    net = ReadoutNet(BUNDLED_SIZES)
    network, ids = bert(sum(p.numel() for p in net.parameters()))
    letters = {a: ids(a if a != "X" else "[MASK]") for a in "ACDEFGHIKLMNPQRSTVWYX"}
    own = ReadoutMaskedLM(ReadoutConfig(BUNDLED_SIZES, [0.05] * 20))
    codes = {a: i for i, a in enumerate("ACDEFGHIKLMNPQRSTVWYX")}
    emission = token_emission(Readout("KCYM"))
    ways = {
        "Trainer, BERT, padded to 1,024": with_trainer(network, Rows(proteins, letters, 0)),
        "Trainer, readout network": with_trainer(
            own, Rows(proteins, codes, 41, emission), fill_loss
        ),
        "pepseq, readout network": lean(net, proteins, device),
    }
    speeds = {name: [] for name in ways}
    for number in range(arguments.rounds + 1):
        for name, run in ways.items():
            speed = run(number)
            if number:  # the first warms up
                speeds[name].append(speed)
    base = statistics.median(speeds["Trainer, BERT, padded to 1,024"])
    print(f"{arguments.threads} threads, medians of {arguments.rounds}, residues/s:")
    for name, values in speeds.items():
        middle = statistics.median(values)
        print(f"{name:34}{middle:10.0f}{middle / base:8.1f} x  {min(values):.0f}-{max(values):.0f}")


if __name__ == "__main__":
    main()
