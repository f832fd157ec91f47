"""Seconds and memory of one DiffPALM step: the published way beside pepseq, in one run.

The published way is fair-esm's MSA Transformer with one-hot input, gradients of all weights, the
head at every position, float32 (its permutation, a few milliseconds, is left out). pepseq's is one
whole step of `diffpalm`: frozen weights, the head at hidden positions alone. Weights are random
(cost does not depend on them) and of the published shape: 12 layers, 768 wide, 100 M. Each way
runs in a process of its own, in turn; medians of seconds and of CPU seconds (which other work on
the machine disturbs less), and the largest peak of resident memory.

    python workflows/benchmarks/diffpalm_step.py --threads 1

WARNING: at the default depth of 50 and 180 columns the published way takes 14 GiB of memory and
over a minute on a CPU core. `--device cuda` measures several depths on a GPU and then doubles the
depth until pepseq's memory, 80 % of the GPU's at most, no longer suffices. Needs `fair-esm`.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

from pepseq.models.msa_transformer import MASK, TOKENS, MsaTransformer
from pepseq.pairing.config import DiffPalmConfig
from pepseq.pairing.diffpalm import diffpalm
from pepseq.pairing.method_interface import Families, Species

SPECIES_SIZE = 5
WAYS = ("published", "pepseq fp32", "pepseq bf16", "pepseq bf16, layers again")


def random_families(depth: int, columns: int) -> Families:
    """Return families of random residues, in species of five."""
    random = np.random.default_rng(0)
    half = columns // 2
    a, b = (random.integers(20, size=(depth, c)).astype(np.uint8) for c in (half, columns - half))
    starts = range(0, depth, SPECIES_SIZE)
    rows = [np.arange(start, min(start + SPECIES_SIZE, depth)) for start in starts]
    none = np.zeros((0, 2), dtype=np.int64)
    return Families(a, b, tuple(Species(str(r[0]), r, r, none) for r in rows))


def pepseq_step(way: str, depth: int, columns: int, layers: int, device: str):
    """Return a function that makes one step."""
    network = MsaTransformer(layers=layers, depth=max(1024, depth))
    network.checkpointing = way.endswith("again")
    precision = "fp32" if "fp32" in way else "bf16"
    config = DiffPalmConfig(1, 1, device=device, precision=precision, max_depth=max(depth, 2))
    families = random_families(depth, columns)
    return lambda: diffpalm(families, config, network)


def published_step(depth: int, columns: int, layers: int, device: str):
    """Return a function that makes one step the published way."""
    import esm

    settings = argparse.Namespace(
        layers=layers,
        embed_dim=768,
        ffn_embed_dim=3072,
        attention_heads=12,
        max_positions=1024,
        max_tokens=2**14,
        embed_positions_msa=True,
        embed_positions_msa_dim=768,
        dropout=0.1,
        attention_dropout=0.1,
        activation_dropout=0.1,
    )
    network = esm.MSATransformer(settings, esm.Alphabet.from_architecture("msa_transformer"))
    network = network.eval().to(device)
    table = network.embed_tokens.weight
    codes = torch.randint(4, 24, (1, depth, columns + 1), device=device)
    residues = one_hot(codes, len(TOKENS)).float().requires_grad_()
    hidden = torch.rand(codes.shape, device=device) < 0.7
    hidden[..., 0] = hidden[..., 1 + columns // 2 :] = False

    class OneHot(torch.nn.Module):
        def forward(self, tokens):
            return torch.where(hidden[..., None], table[MASK], residues @ table)

    network.embed_tokens = OneHot()

    def step():
        logits = network(codes, repr_layers=[layers])["logits"]
        cross_entropy(logits[hidden], residues[hidden]).backward()

    return step


def measure(way: str, arguments: argparse.Namespace) -> dict:
    """Make one step here; return its seconds and the peak memory in GiB."""
    torch.set_num_threads(arguments.threads)
    cuda = arguments.device == "cuda"
    size = (arguments.depth, arguments.columns, arguments.layers, arguments.device)
    step = published_step(*size) if way == "published" else pepseq_step(way, *size)
    if cuda:
        step()  # the first one starts the GPU
        torch.cuda.synchronize()
    start, worked = time.perf_counter(), time.process_time()
    step()
    if cuda:
        torch.cuda.synchronize()
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    peak = torch.cuda.max_memory_allocated() if cuda else peak
    return {"seconds": seconds, "worked": worked, "peak": peak}


def in_own_process(way: str, depth: int, arguments: argparse.Namespace) -> dict | None:
    """Measure in a new process; None if it failed, for want of memory say."""
    command = [sys.executable, __file__, "--way", way, "--depth", str(depth)]
    for name in ("columns", "layers", "device", "threads"):
        command += [f"--{name}", str(getattr(arguments, name))]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if done.returncode == 0 and lines else None


def table(depth: int, arguments: argparse.Namespace) -> None:
    """Measure every way in turn and print the medians."""
    found: dict[str, list[dict]] = {way: [] for way in arguments.ways}
    for _ in range(arguments.repeats):
        for way, results in found.items():
            result = in_own_process(way, depth, arguments)
            results += [] if result is None else [result]
    print(
        f"depth {depth}, {arguments.columns} columns, {arguments.layers} layers, "
        f"{arguments.threads} threads, {arguments.device}, {arguments.repeats} times each:"
    )
    base = None
    for way, results in found.items():
        if not results:
            print(f"{way:28} does not fit")
            continue
        values = [
            statistics.median(result["seconds"] for result in results),
            statistics.median(result["worked"] for result in results),
            max(result["peak"] for result in results) / 2**30,
        ]
        base = base or values
        cells = zip(values, base, ("s", "s CPU", "GiB"), strict=True)
        cells = [f"{value:9.2f} {unit}{first / value:6.1f} x" for value, first, unit in cells]
        print(f"{way:28}{''.join(cells)}", flush=True)


def largest(arguments: argparse.Namespace) -> None:
    """Print how deep an alignment fits into the GPU at once."""
    for way in arguments.ways:
        depth = fits = 50
        while (depth <= 12800 and (result := in_own_process(way, depth, arguments))) and result[
            "peak"
        ] < 0.8 * torch.cuda.mem_get_info()[1]:
            fits, depth = depth, depth * 2
        print(f"{way}: {fits} rows of {arguments.columns} columns fit, {depth} do not", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--depth", type=int, default=50)
    parser.add_argument("--columns", type=int, default=180)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments)))
        return
    for depth in (50, 100, 200, 400) if arguments.device == "cuda" else (arguments.depth,):
        table(depth, arguments)
    if arguments.device == "cuda":
        largest(arguments)


if __name__ == "__main__":
    main()
