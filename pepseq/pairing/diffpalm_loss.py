"""The loss of DiffPALM: how well the MSA Transformer predicts hidden residues of an alignment.

A deep alignment is computed in parts, and where memory runs out, with less of it.
"""

import logging
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

from pepseq.errors import InputError
from pepseq.models.devices import is_out_of_memory
from pepseq.models.msa_transformer import MASK, TOKENS, MsaTransformer

log = logging.getLogger(__name__)
MAX_RESIDUES_KEPT_ON_CPU = 12_000
"""Residues up to which a CPU keeps the results of each layer, in about 0.7 MB each (fp32).

Above it layers are computed again: a machine whose memory is full kills a run without a message.
"""


class HiddenResidueLoss:
    """The network, settled pairs as its context, and the most rows that fit into memory.

    `settled`: one-hot rows (pairs, length, tokens), which are never hidden. `species_sizes`: rows
    of each species in the alignment, in its order.
    """

    def __init__(
        self,
        network: MsaTransformer,
        settled: torch.Tensor,
        species_sizes: list[int],
        max_depth: int,
    ):
        self._network, self._settled, self._species_sizes = network, settled, species_sizes
        self._max_rows = min(max_depth, network.max_rows)
        self._mask_token = one_hot(torch.tensor(MASK), len(TOKENS)).float().to(settled.device)
        residues = self._rows_at_once() * settled.shape[1]
        if settled.device.type == "cpu" and residues > MAX_RESIDUES_KEPT_ON_CPU:
            network.checkpointing = True

    def backward(
        self, alignment: torch.Tensor, mask: torch.Tensor, random: np.random.Generator
    ) -> float:
        """Return the mean loss over hidden residues; add its gradient to the alignment's sources.

        `alignment`: rows (depth, length, tokens), one-hot or mixed; `mask`, bool (depth, length):
        the residues to hide, one at least. `random` deals the rows into parts.
        """
        seed = int(random.integers(2**32))
        while True:
            leaf = alignment.detach().requires_grad_()
            try:
                loss = 0.0
                for rows, context in self._deal_into_parts(np.random.default_rng(seed)):
                    loss += self._backward_of_part(leaf, mask, rows, context)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._use_less_memory(error)
        alignment.backward(leaf.grad)
        return loss

    def _backward_of_part(
        self, leaf: torch.Tensor, mask: torch.Tensor, rows: np.ndarray, context: np.ndarray
    ) -> float:
        """Add the gradient of the loss of some rows to the leaf's; return their share of the loss.

        `context` are the settled rows that the network sees with them.
        """
        hidden_residues = int(mask.sum())
        chosen = torch.from_numpy(rows).to(leaf.device)
        part_mask, residues = mask[chosen], leaf[chosen]
        at_rows, at_columns = part_mask.nonzero(as_tuple=True)
        if not len(at_rows):
            return 0.0
        seen = torch.where(part_mask[..., None], self._mask_token, residues)
        seen = torch.cat([self._settled[torch.from_numpy(context).to(leaf.device)], seen])
        logits = self._network(seen, at_rows + len(context), at_columns)
        summed = cross_entropy(logits, residues[at_rows, at_columns], reduction="sum")
        loss = summed / hidden_residues
        loss.backward()
        return loss.item()

    def _deal_into_parts(
        self, random: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, settled rows) that go through the network together, int64 arrays each."""
        settled, depth = np.arange(len(self._settled)), sum(self._species_sizes)
        if depth + len(settled) <= self._max_rows:
            yield np.arange(depth), settled
            return
        context = min(len(settled), self._max_rows // 2)
        max_rows = self._max_rows - context
        bounds = list(pairwise(np.cumsum([0, *self._species_sizes])))
        parts: list[list[int]] = [[]]
        for number in random.permutation(len(bounds)):
            rows = np.arange(*bounds[number])
            if len(rows) > max_rows:
                rows = random.permutation(rows)
            for piece in np.array_split(rows, -(-len(rows) // max_rows)):
                if len(parts[-1]) + len(piece) > max_rows:
                    parts.append([])
                parts[-1] += piece.tolist()
        for part in parts:
            drawn = random.permutation(settled)[:context]
            yield np.sort(np.array(part, dtype=np.int64)), np.sort(drawn)

    def _rows_at_once(self) -> int:
        return min(self._max_rows, sum(self._species_sizes) + len(self._settled))

    def _use_less_memory(self, error: BaseException) -> None:
        """Compute layers again instead of keeping them; if that is so already, halve the parts."""
        rows = self._rows_at_once()
        if not self._network.checkpointing:
            self._network.checkpointing = True
            log.warning("out of memory: computing layers again in the backward pass")
        elif rows >= 4:
            self._max_rows = rows // 2
            log.warning("out of memory: halving the rows at once to %d", self._max_rows)
        else:
            raise InputError(
                f"out of memory with {rows} rows of {self._settled.shape[1]} columns: give "
                "shorter alignments, or use a device with more memory (--device cpu)"
            ) from error
