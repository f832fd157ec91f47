"""Which network to use: the bundled default, a folder, or a published model by its name or id.

A folder that pepseq wrote holds `pepseq.json` (what the network was trained for) and
`manifest.json` (the SHA-256 of every file), checked whenever it is used.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pepseq.errors import InputError, SettingsError, found
from pepseq.io.atomic_files import replace_file
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import sha256, to_json
from pepseq.models.registry import FOLDING, KNOWN, MASKED, find_known
from pepseq.readout.readout import Readout

BUNDLED = Path(__file__).parent / "bundled"
MANIFEST = "manifest.json"
DESCRIPTION = "pepseq.json"
READOUT_NETWORK = "pepseq-readout"
"""The type of network, in config.json, that is told the readout and completes any."""
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Checkpoint:
    """A network that can be loaded.

    `source` is a folder or a Hugging Face id; `readouts` are those it was trained for, none for a
    published base model; `any_readout` says that it completes all others too, as readout networks
    do; `window` is the longest stretch of residues it was trained on, or None;
    `published` is the id and revision of a known base model; with `offline` nothing is fetched.
    """

    source: str
    readouts: tuple[Readout, ...] = ()
    window: int | None = None
    published: str | None = None
    offline: bool = False
    any_readout: bool = False

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return (
            "the bundled default" if self.source == str(BUNDLED) else self.published or self.source
        )


def find_checkpoint(model: str | Path | None = None, offline: bool = False) -> Checkpoint:
    """Return the checkpoint for a folder, a short name or a Hugging Face id, or None.

    None is the bundled default; a folder comes before a known model of the same name. A known model
    (see `pepseq.models.registry`) that is not here is downloaded unless `offline`, and its files
    are checked. Raises InputError for a folder that does not exist or whose files are not those
    that its manifest lists, and for a known model that is not here or not as it was.
    """
    folder = BUNDLED if model is None else Path(model)
    if os.path.isdir(folder):
        if (folder / DESCRIPTION).exists() or (folder / MANIFEST).exists():
            check_manifest(folder)
            return _described(folder)
        if not (folder / "config.json").exists():
            raise InputError(f"{folder}: expected a model folder with config.json, found none")
        return Checkpoint(str(folder))
    known = find_known(model)
    if known is not None and known.kind == MASKED and not os.path.exists(folder):
        from pepseq.models.download import get_model

        source = str(get_model(known, offline))
        return Checkpoint(source, published=f"{known.id}@{known.revision}", offline=True)
    if not _HUB_ID.fullmatch(str(model)) or os.path.exists(folder):
        names = ", ".join(known.name for known in KNOWN if known.kind == MASKED)
        raise InputError(
            f"--model {found(str(model), 200)}: expected a model folder, one of {names}, or a "
            "Hugging Face id such as Rostlab/prot_bert, found none of these"
        )
    from pepseq.http.client import is_offline

    return Checkpoint(str(model), offline=is_offline(offline))


def find_folding_model(model: str | Path | None = None, offline: bool = False) -> Checkpoint:
    """Return the checkpoint of an ESMFold: a folder, a short name or a Hugging Face id.

    None is `esmfold`. A known model that is not here is downloaded unless `offline`, and its files
    are checked. Raises InputError for what is none of these.
    """
    folder = Path(model or "esmfold")
    if folder.is_dir():
        if not (folder / "config.json").exists():
            raise InputError(f"{folder}: expected a model folder with config.json, found none")
        return Checkpoint(str(folder))
    known = find_known(model or "esmfold")
    if known is not None and known.kind == FOLDING and not folder.exists():
        from pepseq.models.download import get_model

        source = str(get_model(known, offline))
        return Checkpoint(source, published=f"{known.id}@{known.revision}", offline=True)
    if known is not None or not _HUB_ID.fullmatch(str(model)) or folder.exists():
        raise InputError(
            f"--model {found(str(model), 200)}: expected a model folder, esmfold, or a Hugging "
            "Face id such as facebook/esmfold_v1, found none of these"
        )
    from pepseq.http.client import is_offline

    return Checkpoint(str(model), offline=is_offline(offline))


def _described(folder: Path) -> Checkpoint:
    path = folder / DESCRIPTION
    try:
        description = decode_json(path.read_text())
        given = description["readouts"]
        if not isinstance(given, list) or not all(isinstance(r, str) for r in given):
            raise ValueError(f"readouts: {given!r}")
        readouts = tuple(Readout(r) for r in given)
        return Checkpoint(
            str(folder),
            readouts,
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
        return False  # whoever loads it says what is wrong


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
                raise InputError(f"{folder / name}: listed in {MANIFEST}, not there")
            if sha256(folder / name) != expected:
                raise InputError(
                    f"{folder / name}: damaged or changed: its SHA-256 is not the one in {MANIFEST}"
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: expected a list of files with their SHA-256, found "
            f"{type(error).__name__}: {error}"
        ) from error
