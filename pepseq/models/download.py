"""Getting published base models: from the caches of this machine, else from where they are kept."""

import errno
import logging
import os
import sys
from pathlib import Path

from pepseq.errors import InputError, OutputError, PepseqError, SettingsError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig, is_offline, parse_address
from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.run_record import sha256
from pepseq.models.checksums import CHANGED, FileCheck, check_files, forget, read_records
from pepseq.models.conversion import convert, read_notes, read_pickle, write_index
from pepseq.models.registry import MSA, KnownModel, converted_name, esm_url, find_known

log = logging.getLogger(__name__)
PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
PATIENCE = HttpConfig(tries=4, connect_timeout=5.0)
"""Somebody waits for a model: where there is no network, this says so within half a minute."""
_WAIT = 3600
_AS_DATA = "%s: the pickled weights are read as data each time"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


def get_model(known: KnownModel, offline: bool = False) -> Path:
    """Return the folder of a known model, checked; one that is not here is downloaded first.

    Raises InputError naming the files to put where if the model is not here and `offline` (or
    PEPSEQ_OFFLINE or HF_HUB_OFFLINE) forbids to fetch it, or if a file is damaged or changed.
    """
    if known.missing() or _pickles(known):
        try:
            download(known, offline)
        except OutputError as error:
            if known.missing():
                raise
            log.warning(_AS_DATA, error)
    refuse_changed(known, check_model(known))
    return known.folder


def check_model(known: KnownModel, full: bool = False) -> list[FileCheck]:
    """Compare the files of a known model that are here with their SHA-256: see `check_files`."""
    source = f"{esm_url()}/{Path(known.id).name}" if known.kind == MSA else known.page
    return check_files(
        known.name,
        known.files(),
        known.weights,
        source=source,
        revision=known.revision,
        full=full,
    )


def refuse_changed(known: KnownModel, checks: list[FileCheck]) -> None:
    """Raise InputError for the first changed file."""
    for check in checks:
        if check.state == CHANGED:
            raise check.error(f"pepseq models download --force {known.name} fetches it anew")


def download(known: KnownModel, offline: bool = False, force: bool = False) -> Path:
    """Download what is missing of a known model, check and convert it, and return its folder.

    With `force` all of it is downloaded and the SHA-256 are written down anew. Raises InputError
    if `offline` forbids it, for a file that is not on the server or not what it should be,
    OutputError, and TryAgainError if the server cannot be reached or breaks off for good.
    """
    if (known.missing() or force) and is_offline(offline):
        raise InputError(
            f"{known.name}: not on this machine, and offline: {known.by_hand()}, or run with a "
            "network (without --offline, PEPSEQ_OFFLINE and HF_HUB_OFFLINE): pepseq models "
            f"download {known.name}"
        )
    with disk_errors(known.folder), locked(known.folder / known.name, _WAIT):
        if known.missing() or force:
            (_download_file if known.kind == MSA else _download_from_hub)(known, force)
        if force:
            forget(known.name)
        _convert_weights(known, force)
        refuse_changed(known, check_model(known, full=True))
    return known.folder


def _download_file(known: KnownModel, force: bool) -> None:
    """Download the one file of weights into torch hub's folder."""
    (name,) = known.weights
    recorded = {} if force else read_records().get(known.name, {}).get("files", {}).get(name, {})
    expected = known.weights[name] or recorded.get("sha256")
    with HttpClient(esm_url(), config=PATIENCE) as http:
        try:
            http.fetch(
                f"{esm_url()}/{name}",
                known.folder / name,
                expected=expected,
                starts=PICKLE_STARTS,
                check=read_pickle,
            )
        except TryAgainError as error:
            raise TryAgainError(f"{error}. {_without_network(known)}") from error


def _without_network(known: KnownModel) -> str:
    return f"Without a network, {known.by_hand()}"


