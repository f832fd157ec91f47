"""Published weights from Python's pickle format to safetensors, without running what they hold.

Names of tensors stay as published. The metadata of a converted `.pt` file has the key `pepseq`,
JSON with the plain values of the published arguments (`args`), and name and SHA-256 of the source.
"""

import json
import os
from argparse import Namespace
from pathlib import Path

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.atomic_files import (
    create_file,
    disk_errors,
    locked,
    new_partial,
    remove_partials,
    replace_file,
)
from pepseq.io.files import check_outputs
from pepseq.io.json_files import decode_json, read_json
from pepseq.io.outputs import STDIO
from pepseq.io.run_record import sha256
from pepseq.models.registry import converted_name

_WAIT = 600
_INDEX = "pytorch_model.bin.index.json"


def read_pickle(path: str | Path) -> tuple[dict, dict]:
    """Return the tensors by name, and the published arguments, of a pickle of weights.

    Read as data only: of the objects that a pickle may hold, tensors, containers, plain values and
    an argparse.Namespace (fair-esm) are made, none else. The tensors are those under `model`
    (fair-esm) or `state_dict`, else the whole. Raises InputError for anything else, code included,
    which is not run.
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
        raise InputError(  # torch's own words advise to run the code
            f"{path}: expected weights alone, found a pickle that is damaged or holds code "
            f"({type(error).__name__}); it was not run"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected tensors by name, found {type(content).__name__}")
    weights = next((content[k] for k in ("model", "state_dict") if k in content), content)
    if not isinstance(weights, dict) or not weights:
        raise InputError(f"{path}: expected tensors by name, found none")
    for name, tensor in weights.items():
        if not isinstance(name, str):
            raise InputError(f"{path}: expected tensors by name, found one by {name!r}")
        if not isinstance(tensor, torch.Tensor):
            raise InputError(f"{path}: {name!r}: expected a tensor, found {type(tensor).__name__}")
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
            raise InputError(f"{path}: {name!r}: expected a dense tensor, found another")
    arguments = content.get("args") if weights is not content else None
    plain = vars(arguments) if isinstance(arguments, Namespace) else {}
    return weights, {k: v for k, v in plain.items() if _is_plain(v)}


def _is_plain(value) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def convert(source: str | Path, output: str | Path | None = None, force: bool = False) -> Path:
    """Write the weights of a pickle as safetensors, and return the file written.

    `source` is a `.pt` or `.bin` file, or a model folder, of which every `pytorch_model*.bin` is
    converted (then `output` must be None, and the folder is returned). `output` is by default the
    source's name with the suffix `.safetensors`, `model*.safetensors` for `pytorch_model*.bin`.
    Raises InputError for a source that is missing or no weights, OutputError, and SettingsError
    for an `output` that is the source or stdout.
    """
    source = Path(source)
    if source.is_dir():
        return _convert_folder(source, output, force)
    if not source.is_file():
        raise InputError(f"{source}: no such file")
    if str(output) == STDIO:
        raise SettingsError("output: expected a file, found - (stdout)")
    if output is None and converted_name(source.name) == source.name:
        raise InputError(f"{source}: expected a .pt or .bin file of weights, found another name")
    output = source.with_name(converted_name(source.name)) if output is None else Path(output)
    check_outputs([output], [source], force)
    with disk_errors(output), locked(output, _WAIT):
        _write(source, output)
    return output


def _convert_folder(folder: Path, output, force: bool) -> Path:
    sources = sorted(folder.glob("pytorch_model*.bin"))
    if output is not None:
        raise InputError(f"{folder}: a folder is converted in place, expected no --output")
    done = sorted(path.name for path in folder.glob("*.safetensors"))
    if done and not sources:
        raise InputError(f"{folder}: nothing to convert: its weights are {', '.join(done)} already")
    if not sources:
        raise InputError(f"{folder}: expected a model folder with pytorch_model.bin, found none")
    for source in sources:
        convert(source, None, force)
    if (folder / _INDEX).is_file():
        write_index(folder)
    return folder


def write_index(folder: Path) -> None:
    """Write the index of converted weights that lie in several files."""
    index = read_json(folder / _INDEX)
    try:
        index["weight_map"] = {k: converted_name(v) for k, v in index["weight_map"].items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{folder / _INDEX}: expected the files of weights, found {type(error).__name__}: "
            f"{error}"
        ) from error
    target = folder / converted_name(_INDEX)
    with disk_errors(target):
        replace_file(target, json.dumps(index).encode())


def _write(source: Path, output: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    weights, arguments = read_pickle(source)
    seen, tensors = set(), {}
    for name, tensor in weights.items():
        memory = tensor.untyped_storage().data_ptr()
        tensor = tensor.detach().contiguous()
        tensors[name] = tensor.clone() if memory in seen else tensor  # safetensors share nothing
        seen.add(memory)
    metadata = {"format": "pt"}  # one key alone: safetensors writes several in any order
    if source.suffix == ".pt":
        notes = {"args": arguments, "source": source.name, "source_sha256": sha256(source)}
        metadata = {"pepseq": json.dumps(notes)}
    remove_partials(output)
    partial = new_partial(output)
    try:
        create_file(partial).close()
        mode = partial.stat().st_mode
        save_file(tensors, partial, metadata)
        partial.chmod(mode)  # safetensors lets the owner alone read
        with open(partial, "rb+") as stream:
            os.fsync(stream.fileno())
        partial.replace(output)
    except (SafetensorError, RuntimeError) as error:
        raise OutputError(f"{output}: cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def read_notes(path: str | Path) -> dict:
    """Return what `convert` noted in a safetensors file: `args`, `source`, `source_sha256`.

    Empty for a file that it did not make of a `.pt`; InputError for one that is no safetensors.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as weights:
            return decode_json((weights.metadata() or {}).get("pepseq", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: expected a safetensors file, found {error}") from error
