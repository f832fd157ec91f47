"""Short training runs for tests: their settings, data and results."""

import hashlib

from pepseq import FinetuneConfig, finetune

QUICK = dict(
    max_steps=12, evaluate_every=4, batch_residues=600, learning_rate=1e-3, device="cpu", threads=1
)


def quick_config(**changes):
    """Settings of a run of a second, with changes."""
    return FinetuneConfig(**QUICK | changes)


def train_tiny(train, validation, output, *, readout="K1", config=None, **arguments):
    """Train a tiny network from random weights."""
    network = {} if "model" in arguments else {"from_scratch": "tiny"}
    return finetune(
        train, validation, output, readout, config=config or quick_config(), **network | arguments
    )


def weights_of(folder):
    """SHA-256 of the weights of a trained network."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def write_proteins(folder, proteins):
    """Write training and validation proteins, cut to 100 residues; return both paths."""
    paths = folder / "train.fasta", folder / "validation.fasta"
    for path, part in zip(paths, (proteins[:60], proteins[60:70]), strict=True):
        path.write_text("".join(f">{i}\n{s[:100]}\n" for i, s in part))
    return paths


def interrupt(*arguments):
    """Stand in for a function during which the run is interrupted."""
    raise KeyboardInterrupt
