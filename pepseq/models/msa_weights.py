"""Weights of the MSA Transformer from a file, with the tensor names of either published form."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from pepseq.errors import InputError, SettingsError
from pepseq.io.json_files import decode_json
from pepseq.models.conversion import read_pickled_weights
from pepseq.models.msa_transformer import PAD, TOKENS, MsaTransformer

_UNUSED = ("lm_head.weight", "contact_head.")
"""The tied token embeddings, which are stored twice, and the head that predicts contacts."""
_HEAD_WIDTH = 64
_AXIS = re.compile("row|column")
_OTHER_AXIS = {"row": "column", "column": "row"}


def load_msa_transformer(path: str | Path) -> MsaTransformer:
    """Return the network with the weights of a `.safetensors` or `.pt` file, or of a folder.

    A folder holds `model.safetensors`. Tensors are named as in the published checkpoint or as in
    fair-esm's module. The number of heads is in the checkpoint's settings (`args` of a `.pt`, or of
    the metadata `pepseq` of a converted file); without settings, heads are 64 wide. A `.pt` is read
    as data only. Raises InputError for a file that is missing, damaged, or not an MSA Transformer.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected weights of the MSA Transformer")
    state, settings = (
        read_pickled_weights(path) if path.suffix == ".pt" else _read_safetensors(path)
    )
    heads = settings.get("encoder_attention_heads", settings.get("attention_heads"))
    return network_from_tensors(state, str(path), heads)


def network_from_tensors(
    state: Mapping[str, object], source: str, heads: int | str | None = None
) -> MsaTransformer:
    """Return the network of a state dict; its sizes are those of the tensors.

    `source` names the weights in messages. `heads`: attention heads, None for heads 64 wide.
    Raises InputError for missing, unexpected, wrongly shaped or non-finite tensors.
    """
    ours = _renamed(state, source)
    try:
        tokens, width = ours["token_embeddings"].shape
        heads = width // _HEAD_WIDTH if heads is None else int(heads)
        network = MsaTransformer(
            layers=sum(name.endswith(".feed.norm.weight") for name in ours),
            width=width,
            heads=heads,
            ffn=len(ours["layers.0.feed.up.weight"]),
            positions=len(ours["column_positions"]) - PAD - 1,
            depth=ours["row_positions"].shape[1],
            row_width=ours["row_positions"].shape[3],
        )
    except (KeyError, ValueError, IndexError, TypeError, SettingsError) as error:
        raise InputError(
            f"{source}: expected the MSA Transformer's tensors, found others: {error}"
        ) from error
    expected = network.state_dict()
    wrong = sorted(set(expected) ^ set(ours))
    wrong += [n for n in expected if n in ours and expected[n].shape != ours[n].shape]
    if wrong or tokens != len(TOKENS):
        raise InputError(
            f"{source}: expected the MSA Transformer's tensors with {len(TOKENS)} tokens, found "
            f"{tokens} tokens and missing, unknown or misshapen {', '.join(wrong[:3]) or 'none'}"
        )
    for name, tensor in ours.items():
        if not tensor.isfinite().all():
            raise InputError(f"{source}: expected finite weights, found others in {name}")
    network.load_state_dict(ours)
    return network


def _renamed(state: Mapping[str, object], source: str) -> dict[str, torch.Tensor]:
    """Return the tensors as float32 with the names of `MsaTransformer`.

    The query, key and value projections of an attention are joined. The published checkpoint has
    the prefix `encoder.` or `encoder.sentence_encoder.`, and swaps the names of row and column
    attention.
    """
    stored = any("encoder." in name for name in state)
    tensors = {}
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"{source}: expected tensors alone, found something else at {name}")
        if stored:
            name = _AXIS.sub(lambda axis: _OTHER_AXIS[axis[0]], name.split("encoder.")[-1])
        tensors[name] = tensor.float()
    tied = tensors.get("lm_head.weight")
    if tied is not None and not torch.equal(tied, tensors.get("embed_tokens.weight", tied)):
        raise InputError(f"{source}: expected a head tied to the token embeddings, found another")
    ours = {}
    for name, tensor in tensors.items():
        if not name.startswith(_UNUSED) and "_proj." not in name:
            ours[_module_name(name)] = tensor
        elif ".q_proj." in name:
            parts = [tensors.get(name.replace(".q_", f".{part}_"), tensor[:0]) for part in "qkv"]
            ours[_module_name(name)] = torch.cat(parts)
        elif ".out_proj." in name:
            ours[_module_name(name)] = tensor
    return ours


_NAMES = (
    ("embed_tokens.weight", "token_embeddings"),
    ("embed_positions.weight", "column_positions"),
    ("msa_position_embedding", "row_positions"),
    ("emb_layer_norm_before.", "first_norm."),
    ("emb_layer_norm_after.", "last_norm."),
    ("lm_head.layer_norm.", "head.norm."),
    ("lm_head.", "head."),
    (".row_self_attention.", ".row."),
    (".column_self_attention.", ".column."),
    (".feed_forward_layer.", ".feed."),
    (".layer_norm.", ".norm."),
    (".layer.q_proj.", ".qkv."),
    (".layer.out_proj.", ".out."),
    (".layer.fc1.", ".up."),
    (".layer.fc2.", ".down."),
)


def _module_name(name: str) -> str:
    for theirs, ours in _NAMES:
        name = name.replace(theirs, ours)
    return name


def _read_safetensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as stream:
            settings = decode_json((stream.metadata() or {}).get("pepseq", "{}")).get("args", {})
            if not isinstance(settings, dict):
                raise ValueError("metadata that are no settings")
            return {name: stream.get_tensor(name) for name in stream.keys()}, settings  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: expected a whole safetensors file, found: {error}") from error
