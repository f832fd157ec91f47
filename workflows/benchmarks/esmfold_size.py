"""What folding with ESMFold takes, computed from its shape: parameters, memory, operations.

    python workflows/benchmarks/esmfold_size.py
    python workflows/benchmarks/esmfold_size.py --lengths 600 900
    python workflows/benchmarks/esmfold_size.py --check

builds facebook/esmfold_v1 from its published config on torch's meta device, which has shapes and no
numbers, runs it there (one protein, 4 passes through the trunk), and counts the bytes of all
tensors alive at once, with the language model in half precision (as on a GPU) or all in fp32 (as on
a CPU), and the floating-point operations of matrix products (a multiplication and an addition are
two). Nothing is timed. What a kernel takes inside an operation, and what an allocator loses, comes
on top.

Blocks of the trunk are alike and come one after the other, and so do passes: two of each serve for
all. `--check` compares that with the whole network, and runs a network of the true widths with few
layers on the CPU with real numbers, to compare the count with how much the memory of the process
grows.
"""

import argparse
import weakref
from pathlib import Path

import torch
import torch.fx.experimental._config
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode
from transformers import EsmConfig, EsmForProteinFolding, masking_utils
from transformers.models.esm import modeling_esmfold
from transformers.utils import logging

from pepseq.models.esmfold import default_chunk_size

LENGTHS = (100, 200, 400, 600, 700, 1024)
COLUMNS = ("residues", "chunk_size", "activations_GB", "unchunked_GB", "GPU_GB", "CPU_GB", "Tflop")
GB = 1e9
BLOCKS, PASSES = 48, 4
logging.set_verbosity_error()  # else each network that is built says which vocabulary it takes


def true_config(blocks=BLOCKS, layers=36):
    """Return the config of facebook/esmfold_v1 at the revision that pepseq pins."""
    return EsmConfig(
        vocab_size=33,
        mask_token_id=32,
        pad_token_id=1,
        hidden_size=2560,
        num_hidden_layers=layers,
        num_attention_heads=40,
        intermediate_size=10240,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=1026,
        layer_norm_eps=1e-5,
        position_embedding_type="rotary",
        emb_layer_norm_before=False,
        token_dropout=True,
        is_folding_model=True,
        esmfold_config={"fp16_esm": False, "trunk": {"num_blocks": blocks, "chunk_size": None}},
    )


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that operations make, while they live; weights apart."""

    def __init__(self, network):
        super().__init__()
        self.live = self.peak = 0
        self._seen = weakref.WeakKeyDictionary()
        self._weights = [t.untyped_storage() for t in network.state_dict().values()]
        self._seen.update(dict.fromkeys(self._weights, True))

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self._count(leaf.untyped_storage())
        return result

    def _count(self, storage):
        if storage in self._seen or not storage.nbytes():
            return
        size = storage.nbytes()
        self._seen[storage] = True
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._free, size)

    def _free(self, size):
        self.live -= size


def build(device, half, config):
    """Return a network with random weights, or on the meta device with none."""
    with torch.device(device):
        network = EsmForProteinFolding(config).eval()
    if half:
        network.esm.half()
    return network


def weight_bytes(network):
    """Return what the weights take."""
    return sum(p.numel() * p.element_size() for p in network.parameters())


def run(network, length, chunk, passes=None):
    """Fold a protein of alanines; `passes` through the trunk are 4 for None."""
    network.trunk.set_chunk_size(chunk)
    sequence = torch.zeros((1, length), dtype=torch.long, device=network.esm_s_combine.device)
    recycles = None if passes is None else passes - 1
    return network(sequence, torch.ones_like(sequence), num_recycles=recycles)


def forget_numbers():
    """Replace what asks for numbers, which the meta device has not, none of it large."""
    torch.fx.experimental._config.meta_nonzero_assume_all_nonzero = True
    masking_utils._ignore_bidirectional_mask_sdpa = lambda *_, **__: True  # a mask all ones
    modeling_esmfold.is_fp16_enabled = lambda device: False
    modeling_esmfold.compute_tm = lambda logits, **_: logits.new_zeros(())


def peak(network, length, chunk, passes=None):
    """Return the bytes of activations at their peak."""
    with torch.no_grad(), LiveBytes(network) as live:
        run(network, length, chunk, passes)
    return live.peak


def operations(network, length, passes=None):
    """Return the floating-point operations, which chunks do not change."""
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        run(network, length, None, passes)
    return flops.get_total_flops()


def all_operations(one, two, length):
    """Return the operations of the whole network from those of one with one block, and with two."""
    first = operations(one, length, 1)
    of_block, of_pass = operations(two, length, 1) - first, operations(one, length, 2) - first
    return first + (PASSES - 1) * of_pass + PASSES * (BLOCKS - 1) * of_block


def few_blocks():
    """Return networks of one block, of two, and of one all in fp32, on the meta device."""
    one, two = (build("meta", True, true_config(blocks=blocks)) for blocks in (1, 2))
    return one, two, build("meta", False, true_config(blocks=1))


def check_few_blocks(length=50):
    """Stop if the whole network takes anything else than few blocks say."""
    network, (one, two, _) = build("meta", True, true_config()), few_blocks()
    assert peak(network, length, None) == peak(one, length, None, 2)
    assert operations(network, length) == all_operations(one, two, length)


def check(length=160):
    """Print the count of a network with few layers, and how much memory it really takes."""
    torch.set_num_threads(1)
    network = build("cpu", False, true_config(blocks=1, layers=1))
    with torch.no_grad():
        run(network, 16, None, 1)
        for chunk in (16, None):
            counted = peak(network, length, chunk, 1)
            before = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            run(network, length, chunk, 1)
            words = Path("/proc/self/status").read_text().split()
            grown = int(words[words.index("VmHWM:") + 1]) * 1024 - before
            print(f"{length} residues, chunk size {chunk}: counted {counted / GB:.3f} GB,", end=" ")
            print(f"memory grew by {grown / GB:.3f} GB", flush=True)


def main():
    """Print the table, or the check."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, metavar="RESIDUES")
    given = arguments.parse_args()
    if given.check:
        check()
        forget_numbers()
        check_few_blocks()
        return
    forget_numbers()
    network = build("meta", True, true_config())
    of_language_model = sum(p.numel() for p in network.esm.parameters())
    of_all = sum(p.numel() for p in network.parameters())
    print(f"parameters: {of_all:,}, of which the language model {of_language_model:,}")
    weights = weight_bytes(network)
    full = weight_bytes(build("meta", False, true_config()))
    print(f"weights: {weights / GB:.2f} GB, or {full / GB:.2f} GB with --precision fp32")
    one, two, on_cpu = few_blocks()
    print(*COLUMNS, sep="\t")
    for length in given.lengths:
        chunk = default_chunk_size(length, 4)
        whole = peak(one, length, None, 2)
        chunked = peak(one, length, chunk, 2) if chunk else whole
        cpu = full + peak(on_cpu, length, chunk, 2)
        cells = [length, chunk or "all"]
        cells += [f"{b / GB:.1f}" for b in (chunked, whole, weights + chunked, cpu)]
        print(*cells, f"{all_operations(one, two, length) / 1e12:.1f}", sep="\t", flush=True)


if __name__ == "__main__":
    main()
