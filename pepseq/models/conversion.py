"""Conversion of published weights from Python's pickle format to safetensors, as data only.

Names of tensors stay as published. The metadata of a converted `.pt` file has the key `pepseq`:
JSON with the plain values of the published arguments (`args`), and name and SHA-256 of the source.
"""

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.atomic_files import disk_errors, locked, replace_file, replacement
from pepseq.io.files import check_outputs
from pepseq.io.json_files import decode_json, read_json
from pepseq.io.outputs import STDIO
from pepseq.io.run_record import sha256
from pepseq.models.registry import safetensors_name

if TYPE_CHECKING:
    from torch import Tensor

_LOCK_SECONDS = 600
_INDEX = "pytorch_model.bin.index.json"


def read_pickled_weights(path: str | Path) -> tuple[dict[str, "Tensor"], dict[str, Any]]:
    """Return the tensors by name, and the published arguments, of a pickle of weights.

    The pickle is read as data only: tensors, containers, plain values and an argparse.Namespace
    (fair-esm). The tensors are those under `model` (fair-esm) or `state_dict`, else the whole.
    Raises InputError for anything else; code is not run.
    """
    import torch

    try:
        with torch.serialization.safe_globals([Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise InputError(  # torch's own message advises to run the code
            f"{path}: expected weights alone, found a pickle that is damaged or holds code "
            f"({type(error).__name__}); it was not run"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected tensors by name, found {type(content).__name__}")
    weights = next((content[k] for k in ("model", "state_dict") if k in content), content)
    _check_weights(weights, path)
    arguments = content.get("args") if weights is not content else None
    plain = vars(arguments) if isinstance(arguments, Namespace) else {}
    return weights, {name: value for name, value in plain.items() if _is_plain_value(value)}


def _check_weights(weights: object, path: str | Path) -> None:
    """Raise InputError unless these are dense tensors by name."""
    import torch

    if not isinstance(weights, dict) or not weights:
        raise InputError(f"{path}: expected tensors by name, found none")
    for name, tensor in weights.items():
        if not isinstance(name, str):
            raise InputError(f"{path}: expected tensors by name, found one by {name!r}")
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"{path}: {name!r}: expected a tensor, found {type(tensor).__name__}")
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise InputError(f"{path}: {name!r}: expected a dense tensor, found another")


def _is_plain_value(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain_value, value))
    return value is None or isinstance(value, str | int | float | bool)


def convert_weights(
    source: str | Path, output: str | Path | None = None, force: bool = False
) -> Path:
    """Write the weights of a pickle as safetensors, and return the path of the output.

    `source` is a `.pt` or `.bin` file, or a model folder, of which every `pytorch_model*.bin` is
    converted (then `output` must be None, and the folder is returned). The default `output` has the
    source's name with the suffix `.safetensors`, `model*.safetensors` for `pytorch_model*.bin`.
    Raises InputError for a source that is missing or no weights, OutputError, and SettingsError
    if `output` is the source or standard output.
    """
    source = Path(source)
    if source.is_dir():
        return _convert_folder(source, output, force)
    if not source.is_file():
        raise InputError(f"{source}: no such file")
    if str(output) == STDIO:
        raise SettingsError("output: expected a file, found - (stdout)")
    if output is None and safetensors_name(source.name) == source.name:
        raise InputError(f"{source}: the name of a file of weights must end in .pt or .bin")
    output = source.with_name(safetensors_name(source.name)) if output is None else Path(output)
    check_outputs([output], [source], force)
    with disk_errors(output), locked(output, _LOCK_SECONDS):
        _write_safetensors(source, output)
    return output


def _convert_folder(folder: Path, output: str | Path | None, force: bool) -> Path:
    sources = sorted(folder.glob("pytorch_model*.bin"))
    if output is not None:
        raise InputError(f"{folder}: a folder is converted in place; leave out --output")
    converted = sorted(path.name for path in folder.glob("*.safetensors"))
    if converted and not sources:
        names = ", ".join(converted)
        raise InputError(f"{folder}: nothing to convert: its weights are {names} already")
    if not sources:
        raise InputError(f"{folder}: expected a model folder with pytorch_model.bin, found none")
    for source in sources:
        convert_weights(source, None, force)
    if (folder / _INDEX).is_file():
        write_converted_index(folder)
    return folder


def write_converted_index(folder: Path) -> None:
    """Write the index of converted weights in several files."""
    index = read_json(folder / _INDEX)
    try:
        files = index["weight_map"]
        index["weight_map"] = {tensor: safetensors_name(file) for tensor, file in files.items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{folder / _INDEX}: expected the files of weights, found {type(error).__name__}: "
            f"{error}"
        ) from error
    target = folder / safetensors_name(_INDEX)
    with disk_errors(target):
        replace_file(target, json.dumps(index).encode())


def _write_safetensors(source: Path, output: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    weights, arguments = read_pickled_weights(source)
    addresses: set[int] = set()
    tensors = {}
    for name, tensor in weights.items():
        address = tensor.untyped_storage().data_ptr()
        tensor = tensor.detach().contiguous()
        tensors[name] = tensor.clone() if address in addresses else tensor  # no shared memory
        addresses.add(address)
    metadata = {"format": "pt"}  # one key alone: safetensors writes several in any order
    if source.suffix == ".pt":
        notes = {"args": arguments, "source": source.name, "source_sha256": sha256(source)}
        metadata = {"pepseq": json.dumps(notes)}
    try:
        with replacement(output) as partial:
            mode = partial.stat().st_mode
            save_file(tensors, partial, metadata)
            partial.chmod(mode)  # safetensors lets the owner alone read
    except (SafetensorError, RuntimeError) as error:
        raise OutputError(f"{output}: cannot be written: {error}") from error


def read_conversion_notes(path: str | Path) -> dict[str, Any]:
    """Return `args`, `source` and `source_sha256`, which `convert_weights` notes in its output.

    The notes are empty if the file was not converted from a `.pt`. Raises InputError for a file
    that is not safetensors.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as weights:
            return decode_json((weights.metadata() or {}).get("pepseq", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: expected a safetensors file, found {error}") from error
