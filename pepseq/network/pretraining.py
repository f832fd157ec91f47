"""Lean training of the readout network: packed batches, bf16, the head at hidden residues only.

A batch depends on the seed, the step and the process alone, so that a run that is resumed gives the
same weights. Started by torchrun, processes share the work and add up their gradients.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import distributed
from torch.nn.functional import nll_loss

from pepseq.network.architecture import GRAPH_INPUTS
from pepseq.network.net import ReadoutNet, add_log_odds
from pepseq.network.training_examples import Example, batch


@dataclass(frozen=True)
class Schedule:
    """Steps in all, residues of a batch in each process, and the learning rates.

    `learning_rate` is that of Muon for matrices of blocks, `adam_share` of it that of AdamW for all
    other weights. The rate rises over `warmup` steps, stays, and falls linearly to nothing from
    step `decay` on.
    """

    steps: int
    batch_residues: int = 3072
    learning_rate: float = 6e-3
    warmup: int = 100
    decay: int = 0
    weight_decay: float = 0.01
    seed: int = 1
    adam_share: ClassVar[float] = 1 / 3

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, the first being 0."""
        up = min(1.0, (step + 1) / max(self.warmup, 1))
        down = (self.steps - step) / max(self.steps - self.decay, 1)
        return self.learning_rate * min(up, max(down, 0.01))


Draw = Callable[[np.random.Generator, int], Example]
"""From random numbers and a step to a random example."""


def training_batch(draw: Draw, schedule: Schedule, step: int, process: int) -> dict:
    """Return the batch of a step in a process, always the same."""
    rng = np.random.default_rng([schedule.seed, step, process])
    examples, residues = [], 0
    while residues < schedule.batch_residues:
        example = draw(rng, step)
        if example.scored.any():
            examples.append(example)
            residues += len(example.truth)
    return batch(examples)


def batches(draw: Draw, schedule: Schedule, first: int, process: int) -> Iterator[dict]:
    """Yield the batches from step `first` on, each made in a thread while one is used."""
    with ThreadPoolExecutor(1) as pool:
        next_batch = pool.submit(training_batch, draw, schedule, first, process)
        for step in range(first, schedule.steps):
            arrays = next_batch.result()
            next_batch = pool.submit(training_batch, draw, schedule, step + 1, process)
            yield arrays


def log_probabilities(net: ReadoutNet, inputs: dict, precision: str = "bf16") -> torch.Tensor:
    """Return log-probabilities, (scored residues, 20), of a batch of tensors."""
    device = inputs["reads"].device.type
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
        states = net(*(inputs[name] for name in GRAPH_INPUTS))
    odds = net.odds(states.index_select(0, inputs["scored"]))
    return add_log_odds(odds, inputs["prior"].index_select(0, inputs["scored"]))


def to_tensors(arrays: dict, device: torch.device | str = "cpu") -> dict:
    """Return the arrays of a batch as tensors on a device."""
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


class Trainer:
    """A network in training; `step` is how many steps are done."""

    def __init__(
        self, net: ReadoutNet, schedule: Schedule, device: str = "cpu", precision: str = "bf16"
    ):
        self.net, self.schedule, self.precision = net.to(device).train(), schedule, precision
        self.device, self.step, self.residues = device, 0, 0
        matrices = {
            name: weights
            for name, weights in net.named_parameters()
            if "blocks." in name and weights.ndim == 2
        }
        rest = [weights for name, weights in net.named_parameters() if name not in matrices]
        decay = schedule.weight_decay
        self._optimizers: dict[float, torch.optim.Optimizer] = {
            1.0: torch.optim.Muon(
                list(matrices.values()), weight_decay=decay, adjust_lr_fn="match_rms_adamw"
            ),
            schedule.adam_share: torch.optim.AdamW(
                rest, betas=(0.9, 0.98), weight_decay=decay, fused=True
            ),
        }
        several = distributed.is_initialized()
        self.processes = distributed.get_world_size() if several else 1
        self.process = distributed.get_rank() if several else 0

    def state(self) -> dict:
        """Return all that `restore` needs."""
        return {
            "net": self.net.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers.values()],
            "step": self.step,
            "residues": self.residues,
        }

    def restore(self, state: dict) -> None:
        """Continue from the state of another Trainer."""
        self.net.load_state_dict(state["net"])
        states = zip(self._optimizers.values(), state["optimizers"], strict=True)
        for optimizer, optimizer_state in states:
            optimizer.load_state_dict(optimizer_state)
        self.step, self.residues = state["step"], state["residues"]

    def run(self, draw: Draw) -> Iterator[float]:
        """Train to the end, yielding the loss (nats) of each step in this process."""
        for arrays in batches(draw, self.schedule, self.step, self.process):
            inputs = to_tensors(arrays, self.device)
            self.net.zero_grad(set_to_none=False)
            logs = log_probabilities(self.net, inputs, self.precision)
            loss = nll_loss(logs, inputs["truth"])
            loss.backward()
            self._average_gradients()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            for share, optimizer in self._optimizers.items():
                for group in optimizer.param_groups:
                    group["lr"] = share * self.schedule.rate(self.step)
                optimizer.step()
            self.step += 1
            self.residues += len(arrays["reads"]) * self.processes
            yield float(loss.detach())

    def _average_gradients(self) -> None:
        """Give every process the mean of all processes' gradients."""
        gradients = []
        for parameter in self.net.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        if self.processes > 1:
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            distributed.all_reduce(flat)
            flat /= self.processes
            parts = flat.split([gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))


@torch.no_grad()
def validate(net: ReadoutNet, examples: Sequence[Example], residues: int = 8192) -> dict:
    """Return nats per scored residue and accuracy (%), micro and macro, of these examples."""
    net.eval()
    device = next(net.parameters()).device
    nats, right, shares = 0.0, [], []
    group: list[Example] = []
    for number, example in enumerate(examples):
        group.append(example)
        if sum(len(e.truth) for e in group) < residues and number < len(examples) - 1:
            continue
        inputs = to_tensors(batch(group), device)
        logs = log_probabilities(net, inputs, "fp32")
        nats += float(nll_loss(logs, inputs["truth"], reduction="sum"))
        good = (logs.argmax(1) == inputs["truth"]).cpu().numpy()
        right.append(good)
        ends = np.cumsum([int(e.scored.sum()) for e in group])[:-1]
        shares += [part.mean() for part in np.split(good, ends) if len(part)]
        group = []
    net.train()
    total = np.concatenate(right)
    return {
        "nats": nats / len(total),
        "micro": 100 * float(total.mean()),
        "macro": 100 * float(np.mean(shares)),
    }
