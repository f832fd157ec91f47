"""The MSA Transformer (Rao et al. 2021): an alignment in, logits of masked residues out.

It is made for gradients with respect to the alignment: weights are frozen, logits are computed at
the requested positions only, and the activations of a layer can be recomputed in the backward pass
instead of stored. Outputs equal those of fair-esm 2.0.0 within rounding.
"""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from pepseq.errors import SettingsError
from pepseq.models.devices import DTYPES
from pepseq.models.msa_layers import Layer
from pepseq.sequences.residues import AMINO_ACIDS

TOKENS = (
    *("<cls>", "<pad>", "<eos>", "<unk>"),
    *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
    *("<null_1>", "<mask>"),
)
"""The alphabet of the published network, in its order."""
START, PAD, MASK = (TOKENS.index(token) for token in ("<cls>", "<pad>", "<mask>"))
TOKEN_OF_CODE = np.array([TOKENS.index(symbol) for symbol in AMINO_ACIDS + "-X"])
"""Token of each code of an alignment: the amino acids, a gap (20), an unknown residue (21)."""


class Head(nn.Module):
    """Logits of tokens; the last map's weights are the token embeddings."""

    def __init__(self, width: int, tokens: int):
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(tokens))

    def forward(self, x: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """Return float32 logits, (..., tokens)."""
        hidden = functional.gelu(self.dense(x.to(self.dense.weight.dtype)))
        return functional.linear(self.norm(hidden.float()), embeddings, self.bias)


class MsaTransformer(nn.Module):
    """The network: alignment rows as one-hot tokens in, logits out.

    layers, width, heads, ffn: sizes of the network.
    positions, depth: the most columns (the start token included) and rows.
    row_width: width of the rows' learned positions, 1 in the first release.
    checkpointing: recompute each layer in the backward pass instead of storing its activations:
        the same numbers with less memory and a third more time.
    """

    def __init__(
        self,
        layers: int = 12,
        width: int = 768,
        heads: int = 12,
        ffn: int = 3072,
        positions: int = 1024,
        depth: int = 1024,
        tokens: int = len(TOKENS),
        row_width: int | None = None,
    ):
        super().__init__()
        if heads < 1 or width % heads:
            raise SettingsError(f"width {width}: expected a multiple of the {heads} heads")
        self.checkpointing = False
        self.token_embeddings = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.column_positions = nn.Parameter(torch.randn(positions + PAD + 1, width) * 0.02)
        self.row_positions = nn.Parameter(torch.randn(1, depth, 1, row_width or width) * 0.01)
        self.first_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads, ffn) for _ in range(layers))
        self.last_norm = nn.LayerNorm(width)
        self.head = Head(width, tokens)

    @property
    def max_rows(self) -> int:
        """The most rows of an alignment."""
        return self.row_positions.shape[1]

    @property
    def max_columns(self) -> int:
        """The most columns of an alignment, without the start column."""
        return len(self.column_positions) - PAD - 2

    def freeze(self, precision: str = "fp32") -> "MsaTransformer":
        """Make all weights constant, convert linear maps to `precision`, and return the network.

        Layer norms, residuals, softmax and logits stay in float32.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.to(DTYPES[precision])
        return self.requires_grad_(False).eval()

    def forward(
        self,
        residues: torch.Tensor,
        rows: torch.Tensor | None = None,
        columns: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return float32 logits over the tokens.

        `residues`: (depth, length, tokens), one-hot or mixed, without start column. With `rows` and
        `columns`, both int64 (positions,), logits are computed at these positions and have shape
        (positions, tokens); without them, (depth, length, tokens). Raises SettingsError for more
        rows or columns than the network has positions.
        """
        x = self._embed(residues)
        *first, last = cast(list[Layer], list(self.layers))
        for layer in first:
            x = self._run(layer, x)
        if rows is None or columns is None:
            states = self._run(last, x)[1:].transpose(0, 1)
        else:
            states = self._run(last.forward_at, x, rows, columns + 1)  # 1: the start column
        return self.head(self.last_norm(states), self.token_embeddings)

    def _run(self, function: Callable[..., torch.Tensor], *arguments: torch.Tensor) -> torch.Tensor:
        if self.checkpointing and torch.is_grad_enabled():
            return checkpoint(function, *arguments, use_reentrant=False, preserve_rng_state=False)
        return function(*arguments)

    def _embed(self, residues: torch.Tensor) -> torch.Tensor:
        depth, length, _ = residues.shape
        if depth > self.max_rows or length > self.max_columns:
            raise SettingsError(
                f"expected at most {self.max_rows} rows and {self.max_columns} columns, found "
                f"{depth} and {length}"
            )
        start = self.token_embeddings[START].expand(1, depth, -1)
        x = torch.cat([start, residues.transpose(0, 1) @ self.token_embeddings])
        x = (
            x
            + self.column_positions[PAD + 1 : PAD + 2 + length, None]
            + self.row_positions[0, :depth, 0]
        )
        return self.first_norm(x)
