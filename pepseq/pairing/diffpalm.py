"""DiffPALM: the pairing under which a protein language model explains the alignment best.

Lupo, Sgarbossa and Bitbol (PNAS 2024): logits of pairs in each species become a pairing; rows of
one family, permuted by it, stand beside the rows of the other; the MSA Transformer predicts hidden
residues of the permuted family, and the gradient of its loss changes the logits.

Where a species has more proteins of one family, that one is permuted and hidden (family A where
both have as many), and rows without a partner are left out of the alignment at that step, see
`sinkhorn`. Settled pairs are rows on top that are never hidden.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import one_hot

from pepseq.errors import InputError
from pepseq.io.progress import Progress
from pepseq.models.devices import pick_device, pick_precision
from pepseq.models.msa_transformer import TOKEN_OF_CODE, TOKENS, MsaTransformer
from pepseq.pairing.canonical_order import Task, frequencies_of, tasks_of
from pepseq.pairing.config import DiffPalmConfig
from pepseq.pairing.diffpalm_loss import HiddenResidueLoss
from pepseq.pairing.method_interface import Families, MethodResult
from pepseq.pairing.sinkhorn import hard_pairing, soft_pairing, straight_through, with_noise


def diffpalm(
    families: Families,
    config: DiffPalmConfig,
    network: MsaTransformer,
    progress: Progress | None = None,
) -> MethodResult:
    """Pair two families; `losses` are mean cross-entropies of hidden residues in nats.

    Each of `config.runs` runs starts from logits of 0 with random numbers of its own; the pairing
    that its last logits favour counts. `network` is frozen, moved to the device and cast to the
    precision, in place. `progress` counts steps. The result depends on sequences, known pairs and
    settings alone: not on the order of rows or species, nor on names.

    An alignment deeper than `config.max_depth` goes through the network in parts: at each step
    whole species are dealt at random into parts, a species that exceeds a part is cut at random,
    settled pairs take at most half of a part and are drawn at random if they are more, and the
    loss is the mean over all hidden residues. Where memory runs out, layers are computed again
    instead of kept (above MAX_RESIDUES_KEPT_ON_CPU from the start), then parts are halved.

    Raises InputError for alignments with more columns than the network takes, for a loss that is
    not a number (before the logits change), and where memory does not suffice for two rows;
    SettingsError for a device that is not there.
    """
    length_a, length_b = families.codes_a.shape[1], families.codes_b.shape[1]
    if length_a + length_b > network.max_columns:
        raise InputError(
            f"the paired alignment: expected at most {network.max_columns} columns, which is what "
            f"the network takes, found {length_a} + {length_b}"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    device = pick_device(config.device)
    precision = pick_precision(config.precision, device)
    network.freeze("bf16" if precision == "bf16" else "fp32").to(device)
    tasks, settled = tasks_of(families)
    if not tasks:
        return MethodResult(frequencies_of(families, [], []), np.zeros((config.runs, 0)))
    alignment = _PairedAlignment(tasks, device)
    loss = HiddenResidueLoss(
        network, _one_hot(settled, device), alignment.species_sizes, config.max_depth
    )
    counts = [np.zeros((len(task.a), len(task.b))) for task in tasks]
    losses = np.zeros((config.runs, config.steps))
    for number in range(config.runs):
        run = _Run(alignment, loss, config, number)
        for step in range(config.steps):
            losses[number, step] = run.step(step)
            if progress is not None:
                progress.add(1)
        for count, pairing in zip(counts, run.favoured_pairings(), strict=True):
            count += pairing
    shares = [count / config.runs for count in counts]
    return MethodResult(frequencies_of(families, tasks, shares), losses)


def _one_hot(codes: np.ndarray, device: torch.device) -> torch.Tensor:
    return one_hot(torch.from_numpy(TOKEN_OF_CODE[codes]), len(TOKENS)).float().to(device)


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

    @property
    def logits_shape(self) -> tuple[int, int, int]:
        """Numbers of tasks, of proteins of the larger family, and of the smaller one."""
        return len(self.tasks), self.moved.shape[1], self.fixed.shape[1]

    def rows_paired_by(self, pairing: torch.Tensor) -> torch.Tensor:
        """Return rows (tasks x smaller, length, tokens), the moved ones as `pairing` has them."""
        moved = (pairing.mT @ self.moved.flatten(2)).unflatten(2, self.moved.shape[2:])
        sides = (moved, self.fixed) if self.moves_a else (self.fixed, moved)
        return torch.cat(sides, dim=2).flatten(0, 1)


class _PairedAlignment:
    """The tasks in groups of one shape, whose rows make the alignment in this order.

    `species_sizes`: rows of each task in the alignment. `maskable`, bool (depth, length): the
    residues of permuted rows, which may be hidden.
    """

    def __init__(self, tasks: list[Task], device: torch.device):
        self.device, self.number_of_tasks = device, len(tasks)
        shapes = sorted({(len(task.a), len(task.b)) for task in tasks})
        self.groups = [self._group(tasks, shape) for shape in shapes]
        self.species_sizes = [g.logits_shape[2] for g in self.groups for _ in g.tasks]
        is_a = np.repeat([True, False], [tasks[0].codes_a.shape[1], tasks[0].codes_b.shape[1]])
        moves_a = np.repeat([g.moves_a for g in self.groups for _ in g.tasks], self.species_sizes)
        self.maskable = moves_a[:, None] == is_a

    def _group(self, tasks: list[Task], shape: tuple[int, int]) -> _Group:
        numbers = [n for n, task in enumerate(tasks) if (len(task.a), len(task.b)) == shape]
        a = _one_hot(np.stack([tasks[number].codes_a for number in numbers]), self.device)
        b = _one_hot(np.stack([tasks[number].codes_b for number in numbers]), self.device)
        moves_a = shape[0] >= shape[1]
        return _Group(tuple(numbers), moves_a, *((a, b) if moves_a else (b, a)))

    def draw_mask(self, share: float, random: np.random.Generator) -> torch.Tensor:
        """Return a random `share` of the maskable residues, at least one of them."""
        mask = np.zeros_like(self.maskable)
        while not mask.any():
            mask = (random.random(mask.shape) < share) & self.maskable
        return torch.from_numpy(mask).to(self.device)


class _Run:
    """One run of the optimiser: logits of all pairs, from 0, and random numbers of its own."""

    def __init__(
        self,
        alignment: _PairedAlignment,
        loss: HiddenResidueLoss,
        config: DiffPalmConfig,
        number: int,
    ):
        self._alignment, self._loss, self._config, self._number = alignment, loss, config, number
        self._random = np.random.default_rng([config.seed, number])
        self._logits = [
            torch.zeros(group.logits_shape, device=alignment.device, requires_grad=True)
            for group in alignment.groups
        ]
        self._optimizer = torch.optim.Adadelta(
            self._logits, lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self._scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self._optimizer, factor=config.factor, patience=config.patience
        )

    def step(self, number: int) -> float:
        """Make one step of the optimiser; return its loss.

        InputError for a loss or gradients that are not finite, before the logits change.
        """
        self._optimizer.zero_grad()
        with torch.no_grad():
            for logits in self._logits:
                logits -= logits.mean(dim=(-2, -1), keepdim=True)
        loss = self._backward()
        has_finite_gradients = all(
            logits.grad is not None and logits.grad.isfinite().all() for logits in self._logits
        )
        if not np.isfinite(loss) or not has_finite_gradients:
            raise InputError(
                f"run {self._number + 1}, step {number + 1}: expected a finite loss, found "
                f"{loss:g}{'' if has_finite_gradients else ' with gradients that are not finite'}"
            )
        self._optimizer.step()
        self._scheduler.step(loss)
        return loss

    def _backward(self) -> float:
        """Return the loss of one random pairing and mask; add its gradient to the logits'."""
        config, random = self._config, self._random
        cooling = self._optimizer.param_groups[0]["lr"] / config.learning_rate
        rows = []
        for group, logits in zip(self._alignment.groups, self._logits, strict=True):
            noisy = with_noise(logits, config.noise * cooling, random)
            hard = hard_pairing(noisy, random)
            soft = soft_pairing(noisy, config.sinkhorn_rounds, config.temperature)
            rows.append(group.rows_paired_by(straight_through(hard, soft)))
        mask = self._alignment.draw_mask(config.mask_share, random)
        return self._loss.backward(torch.cat(rows), mask, random)

    def favoured_pairings(self) -> list[np.ndarray]:
        """Return the pairing of each task that the logits favour, 0 and 1, (A, B)."""
        pairings: dict[int, np.ndarray] = {}
        for group, logits in zip(self._alignment.groups, self._logits, strict=True):
            hard = hard_pairing(logits, self._random).cpu().numpy()
            pairings |= zip(
                group.tasks, hard if group.moves_a else hard.swapaxes(1, 2), strict=True
            )
        return [pairings[number] for number in range(self._alignment.number_of_tasks)]
