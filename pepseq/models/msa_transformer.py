"""The MSA Transformer (Rao et al. 2021): an alignment in, logits of masked residues out.

Built for gradients with respect to the alignment: weights are frozen, the head runs only where
logits are asked for, and each layer's activations may be computed again instead of kept. Outputs
equal fair-esm 2.0.0's within rounding.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from pepseq.errors import SettingsError
from pepseq.sequences.residues import AMINO_ACIDS

TOKENS = (
    *("<cls>", "<pad>", "<eos>", "<unk>"),
    *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
    *("<null_1>", "<mask>"),
)
"""The published network's alphabet, in its order."""
START, PAD, MASK = (TOKENS.index(token) for token in ("<cls>", "<pad>", "<mask>"))
TOKEN_OF_CODE = np.array([TOKENS.index(symbol) for symbol in AMINO_ACIDS + "-X"])
"""Token of each code of an alignment: the amino acids, a gap (20), an unknown residue (21)."""
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class _Attention(nn.Module):
    """Layer norm, projections and residual that both kinds of attention share."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """Return queries, keys and values together: (rows, columns, 3, heads, width / heads)."""
        normed = self.norm(x).to(self.qkv.weight.dtype)
        return self.qkv(normed).unflatten(-1, (3, self.heads, -1))


class RowAttention(_Attention):
    """Attention between columns with one map for all rows (tied)."""

    def forward(self, x: torch.Tensor, columns: torch.Tensor | None = None) -> torch.Tensor:
        """Return x, (rows, columns, width), attended to; of `columns` alone if given."""
        depth = len(x)
        q, k, v = (y.permute(2, 1, 0, 3).flatten(2) for y in self.project(x).unbind(2))
        if columns is not None:
            x, q = x[:, columns], q[:, columns]
        scale = (x.shape[-1] // self.heads * depth) ** -0.5
        weights = ((q * scale) @ k.mT).float().softmax(-1)
        mixed = (weights.to(v.dtype) @ v).unflatten(-1, (depth, -1))
        return x + self.out(mixed.permute(2, 1, 0, 3).flatten(2))


class ColumnAttention(_Attention):
    """Attention between the rows of each column."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (rows, columns, width), attended to."""
        qkv = self.project(x)
        if x.device.type == "cpu":
            mixed = checkpoint(_attend, qkv, use_reentrant=False, preserve_rng_state=False)
        else:
            mixed = _attend(qkv)
        return x + self.out(mixed)


def _attend(qkv: torch.Tensor) -> torch.Tensor:
    """Return what the rows of each column take from each other, (rows, columns, width).

    The fused kernel of CPUs is three times as fast in float32 as in bf16; so much wider, its inputs
    are worth making again in the backward pass.
    """
    wide = qkv.float() if qkv.device.type == "cpu" else qkv
    q, k, v = (part.permute(1, 2, 0, 3) for part in wide.unbind(2))
    mixed = functional.scaled_dot_product_attention(q, k, v)
    return mixed.permute(2, 0, 1, 3).flatten(2).to(qkv.dtype)


class FeedForward(nn.Module):
    """Two linear maps with a GELU between, at each position alone."""

    def __init__(self, width: int, ffn: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, ffn)
        self.down = nn.Linear(ffn, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (..., width), changed."""
        normed = self.norm(x).to(self.up.weight.dtype)
        return x + self.down(functional.gelu(self.up(normed)))


class Layer(nn.Module):
    """Row attention, column attention, feed-forward."""

    def __init__(self, width: int, heads: int, ffn: int):
        super().__init__()
        self.row = RowAttention(width, heads)
        self.column = ColumnAttention(width, heads)
        self.feed = FeedForward(width, ffn)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (rows, columns, width), changed."""
        return self.feed(self.column(self.row(x)))

    def at(self, x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return what `forward` gives at some positions, (positions, width), for less work."""
        needed, inverse = columns.unique(return_inverse=True)
        return self.feed(self.column(self.row(x, needed))[rows, inverse])


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

    layers, width, heads, ffn: its size. positions, depth: the most columns (the start token
    included) and rows. row_width: width of the rows' learned positions, 1 in the first release.
    `checkpointing`: compute each layer again in the backward pass; the same numbers for less
    memory and a third more work.
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
        self.tokens = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.columns = nn.Parameter(torch.randn(positions + PAD + 1, width) * 0.02)
        self.rows = nn.Parameter(torch.randn(1, depth, 1, row_width or width) * 0.01)
        self.before = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads, ffn) for _ in range(layers))
        self.after = nn.LayerNorm(width)
        self.head = Head(width, tokens)

    @property
    def most_rows(self) -> int:
        """The most rows it can take."""
        return self.rows.shape[1]

    @property
    def most_columns(self) -> int:
        """The most columns it can take, its own start column apart."""
        return len(self.columns) - PAD - 2

    def freeze(self, precision: str = "fp32") -> "MsaTransformer":
        """Make all weights constants, and those of the linear maps of `precision`; return self.

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

        `residues`: (depth, length, tokens), one-hot or mixed, without start column. `rows` and
        `columns`, int64 of shape (positions,), say where logits are wanted, and give shape
        (positions, tokens); without them it is (depth, length, tokens). Raises SettingsError for
        more rows or columns than the network has positions.
        """
        x = self._embed(residues)
        *first, last = self.layers
        for layer in first:
            x = self._run(layer, x)
        if rows is None or columns is None:
            return self.head(self.after(self._run(last, x)[:, 1:]), self.tokens)
        return self.head(self.after(self._run(last.at, x, rows, columns + 1)), self.tokens)

    def _run(self, function, *arguments: torch.Tensor) -> torch.Tensor:
        if self.checkpointing and torch.is_grad_enabled():
            return checkpoint(function, *arguments, use_reentrant=False, preserve_rng_state=False)
        return function(*arguments)

    def _embed(self, residues: torch.Tensor) -> torch.Tensor:
        depth, length, _ = residues.shape
        if depth > self.most_rows or length > self.most_columns:
            raise SettingsError(
                f"expected at most {self.most_rows} rows and {self.most_columns} columns, found "
                f"{depth} and {length}"
            )
        start = self.tokens[START].expand(depth, 1, -1)
        x = torch.cat([start, residues @ self.tokens], dim=1)
        x = x + self.columns[PAD + 1 : PAD + 2 + length] + self.rows[0, :depth]
        return self.before(x)