def _download_from_hub(known: KnownModel, force: bool) -> None:
    """Download a model's files into the hub's cache; the hub's own SHA-256 of them are checked."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.utils import disable_progress_bars

    if not sys.stderr.isatty() or not log.isEnabledFor(logging.INFO):
        disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    endpoint = os.environ.get("HF_ENDPOINT") or None
    if endpoint is not None:
        try:
            parse_address(endpoint)
        except SettingsError as error:
            raise SettingsError(f"HF_ENDPOINT: {error}") from error
    wanted = [*known.also, *known.weights, "tokenizer_config.json", "special_tokens_map.json"]
    try:
        listing = HfApi(endpoint).model_info(known.id, revision=known.revision, files_metadata=True)
        there = {file.rfilename: file for file in listing.siblings}
        for name in (name for name in wanted if name in there or name in known.files()):
            log.info("%s: downloading %s", known.name, name)
            hf_hub_download(
                known.id, name, revision=known.revision, endpoint=endpoint, force_download=force
            )
    except PepseqError:
        raise
    except Exception as error:
        raise _hub_error(known, error) from error
    if known.missing():
        raise InputError(
            f"{known.page}: expected {', '.join(known.missing())}, found {', '.join(there)}"
        )
    sums = {name: file.lfs.sha256 for name, file in there.items() if file.lfs is not None}
    _refuse_wrong(known, {**sums, **{k: v for k, v in known.weights.items() if v}})


def _refuse_wrong(known: KnownModel, sums: dict[str, str]) -> None:
    """Remove files that came with another SHA-256, so that the next call fetches them again."""
    for name, path in known.files().items():
        if name in sums and (digest := sha256(path)) != sums[name]:
            Path(os.path.realpath(path)).unlink()
            path.unlink(missing_ok=True)
            raise InputError(
                f"{known.page}: {name}: expected SHA-256 {sums[name]}, found {digest}; it was "
                "removed, and the same command fetches it again"
            )


def _hub_error(known: KnownModel, error: Exception) -> PepseqError:
    """Return what a failure of the hub's library means to a user."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    first = (str(error).strip().splitlines() or [""])[0][:200]
    if status is not None and 400 <= status < 500 and status not in (408, 429):
        return InputError(f"{known.page}: expected the model's files, found HTTP {status}: {first}")
    if isinstance(error, OSError) and error.errno in _FULL:
        return OutputError(f"{known.folder}: cannot be written: {error.strerror}")
    return TryAgainError(
        f"{known.id}: the Hugging Face hub cannot be reached or broke off "
        f"({type(error).__name__}: {first}); the same command later goes on from here. "
        f"{_without_network(known)}"
    )


def _pickles(known: KnownModel) -> list[str]:
    """Return the files of pickled weights that are here and not converted yet."""
    here = known.files()
    return [name for name in known.weights if name in here and converted_name(name) not in here]


def _convert_weights(known: KnownModel, force: bool) -> None:
    """Convert the pickles among a model's weights, once, where they lie.

    Before that they are checked, so that what is converted is what was published.
    """
    old = [name for name in known.weights if converted_name(name) != name]
    todo = old if force else _pickles(known)
    if todo:
        refuse_changed(known, check_model(known))
    for name in todo:
        log.info("%s: converting %s to safetensors", known.name, name)
        convert(known.folder / name, force=True)
        forget(known.name, converted_name(name))
    if todo and len(old) > 1:
        write_index(known.folder)


def find_msa_transformer(model: str | Path | None = None) -> Path | None:
    """Return the file of the MSA Transformer's weights; nothing is downloaded.

    `model` is a file of weights (`.safetensors`, or a `.pt`, which is converted beside itself
    once), or `msa-transformer`, which is what lies in torch hub's folder. None is the latter too,
    and the answer is None where there is nothing. Tensors have the names of the published file:
    see `pepseq.models.conversion`. Where nothing can be written, a warning says so and the answer
    is the `.pt`, to be read as data. Raises InputError for a file that is missing, damaged or no
    weights, naming the file to put where.
    """
    known = find_known("msa-transformer" if model is None else model)
    if known is not None and known.kind == MSA and not (model and Path(model).is_file()):
        if known.missing():
            if model is None:
                return None
            raise InputError(f"{known.name}: not on this machine: {known.way_out()}")
        folder, (name,) = get_model(known), known.weights
        converted = folder / converted_name(name)
        return converted if converted.is_file() else folder / name
    path = Path(model)
    if not path.is_file():
        raise InputError(f"{path}: expected a file of weights or msa-transformer, found none")
    if path.suffix == ".safetensors":
        read_notes(path)
        return path
    try:
        return _converted(path)
    except OutputError as error:
        log.warning(_AS_DATA, error)
        return path


def _converted(path: Path) -> Path:
    """Return the safetensors file beside a pickle of weights, made if it is not there or older."""
    target = path.with_suffix(".safetensors")
    if path.suffix != ".pt":
        raise InputError(f"{path}: expected weights as .pt or .safetensors, found another name")
    source = read_notes(target).get("source_sha256") if target.exists() else None
    if target.exists() and source is None:
        raise InputError(
            f"{target}: not converted from {path.name}; give it as --model, or move it"
        )
    if source != sha256(path):
        convert(path, target, force=True)
    return target
