"""Linear layers in 8-bit integers for CPUs, each token scaled by its own largest activation.

Products of integers are exact, so the result of a row does not depend on its batch.
"""

import torch
from torch import nn
from transformers import PreTrainedModel


class Int8Linear(nn.Module):
    """`nn.Linear` with weights rounded to int8 per output and activations per token."""

    weight: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor

    def __init__(self, linear: nn.Linear):
        super().__init__()
        weight = linear.weight.detach()
        scale = weight.abs().amax(1).clamp_min(1e-12) / 127
        rounded = (weight / scale[:, None]).round().to(torch.int8)
        self.register_buffer("weight", rounded.t().contiguous())
        self.register_buffer("scale", scale)
        self.register_buffer("bias", linear.bias.detach().clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x @ weight.T + bias, float32, shape (..., outputs)."""
        rows = x.reshape(-1, x.shape[-1])
        scale = rows.abs().amax(1, keepdim=True).clamp_min_(1e-12).div_(127)
        product = torch._int_mm((rows / scale).round_().to(torch.int8), self.weight)
        result = torch.addcmul(self.bias, product.float().mul_(scale), self.scale)
        return result.view(*x.shape[:-1], -1)


def quantize(network: PreTrainedModel) -> None:
    """Replace, in place, every linear layer but the last projection to the vocabulary."""
    last = network.get_output_embeddings()
    for name, child in list(network.named_modules()):
        if isinstance(child, nn.Linear) and child is not last and child.bias is not None:
            parent, _, attribute = name.rpartition(".")
            setattr(network.get_submodule(parent), attribute, Int8Linear(child))
