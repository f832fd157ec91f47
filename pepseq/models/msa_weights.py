"""Weights of the MSA Transformer from a file, under the names of either published form."""

import argparse
import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from pepseq.errors import InputError, SettingsError
from pepseq.io.json_files import decode_json
from pepseq.models.msa_transformer import PAD, TOKENS, MsaTransformer

_UNUSED = ("lm_head.weight", "contact_head.")
"""Stored twice (tied to the token embeddings), and what predicts contacts."""
_HEAD_WIDTH = 64
_AXIS = re.compile("row|column")
_OTHER = {"row": "column", "column": "row"}
_BROKEN = (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, LookupError)
_BROKEN += (AttributeError, TypeError)


def load_msa_transformer(path: str | Path) -> MsaTransformer:
    """Return the network whose weights lie in a `.safetensors` or `.pt` file, or in a folder.

    A folder holds `model.safetensors`. Tensors are named as in the published checkpoint or as in
    fair-esm's module; the number of heads comes from the checkpoint's settings (`args` of a `.pt`,
    and of the metadata `pepseq` that `convert` puts into a safetensors file), else from heads 64
    wide. A `.pt` is read as data only: no code in it is run. Raises InputError, naming the file,
    for one that is missing, damaged, or not an MSA Transformer.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected weights of the MSA Transformer")
    state, settings = (_read_pt if path.suffix == ".pt" else _read_safetensors)(path)
    heads = settings.get("encoder_attention_heads", settings.get("attention_heads"))
    return network_from_tensors(state, str(path), heads)


def network_from_tensors(
    state: Mapping[str, object], source: str, heads: object = None
) -> MsaTransformer:
    """Return the network of a state dict; its size is read off the tensors.

    `source` names the weights in messages. `heads`: attention heads; None for heads 64 wide.
    Raises InputError for missing, unexpected, wrongly shaped or non-finite tensors.
    """
    ours = _renamed(state, source)
    try:
        tokens, width = ours["tokens"].shape
        heads = width // _HEAD_WIDTH if heads is None else int(heads)
        network = MsaTransformer(
            layers=sum(name.endswith(".feed.norm.weight") for name in ours),
            width=width,
            heads=heads,
            ffn=len(ours["layers.0.feed.up.weight"]),
            positions=len(ours["columns"]) - PAD - 1,
            depth=ours["rows"].shape[1],
            row_width=ours["rows"].shape[3],
        )
    except (KeyError, ValueError, IndexError, TypeError, SettingsError) as error:
        raise InputError(
            f"{source}: expected the MSA Transformer's tensors, found others: {error}"
        ) from error
    wanted = network.state_dict()
    wrong = sorted(set(wanted) ^ set(ours))
    wrong += [name for name in wanted if name in ours and wanted[name].shape != ours[name].shape]
    if wrong or tokens != len(TOKENS):
        raise InputError(
            f"{source}: expected the MSA Transformer's tensors with {len(TOKENS)} tokens, found "
            f"{tokens} tokens and missing, unknown or misshapen {', '.join(wrong[:3]) or 'none'}"
        )
    broken = [name for name, tensor in ours.items() if not tensor.isfinite().all()]
    if broken:
        raise InputError(f"{source}: expected finite weights, found others in {broken[0]}")
    network.load_state_dict(ours)
    return network


def _renamed(state: Mapping[str, object], source: str) -> dict[str, torch.Tensor]:
    """Return the tensors under our names, float32, with each attention's projections joined.

    The published checkpoint puts `encoder.` or `encoder.sentence_encoder.` before a name and calls
    the attention over rows the column attention, and the other way round.
    """
    stored = any("encoder." in name for name in state)
    tensors = {}
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"{source}: expected tensors alone, found something else at {name}")
        if stored:
            name = _AXIS.sub(lambda found: _OTHER[found[0]], name.split("encoder.")[-1])
        tensors[name] = tensor.float()
    tied = tensors.get("lm_head.weight")
    if tied is not None and not torch.equal(tied, tensors.get("embed_tokens.weight", tied)):
        raise InputError(f"{source}: expected a head tied to the token embeddings, found another")
    ours = {}
    for name, tensor in tensors.items():
        if not name.startswith(_UNUSED) and "_proj." not in name:
            ours[_our_name(name)] = tensor
        elif ".q_proj." in name:
            parts = [tensors.get(name.replace(".q_", f".{part}_"), tensor[:0]) for part in "qkv"]
            ours[_our_name(name)] = torch.cat(parts)
        elif ".out_proj." in name:
            ours[_our_name(name)] = tensor
    return ours


_NAMES = (
    ("embed_tokens.weight", "tokens"),
    ("embed_positions.weight", "columns"),
    ("msa_position_embedding", "rows"),
    ("emb_layer_norm_before.", "before."),
    ("emb_layer_norm_after.", "after."),
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


def _our_name(name: str) -> str:
    for theirs, ours in _NAMES:
        name = name.replace(theirs, ours)
    return name


def _read_safetensors(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    try:
        with safe_open(path, framework="pt") as stream:
            settings = decode_json((stream.metadata() or {}).get("pepseq", "{}")).get("args", {})
            if not isinstance(settings, dict):
                raise ValueError("metadata that are no settings")
            return {name: stream.get_tensor(name) for name in stream.keys()}, settings  # noqa: SIM118
    except (SafetensorError, *_BROKEN) as error:
        raise InputError(f"{path}: expected a whole safetensors file, found: {error}") from error


def _read_pt(path: Path) -> tuple[dict[str, object], dict]:
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            data = torch.load(path, map_location="cpu", weights_only=True)
    except _BROKEN as error:
        raise InputError(
            f"{path}: expected weights alone, found a file that is damaged or holds code; it was "
            "not run"
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise InputError(f"{path}: expected a checkpoint with weights under 'model', found none")
    settings = data.get("args")
    return data["model"], vars(settings) if isinstance(settings, argparse.Namespace) else {}
