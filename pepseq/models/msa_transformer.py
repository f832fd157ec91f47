"""The MSA Transformer (Rao et al. 2021): an alignment in, logits of masked residues out.

Built for gradients with respect to the alignment: weights are frozen, the head runs only where
logits are asked for, and each layer's activations may be computed again instead of kept. Outputs
equal fair-esm 2.0.0's within rounding.
"""

from collections.abc import Callable

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


PART = 2048
"""Positions of the alignment that a CPU works on at once, so that they stay in its caches."""


def _in_parts(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Return function(x), which treats each x[i] alone; on a CPU of some at a time.

    Small tensors are taken from memory that was used before; each large one is asked for anew.
    """
    size = max(1, PART // x[0, ..., 0].numel()) if x.device.type == "cpu" else len(x)
    if len(x) <= size:
        return function(x)
    return torch.cat([function(part) for part in x.split(size)])


class _Normalise(torch.autograd.Function):
    """Layer norm of float32 to another type, which keeps what it made in that type, not its input.

    For constant weights: they get no gradient.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, eps, dtype):
        normed, _, spread = torch.native_layer_norm(x, x.shape[-1:], None, None, eps)
        ctx.save_for_backward(normed.to(dtype), spread, weight)
        return torch.addcmul(bias, normed, weight).to(dtype)

    @staticmethod
    def backward(ctx, gradient):
        normed, spread, weight = ctx.saved_tensors
        no_mean, one = torch.zeros_like(spread), torch.ones_like(spread)
        inner, _, _ = torch.ops.aten.native_layer_norm_backward(
            gradient.float(),
            normed.float(),
            normed.shape[-1:],
            no_mean,
            one,
            weight,
            None,
            [True, False, False],
        )
        return inner * spread, None, None, None, None


def _normed(norm: nn.LayerNorm, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return x after layer norm, as the type of the linear map that follows."""
    if norm.weight.requires_grad or dtype == torch.float32:
        return norm(x).to(dtype)
    return _Normalise.apply(x, norm.weight, norm.bias, norm.eps, dtype)


class _Attention(nn.Module):
    """Layer norm, projections and residual that both kinds of attention share."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """Return queries, keys and values together: (columns, rows, 3, heads, width / heads)."""
        normed = _normed(self.norm, x, self.qkv.weight.dtype)
        return self.qkv(normed).unflatten(-1, (3, self.heads, -1))


class RowAttention(_Attention):
    """Attention between columns with one map for all rows (tied)."""

    def forward(self, x: torch.Tensor, columns: torch.Tensor | None = None) -> torch.Tensor:
        """Return x, (columns, rows, width), attended to; of `columns` alone if given."""
        depth = x.shape[1]
        qkv = _in_parts(lambda part: self.project(part).permute(0, 2, 3, 1, 4), x)
        q, k, v = (y.transpose(0, 1).flatten(2) for y in qkv.unbind(1))
        if columns is not None:
            x, q = x[columns], q[:, columns]
        scale = (x.shape[-1] // self.heads * depth) ** -0.5
        weights = ((q @ k.mT).float() * scale).softmax(-1)
        mixed = (weights.to(v.dtype) @ v).unflatten(-1, (depth, -1)).permute(1, 2, 0, 3)
        return x + _in_parts(lambda part: self.out(part.flatten(2)), mixed)


class ColumnAttention(_Attention):
    """Attention between the rows of each column."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (columns, rows, width), attended to."""
        qkv = self.project(x)
        mixed = _AttendAgain.apply(qkv) if x.device.type == "cpu" else _attend(qkv)
        return x + self.out(mixed)


class _AttendAgain(torch.autograd.Function):
    """`_attend`, computed again in the backward pass from what it had."""

    @staticmethod
    def forward(ctx, qkv):
        ctx.save_for_backward(qkv)
        return _attend(qkv)

    @staticmethod
    def backward(ctx, gradient):
        qkv = ctx.saved_tensors[0].detach().requires_grad_()
        with torch.enable_grad():
            mixed = _attend(qkv)
        return torch.autograd.grad(mixed, qkv, gradient)[0]


def _attend(qkv: torch.Tensor) -> torch.Tensor:
    """Return what the rows of each column take from each other, (columns, rows, width).

    The fused kernel of CPUs is three times as fast in float32 as in bf16; so much wider, its inputs
    are worth making again in the backward pass.
    """
    wide = qkv.float() if qkv.device.type == "cpu" else qkv
    q, k, v = (part.transpose(1, 2) for part in wide.unbind(2))
    mixed = functional.scaled_dot_product_attention(q, k, v)
    return mixed.transpose(1, 2).flatten(2).to(qkv.dtype)


class FeedForward(nn.Module):
    """Two linear maps with a GELU between, at each position alone."""

    def __init__(self, width: int, ffn: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, ffn)
        self.down = nn.Linear(ffn, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (..., width), changed."""
        normed = _normed(self.norm, x, self.up.weight.dtype)
        return x + self.down(functional.gelu(self.up(normed)))


class Layer(nn.Module):
    """Row attention, column attention, feed-forward."""

    def __init__(self, width: int, heads: int, ffn: int):
        super().__init__()
        self.row = RowAttention(width, heads)
        self.column = ColumnAttention(width, heads)
        self.feed = FeedForward(width, ffn)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (columns, rows, width), changed."""
        return _in_parts(lambda part: self.feed(self.column(part)), self.row(x))

    def at(self, x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return what `forward` gives at some positions, (positions, width), for less work."""
        needed, inverse = columns.unique(return_inverse=True)
        attended = _in_parts(self.column, self.row(x, needed))
        return _in_parts(self.feed, attended[inverse, rows])


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
    def max_rows(self) -> int:
        """The most rows it can take."""
        return self.rows.shape[1]

    @property
    def max_columns(self) -> int:
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
            return self.head(self.after(self._run(last, x)[1:].transpose(0, 1)), self.tokens)
        return self.head(self.after(self._run(last.at, x, rows, columns + 1)), self.tokens)

    def _run(self, function, *arguments: torch.Tensor) -> torch.Tensor:
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
        start = self.tokens[START].expand(1, depth, -1)
        x = torch.cat([start, residues.transpose(0, 1) @ self.tokens])
        x = x + self.columns[PAD + 1 : PAD + 2 + length, None] + self.rows[0, :depth, 0]
        return self.before(x)
