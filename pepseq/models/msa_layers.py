"""Layers of the MSA Transformer, with gradients for the alignment alone: weights are constant.

x has shape (columns, rows, width): columns of the alignment first.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

POSITIONS_PER_PART = 2048
"""Positions (columns x rows) that a CPU computes at once, so that they stay in its caches."""


def _map_parts(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Return function(x); on a CPU, part by part along the first dimension.

    `function` must treat each x[i] independently. Parts of x are faster on a CPU because small
    tensors reuse memory, while each large tensor is allocated by the system.
    """
    size = max(1, POSITIONS_PER_PART // x[0, ..., 0].numel()) if x.device.type == "cpu" else len(x)
    if len(x) <= size:
        return function(x)
    return torch.cat([function(part) for part in x.split(size)])


class _FrozenLayerNorm(torch.autograd.Function):
    """Layer norm of float32 input, with output and stored activations in another type.

    torch would store the float32 input x, (..., width). Stored here are the normalised values
    (x - mean) / deviation in `dtype`, and 1 / deviation, (..., 1). Weight and bias are constants
    without gradients.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, eps, dtype):
        normed, _, inverse_deviation = torch.native_layer_norm(x, x.shape[-1:], None, None, eps)
        ctx.save_for_backward(normed.to(dtype), inverse_deviation, weight)
        return torch.addcmul(bias, normed, weight).to(dtype)

    @staticmethod
    def backward(ctx, gradient):
        normed, inverse_deviation, weight = ctx.saved_tensors
        # torch's backward pass for an input that has mean 0 and deviation 1 already; by the chain
        # rule, the gradient with respect to x is that result divided by x's deviation.
        zero_mean = torch.zeros_like(inverse_deviation)
        unit_deviation = torch.ones_like(inverse_deviation)
        to_normed, _, _ = torch.ops.aten.native_layer_norm_backward(
            gradient.float(),
            normed.float(),
            normed.shape[-1:],
            zero_mean,
            unit_deviation,
            weight,
            None,
            [True, False, False],  # the input's gradient alone
        )
        return to_normed * inverse_deviation, None, None, None, None


def _layer_norm(norm: nn.LayerNorm, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return x after layer norm, in the type of the linear map that follows."""
    if norm.weight.requires_grad or dtype == torch.float32:
        return norm(x).to(dtype)
    return _FrozenLayerNorm.apply(x, norm.weight, norm.bias, norm.eps, dtype)


class _Attention(nn.Module):
    """Layer norm and projections of both kinds of attention."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """Return queries, keys and values together: (columns, rows, 3, heads, width / heads)."""
        normed = _layer_norm(self.norm, x, self.qkv.weight.dtype)
        return self.qkv(normed).unflatten(-1, (3, self.heads, -1))


class RowAttention(_Attention):
    """Attention between columns, with one attention map for all rows (tied)."""

    def forward(self, x: torch.Tensor, columns: torch.Tensor | None = None) -> torch.Tensor:
        """Return x, (columns, rows, width), plus its attention; of `columns` alone if given."""
        depth = x.shape[1]
        # q, k, v: (heads, columns, rows * width / heads). A product over the last dimension sums
        # over the rows, which ties their maps; weights: (heads, columns, columns).
        qkv = _map_parts(lambda part: self.project(part).permute(0, 2, 3, 1, 4), x)
        q, k, v = (y.transpose(0, 1).flatten(2) for y in qkv.unbind(1))
        if columns is not None:
            x, q = x[columns], q[:, columns]
        scale = (x.shape[-1] // self.heads * depth) ** -0.5
        weights = ((q @ k.mT).float() * scale).softmax(-1)
        mixed = (weights.to(v.dtype) @ v).unflatten(-1, (depth, -1)).permute(1, 2, 0, 3)
        return x + _map_parts(lambda part: self.out(part.flatten(2)), mixed)


class ColumnAttention(_Attention):
    """Attention between the rows of each column."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (columns, rows, width), plus its attention."""
        qkv = self.project(x)
        mixed = (
            _RecomputedAttention.apply(qkv)
            if x.device.type == "cpu"
            else _attend_within_columns(qkv)
        )
        return x + self.out(mixed)


class _RecomputedAttention(torch.autograd.Function):
    """`_attend_within_columns` that stores its input, and recomputes the rest for the gradient."""

    @staticmethod
    def forward(ctx, qkv):
        ctx.save_for_backward(qkv)
        return _attend_within_columns(qkv)

    @staticmethod
    def backward(ctx, gradient):
        qkv = ctx.saved_tensors[0].detach().requires_grad_()
        with torch.enable_grad():
            mixed = _attend_within_columns(qkv)
        return torch.autograd.grad(mixed, qkv, gradient)[0]


def _attend_within_columns(qkv: torch.Tensor) -> torch.Tensor:
    """Return the mixed values of the rows of each column, (columns, rows, width).

    `qkv`: (columns, rows, 3, heads, width / heads). The fused kernel of CPUs is three times as fast
    in float32 as in bf16. Its float32 inputs take twice the memory of `qkv`, so that on a CPU they
    are recomputed in the backward pass, see `_RecomputedAttention`.
    """
    wide = qkv.float() if qkv.device.type == "cpu" else qkv
    q, k, v = (part.transpose(1, 2) for part in wide.unbind(2))
    mixed = functional.scaled_dot_product_attention(q, k, v)
    return mixed.transpose(1, 2).flatten(2).to(qkv.dtype)


class FeedForward(nn.Module):
    """Two linear maps with a GELU between, independently at each position."""

    def __init__(self, width: int, ffn: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, ffn)
        self.down = nn.Linear(ffn, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (..., width), plus the output of the two maps."""
        normed = _layer_norm(self.norm, x, self.up.weight.dtype)
        return x + self.down(functional.gelu(self.up(normed)))


class Layer(nn.Module):
    """Row attention, column attention, feed-forward."""

    def __init__(self, width: int, heads: int, ffn: int):
        super().__init__()
        self.row = RowAttention(width, heads)
        self.column = ColumnAttention(width, heads)
        self.feed = FeedForward(width, ffn)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (columns, rows, width), after the layer."""
        return _map_parts(lambda part: self.feed(self.column(part)), self.row(x))

    def forward_at(
        self, x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
    ) -> torch.Tensor:
        """Return the output of `forward` at some positions, (positions, width).

        Row attention is computed for the columns of these positions alone, and the feed-forward
        maps for the positions alone.
        """
        needed, inverse = columns.unique(return_inverse=True)
        attended = _map_parts(self.column, self.row(x, needed))
        return _map_parts(self.feed, attended[inverse, rows])
