"""The published MSA Transformer (fair-esm 2.0.0) with random weights, to compare with."""

import warnings
from argparse import Namespace

import esm
import torch
from esm.pretrained import load_model_and_alphabet_core

NAME = "esm_msa1b_t12_100M_UR50S"


def checkpoint(layers=2, width=32, heads=4, ffn=48, positions=64, seed=0):
    """Return what a published `.pt` holds: settings, and weights under the stored names.

    Stored, names begin with `encoder.` and say row for column; weights are large enough for
    attention to matter.
    """
    settings = Namespace(
        arch="msa_transformer",
        encoder_layers=layers,
        encoder_embed_dim=width,
        encoder_ffn_embed_dim=ffn,
        encoder_attention_heads=heads,
        max_positions=positions,
        max_tokens=2**14,
        embed_positions_msa=True,
        embed_positions_msa_dim=width,
        **dict.fromkeys(("dropout", "attention_dropout", "activation_dropout"), 0.1),
    )
    own = {name.removeprefix("encoder_"): value for name, value in vars(settings).items()}
    torch.manual_seed(seed)
    module = esm.MSATransformer(Namespace(**own), alphabet())
    other = {"row": "column", "column": "row"}
    stored = {}
    for name, tensor in module.state_dict().items():
        scale = 0.5 if tensor.dim() == 1 else 4 / tensor.shape[-1] ** 0.5
        offset = 1 if name.endswith("norm.weight") else 0
        tensor = offset + torch.randn_like(tensor) * scale * (0.2 if offset else 1)
        if name.startswith("contact_head"):
            continue
        place = "encoder." if name.startswith("lm_head") else "encoder.sentence_encoder."
        axis = name.split("_self")[0].rpartition(".")[2]
        stored[place + name.replace(axis, other.get(axis, axis))] = tensor
    stored["encoder.lm_head.weight"] = stored["encoder.sentence_encoder.embed_tokens.weight"]
    return {"args": settings, "model": stored}


def alphabet():
    return esm.Alphabet.from_architecture("msa_transformer")


def module_of(data):
    """Load a checkpoint as fair-esm does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module, _ = load_model_and_alphabet_core(NAME, data)
    return module.eval()


class _Mixed(torch.nn.Module):
    def __init__(self, weight, residues):
        super().__init__()
        self.weight, self._residues = weight, residues

    def forward(self, tokens):
        start = torch.nn.functional.one_hot(tokens[..., :1], self.weight.shape[0]).float()
        return torch.cat([start, self._residues[None]], dim=2) @ self.weight


def logits_of(module, residues):
    """Return the published logits, (depth, length, tokens), of one-hot or mixed residues.

    The embedding is one_hot @ table, as in DiffPALM's fork of fair-esm.
    """
    embedding = module.embed_tokens
    tokens = torch.full((1, residues.shape[0], residues.shape[1] + 1), alphabet().cls_idx)
    tokens[..., 1:] = residues.detach().argmax(-1)
    module.embed_tokens = _Mixed(embedding.weight, residues)
    try:
        return module(tokens)["logits"][0, :, 1:]
    finally:
        module.embed_tokens = embedding
