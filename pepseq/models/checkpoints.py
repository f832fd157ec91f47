"""Checkpoints of networks: the bundled default, a folder, or a published model by name or id.

A folder written by pepseq holds `pepseq.json` (readouts and window of the training) and
`manifest.json` (the SHA-256 of every file), which is checked at every use.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.atomic_files import replace_file
from pepseq.io.files import check_path
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import sha256, to_json
from pepseq.models.registry import FOLDING, KNOWN_MODELS, MASKED, find_known_model
from pepseq.models.requirements import require_libraries
from pepseq.readout.readout import Readout

BUNDLED = Path(__file__).parent / "bundled"
MANIFEST = "manifest.json"
DESCRIPTION = "pepseq.json"
READOUT_NETWORK = "pepseq-readout"
"""`model_type` in config.json of networks whose input includes the readout."""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Checkpoint:
    """A network that can be loaded.

    source: a folder or a Hugging Face id.
    readouts: those it was trained for, none for a published base model.
    window: the longest stretch of residues it was trained on, or None.
    published: id and revision of a known base model.
    offline: nothing is downloaded.
    any_readout: it completes reads of every readout, as readout networks do.
    """

    source: str
    readouts: tuple[Readout, ...] = ()
    window: int | None = None
    published: str | None = None
    offline: bool = False
    any_readout: bool = False

    @property
    def name(self) -> str:
        """The name of the checkpoint in messages."""
        if self.source == str(BUNDLED):
            return "the bundled default"
        return self.published or self.source


def find_checkpoint(model: str | Path | None = None, offline: bool = False) -> Checkpoint:
    """Return the checkpoint of a masked language model: a folder, a short name or a hub id.

    None is the bundled default; a folder comes before a known model of the same name. A known model
    (see `pepseq.models.registry`) that is missing is downloaded unless `offline`, and its files are
    checked. Raises InputError for a folder that does not exist or differs from its manifest, and
    for a known model that is missing or changed.
    """
    if model is not None:
        check_path(model, "model")
    folder = BUNDLED if model is None else Path(model)
    if os.path.isdir(folder):
        if (folder / DESCRIPTION).exists() or (folder / MANIFEST).exists():
            check_manifest(folder)
            return _read_description(folder)
        return _transformers_folder(folder)
    checkpoint = _known_checkpoint(folder, MASKED, offline) or _hub_checkpoint(folder, offline)
    if checkpoint is None:
        names = ", ".join(known.name for known in KNOWN_MODELS if known.kind == MASKED)
        raise InputError(
            f"--model {quoted(str(model), 200)}: not a model folder, one of {names}, or a Hugging "
            "Face id such as Rostlab/prot_bert"
        )
    return checkpoint


def find_folding_model(model: str | Path | None = None, offline: bool = False) -> Checkpoint:
    """Return the checkpoint of an ESMFold: a folder, a short name or a Hugging Face id.

    None is `esmfold`. A known model that is missing is downloaded unless `offline`, and its files
    are checked. Raises InputError for anything else.
    """
    folder = Path(model or "esmfold")
    if folder.is_dir():
        return _transformers_folder(folder)
    checkpoint = _known_checkpoint(folder, FOLDING, offline)
    if checkpoint is None and find_known_model(folder) is None:
        checkpoint = _hub_checkpoint(folder, offline)
    if checkpoint is None:
        raise InputError(
            f"--model {quoted(str(model), 200)}: not a model folder, esmfold, or a Hugging Face id "
            "such as facebook/esmfold_v1"
        )
    return checkpoint


def _transformers_folder(folder: Path) -> Checkpoint:
    if not (folder / "config.json").exists():
        raise InputError(f"{folder}: not a model folder, because it contains no config.json")
    require_libraries(f"--model {folder}")
    return Checkpoint(str(folder))


def _known_checkpoint(name: Path, kind: str, offline: bool) -> Checkpoint | None:
    """Return the checkpoint of a known model of this kind, or None."""
    known = find_known_model(name)
    if known is None or known.kind != kind or name.exists():
        return None
    require_libraries(f"--model {name}")
    from pepseq.models.download import find_or_download

    source = str(find_or_download(known, offline))
    return Checkpoint(source, published=f"{known.id}@{known.revision}", offline=True)


def _hub_checkpoint(name: Path, offline: bool) -> Checkpoint | None:
    """Return the checkpoint of any model on the Hugging Face hub; None if it is not an id."""
    if not _HUB_ID.fullmatch(str(name)) or name.exists():
        return None
    require_libraries(f"--model {name}")
    from pepseq.http.client import is_offline

    return Checkpoint(str(name), offline=is_offline(offline))


def _read_description(folder: Path) -> Checkpoint:
    path = folder / DESCRIPTION
    try:
        description = decode_json(path.read_text())
        readouts = description["readouts"]
        if not isinstance(readouts, list) or not all(isinstance(r, str) for r in readouts):
            raise ValueError(f"readouts: {readouts!r}")
        return Checkpoint(
            str(folder),
            tuple(Readout(r) for r in readouts),
            int(description["window"]),
            any_readout=_is_readout_network(folder),
        )
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise InputError(
            f"{path}: expected the description of a trained model, found {type(error).__name__}: "
            f"{error}"
        ) from error


def _is_readout_network(folder: Path) -> bool:
    try:
        settings = decode_json((folder / "config.json").read_bytes())
        return isinstance(settings, dict) and settings.get("model_type") == READOUT_NETWORK
    except (OSError, ValueError):
        return False  # loading the network raises the error


def weights_sha256(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of weights in a model folder, by name."""
    files = sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".bin"))
    return {path.name: sha256(path) for path in files}


def write_manifest(folder: Path) -> None:
    """Write `manifest.json`: the SHA-256 of every other file under `folder`."""
    files = {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    replace_file(folder / MANIFEST, to_json({"sha256": files}))


def check_manifest(folder: Path) -> None:
    """Raise InputError if a file of `folder` is missing or differs from the manifest."""
    path = folder / MANIFEST
    try:
        files = decode_json(path.read_text())["sha256"]
        for name, expected in files.items():
            if not (folder / name).is_file():
                raise InputError(f"{folder / name}: listed in {MANIFEST}, but missing")
            if sha256(folder / name) != expected:
                raise InputError(
                    f"{folder / name}: damaged or changed: its SHA-256 is not the one in {MANIFEST}"
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: expected a list of files with their SHA-256, found "
            f"{type(error).__name__}: {error}"
        ) from error
