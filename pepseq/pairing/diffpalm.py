"""DiffPALM: the pairing under which a protein language model explains the alignment best.

Lupo, Sgarbossa and Bitbol (PNAS 2024): logits of pairs in each species become a pairing; rows of
one family, permuted by it, stand beside the rows of the other; the MSA Transformer predicts hidden
residues of the permuted family, and the gradient of its loss changes the logits.

Where a species has more proteins of one family, that one is permuted and hidden (family A where
both have as many), and rows without a partner are left out of the alignment at that step, see
`sinkhorn`. Settled pairs are rows on top that are never hidden.
"""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

from pepseq.errors import InputError
from pepseq.io.progress import Progress
from pepseq.models.devices import is_out_of_memory, pick_device, pick_precision
from pepseq.models.msa_transformer import MASK, TOKEN_OF_CODE, TOKENS, MsaTransformer
from pepseq.pairing.canonical_order import Task, frequencies_of, tasks_of
from pepseq.pairing.diffpalm_config import DiffPalmConfig
from pepseq.pairing.method_interface import Chosen, Families
from pepseq.pairing.sinkhorn import hard_pairing, soft_pairing, straight_through, with_noise

log = logging.getLogger(__name__)
KEPT_ON_CPU = 12_000
"""Residues up to which a CPU keeps what each layer computed, in about 0.7 MB each (fp32).

Above it layers are computed again: a machine whose memory is full ends a run without a word.
"""


def diffpalm(
    families: Families,
    config: DiffPalmConfig,
    network: MsaTransformer,
    progress: Progress | None = None,
) -> Chosen:
    """Pair two families; `losses` are mean cross-entropies of hidden residues in nats.

    Each of `config.runs` runs starts from logits of 0 with random numbers of its own; the pairing
    that its last logits favour counts. `network` is frozen, moved to the device and cast to the
    precision, in place. `progress` counts steps. The result depends on sequences, known pairs and
    settings alone: not on the order of rows or species, nor on names.

    An alignment deeper than `config.max_depth` goes through the network in parts: at each step
    whole species are dealt at random into parts, a species that exceeds a part is cut at random,
    settled pairs take at most half of a part and are drawn at random if they are more, and the
    loss is the mean over all hidden residues. Where memory runs out, layers are computed again
    instead of kept (from KEPT_ON_CPU on at once), then parts are halved.

    Raises InputError for alignments with more columns than the network takes, for a loss that is
    not a number (before the logits change), and where memory does not suffice for two rows;
    SettingsError for a device that is not there.
    """
    length = families.a.shape[1] + families.b.shape[1]
    if length > network.max_columns:
        raise InputError(
            f"the paired alignment: expected at most {network.max_columns} columns, which is what "
            f"the network takes, found {families.a.shape[1]} + {families.b.shape[1]}"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    device = pick_device(config.device)
    precision = pick_precision(config.precision, device)
    network.freeze("bf16" if precision == "bf16" else "fp32").to(device)
    tasks, settled = tasks_of(families)
    if not tasks:
        return Chosen(frequencies_of(families, [], []), np.zeros((config.runs, 0)))
    pairing = _Pairing(tasks, settled, config, network, device)
    counts = [np.zeros((len(task.a), len(task.b))) for task in tasks]
    losses = np.zeros((config.runs, config.steps))
    for run in range(config.runs):
        losses[run], chosen = pairing.run(run, progress)
        for count, one in zip(counts, chosen, strict=True):
            count += one
    shares = [count / config.runs for count in counts]
    return Chosen(frequencies_of(families, tasks, shares), losses)


@dataclass(frozen=True)
class _Group:
    """Tasks of one shape, so that their pairings are computed together.

    `tasks` are their numbers. `moved`: one-hot rows of the family that is permuted, (tasks, larger,
    its length, tokens); `fixed`: those of the other, (tasks, smaller, its length, tokens).
    """

    tasks: tuple[int, ...]
    moves_a: bool
    moved: torch.Tensor
    fixed: torch.Tensor

    def paired(self, pairing: torch.Tensor) -> torch.Tensor:
        """Return rows (tasks x smaller, length, tokens), the moved ones as `pairing` has them."""
        moved = (pairing.mT @ self.moved.flatten(2)).unflatten(2, self.moved.shape[2:])
        sides = (moved, self.fixed) if self.moves_a else (self.fixed, moved)
        return torch.cat(sides, dim=2).flatten(0, 1)


class _Pairing:
    """The alignment to pair on its device, and the optimiser's steps."""

    def __init__(
        self,
        tasks: list[Task],
        settled: np.ndarray,
        config: DiffPalmConfig,
        network: MsaTransformer,
        device: torch.device,
    ):
        self._config, self._network, self._device = config, network, device
        self._most = min(config.max_depth, network.max_rows)
        self._settled = self._one_hot(settled)
        self._mask_token = one_hot(torch.tensor(MASK), len(TOKENS)).float().to(device)
        self._tasks = tasks
        shapes = sorted({(len(task.a), len(task.b)) for task in tasks})
        self._groups = [self._group(*shape) for shape in shapes]
        self._sizes = [group.fixed.shape[1] for group in self._groups for _ in group.tasks]
        length = settled.shape[1]
        length_a = tasks[0].codes_a.shape[1]
        self._maskable = np.zeros((sum(self._sizes), length), dtype=bool)
        if device.type == "cpu" and self._depth() * length > KEPT_ON_CPU:
            network.checkpointing = True
        start = 0
        for group in self._groups:
            rows = slice(start, start + group.fixed.shape[:2].numel())
            self._maskable[rows, slice(length_a) if group.moves_a else slice(length_a, None)] = True
            start = rows.stop

    def _depth(self) -> int:
        """Return the most rows that go through the network at once."""
        return min(self._most, sum(self._sizes) + len(self._settled))

    def _one_hot(self, codes: np.ndarray) -> torch.Tensor:
        tokens = torch.from_numpy(TOKEN_OF_CODE[codes])
        return one_hot(tokens, len(TOKENS)).float().to(self._device)

    def _group(self, size_a: int, size_b: int) -> _Group:
        numbers = [
            number
            for number, task in enumerate(self._tasks)
            if (len(task.a), len(task.b)) == (size_a, size_b)
        ]
        a = self._one_hot(np.stack([self._tasks[number].codes_a for number in numbers]))
        b = self._one_hot(np.stack([self._tasks[number].codes_b for number in numbers]))
        moves_a = size_a >= size_b
        return _Group(tuple(numbers), moves_a, *((a, b) if moves_a else (b, a)))

    def run(
        self, number: int, progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the losses of one run, (steps,), and the pairing of each task, 0 and 1."""
        config = self._config
        random = np.random.default_rng([config.seed, number])
        shapes = [(*group.moved.shape[:2], group.fixed.shape[1]) for group in self._groups]
        logits = [torch.zeros(s, device=self._device, requires_grad=True) for s in shapes]
        optimizer = torch.optim.Adadelta(
            logits, lr=config.learning_rate, weight_decay=config.weight_decay
        )
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=config.factor, patience=config.patience
        )
        losses = np.zeros(config.steps)
        for step in range(config.steps):
            optimizer.zero_grad()
            with torch.no_grad():
                for one in logits:
                    one -= one.mean(dim=(-2, -1), keepdim=True)
            cooled = optimizer.param_groups[0]["lr"] / config.learning_rate
            losses[step] = self.backward(logits, config.noise * cooled, random)
            finite = all(one.grad.isfinite().all() for one in logits)
            if not np.isfinite(losses[step]) or not finite:
                raise InputError(
                    f"run {number + 1}, step {step + 1}: expected a finite loss, found "
                    f"{losses[step]:g}{'' if finite else ' with gradients that are not finite'}"
                )
            optimizer.step()
            scheduler.step(losses[step])
            if progress is not None:
                progress.add(1)
        chosen: list[np.ndarray] = [None] * len(self._tasks)
        for group, one in zip(self._groups, logits, strict=True):
            hard = hard_pairing(one, random).cpu().numpy()
            for task, pairing in zip(group.tasks, hard, strict=True):
                chosen[task] = pairing if group.moves_a else pairing.T
        return losses, chosen

    def backward(
        self, logits: list[torch.Tensor], noise: float, random: np.random.Generator
    ) -> float:
        """Return the loss of one random pairing and mask; add its gradient to the logits'."""
        config = self._config
        rows = []
        for group, one in zip(self._groups, logits, strict=True):
            noisy = with_noise(one, noise, random)
            hard = hard_pairing(noisy, random)
            soft = soft_pairing(noisy, config.sinkhorn_rounds, config.temperature)
            rows.append(group.paired(straight_through(hard, soft)))
        alignment = torch.cat(rows)
        mask = np.zeros_like(self._maskable)
        while not mask.any():
            mask = (random.random(mask.shape) < config.mask_share) & self._maskable
        mask = torch.from_numpy(mask).to(self._device)
        seed = int(random.integers(2**32))
        while True:
            leaf = alignment.detach().requires_grad_()
            try:
                loss = 0.0
                for part, context in self._parts(np.random.default_rng(seed)):
                    loss += self._part(leaf, mask, part, context)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._spare_memory(error)
        alignment.backward(leaf.grad)
        return loss

    def _part(
        self, leaf: torch.Tensor, mask: torch.Tensor, part: np.ndarray, context: np.ndarray
    ) -> float:
        """Add the gradient of some rows' loss to the leaf's; return the loss's share of these."""
        total = int(mask.sum())
        chosen = torch.from_numpy(part).to(self._device)
        mask = mask[chosen]
        rows, columns = mask.nonzero(as_tuple=True)
        if not len(rows):
            return 0.0
        residues = leaf[chosen]
        seen = torch.where(mask[..., None], self._mask_token, residues)
        seen = torch.cat([self._settled[torch.from_numpy(context).to(self._device)], seen])
        logits = self._network(seen, rows + len(context), columns)
        loss = cross_entropy(logits, residues[rows, columns], reduction="sum") / total
        loss.backward()
        return loss.item()

    def _parts(self, random: np.random.Generator):
        """Yield (rows, settled rows) that go through the network together, int64 arrays each."""
        settled, depth = np.arange(len(self._settled)), sum(self._sizes)
        if depth + len(settled) <= self._most:
            yield np.arange(depth), settled
            return
        context = min(len(settled), self._most // 2)
        most = self._most - context
        starts = np.cumsum([0, *self._sizes])
        parts: list[list[int]] = [[]]
        for number in random.permutation(len(self._sizes)):
            rows = np.arange(starts[number], starts[number + 1])
            if len(rows) > most:
                rows = random.permutation(rows)
            for piece in np.array_split(rows, -(-len(rows) // most)):
                if len(parts[-1]) + len(piece) > most:
                    parts.append([])
                parts[-1] += piece.tolist()
        for part in parts:
            drawn = random.permutation(settled)[:context]
            yield np.sort(np.array(part, dtype=np.int64)), np.sort(drawn)

    def _spare_memory(self, error: BaseException) -> None:
        """Compute layers again instead of keeping them; if that is so already, halve the parts."""
        depth = self._depth()
        if not self._network.checkpointing:
            self._network.checkpointing = True
            log.warning("out of memory: computing layers again in the backward pass")
        elif depth >= 4:
            self._most = depth // 2
            log.warning("out of memory: halving the rows at once to %d", self._most)
        else:
            raise InputError(
                f"out of memory with {depth} rows of {self._maskable.shape[1]} columns: give "
                "shorter alignments, or use a device with more memory (--device cpu)"
            ) from error
