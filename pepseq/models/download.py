"""Published base models: from the caches of this machine, else downloaded from the publisher."""

import errno
import logging
import os
from pathlib import Path

from pepseq.errors import InputError, OutputError, PepseqError, SettingsError, TryAgainError
from pepseq.http.client import HttpClient, HttpConfig, is_offline, parse_address
from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.progress import shows_bars
from pepseq.io.run_record import sha256
from pepseq.models.checksums import (
    CHANGED,
    FileCheck,
    check_files,
    forget_checksums,
    read_checksums,
)
from pepseq.models.conversion import (
    convert_weights,
    read_conversion_notes,
    read_pickled_weights,
    write_converted_index,
)
from pepseq.models.registry import MSA, KnownModel, fair_esm_url, find_known_model, safetensors_name

log = logging.getLogger(__name__)
PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
"""First bytes of the two formats of torch's pickles: a zip archive, a plain pickle."""
HTTP_CONFIG = HttpConfig(tries=4, connect_timeout=5.0)
"""A user waits for a model: without a network, the error comes within half a minute."""
_LOCK_SECONDS = 3600
_NOT_CONVERTED = "%s: the pickled weights are read as data each time"
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


def find_or_download(known: KnownModel, offline: bool = False) -> Path:
    """Return the folder of a known model, checked; a missing model is downloaded first.

    Raises InputError if the model is missing and `offline` (or PEPSEQ_OFFLINE or HF_HUB_OFFLINE)
    forbids to download it (the message says which files to put where), or if a file is damaged or
    changed.
    """
    if known.missing_files() or _unconverted_pickles(known):
        try:
            download_model(known, offline)
        except OutputError as error:
            if known.missing_files():
                raise
            log.warning(_NOT_CONVERTED, error)
    raise_if_changed(known, check_model_files(known))
    return known.folder


def check_model_files(known: KnownModel, full: bool = False) -> list[FileCheck]:
    """Compare the files of a known model that are here with their SHA-256: see `check_files`."""
    source = f"{fair_esm_url()}/{Path(known.id).name}" if known.kind == MSA else known.page
    return check_files(
        known.name,
        known.present_files(),
        known.weights,
        source=source,
        revision=known.revision,
        full=full,
    )


def raise_if_changed(known: KnownModel, checks: list[FileCheck]) -> None:
    """Raise InputError for the first changed file."""
    for check in checks:
        if check.state == CHANGED:
            raise check.error(f"download it again: pepseq models download --force {known.name}")


def download_model(known: KnownModel, offline: bool = False, force: bool = False) -> Path:
    """Download the missing files of a known model, check and convert them, and return its folder.

    With `force` all files are downloaded and their SHA-256 recorded again. Raises InputError if
    `offline` forbids it, or if a file is not on the server or has another SHA-256; OutputError;
    TryAgainError if the server cannot be reached.
    """
    if (known.missing_files() or force) and is_offline(offline):
        raise InputError(
            f"{known.name}: not on this machine, and offline: {known.placement_advice()}, or "
            f"download it with a network connection (without --offline, PEPSEQ_OFFLINE and "
            f"HF_HUB_OFFLINE): pepseq models download {known.name}"
        )
    with disk_errors(known.folder), locked(known.folder / known.name, _LOCK_SECONDS):
        if known.missing_files() or force:
            (_download_file if known.kind == MSA else _download_from_hub)(known, force)
        if force:
            forget_checksums(known.name)
        _convert_pickles(known, force)
        raise_if_changed(known, check_model_files(known, full=True))
    return known.folder


def _download_file(known: KnownModel, force: bool) -> None:
    """Download the one file of weights into torch hub's folder."""
    (name,) = known.weights
    recorded = {} if force else read_checksums().get(known.name, {}).get("files", {}).get(name, {})
    expected = known.weights[name] or recorded.get("sha256")
    with HttpClient(fair_esm_url(), config=HTTP_CONFIG) as http:
        try:
            http.fetch(
                f"{fair_esm_url()}/{name}",
                known.folder / name,
                expected=expected,
                starts=PICKLE_STARTS,
                check=read_pickled_weights,
            )
        except TryAgainError as error:
            raise TryAgainError(f"{error}. {_without_network(known)}") from error


def _without_network(known: KnownModel) -> str:
    return f"Without a network, {known.placement_advice()}"


def _download_from_hub(known: KnownModel, force: bool) -> None:
    """Download a model's files into the hub's cache, and check them by the hub's own SHA-256."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.utils import disable_progress_bars

    if not shows_bars():
        disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    endpoint = _hub_endpoint()
    names = [
        *known.other_files,
        *known.weights,
        "tokenizer_config.json",
        "special_tokens_map.json",
    ]
    try:
        listing = HfApi(endpoint).model_info(known.id, revision=known.revision, files_metadata=True)
        offered = {file.rfilename: file for file in listing.siblings or ()}
        for name in (name for name in names if name in offered or name in known.present_files()):
            log.info("%s: downloading %s", known.name, name)
            hf_hub_download(
                known.id, name, revision=known.revision, endpoint=endpoint, force_download=force
            )
    except PepseqError:
        raise
    except Exception as error:
        raise _hub_error(known, error) from error
    if known.missing_files():
        raise InputError(
            f"{known.page}: expected {', '.join(known.missing_files())}, found {', '.join(offered)}"
        )
    checksums = {name: file.lfs.sha256 for name, file in offered.items() if file.lfs is not None}
    checksums |= {name: pinned for name, pinned in known.weights.items() if pinned}
    _remove_corrupt_files(known, checksums)


def _hub_endpoint() -> str | None:
    """Return the server that HF_ENDPOINT names, None for the hub itself."""
    endpoint = os.environ.get("HF_ENDPOINT") or None
    if endpoint is not None:
        try:
            parse_address(endpoint)
        except SettingsError as error:
            raise SettingsError(f"HF_ENDPOINT: {error}") from error
    return endpoint


def _remove_corrupt_files(known: KnownModel, checksums: dict[str, str]) -> None:
    """Remove a file with another SHA-256 and raise InputError; the next call downloads it again."""
    for name, path in known.present_files().items():
        if name in checksums and (digest := sha256(path)) != checksums[name]:
            Path(os.path.realpath(path)).unlink()
            path.unlink(missing_ok=True)
            raise InputError(
                f"{known.page}: {name}: expected SHA-256 {checksums[name]}, found {digest}; the "
                "file was removed, and the same command downloads it again"
            )


def _hub_error(known: KnownModel, error: Exception) -> PepseqError:
    """Return the error of pepseq for an error of the hub's library."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    first_line = (str(error).strip().splitlines() or [""])[0][:200]
    if status is not None and 400 <= status < 500 and status not in (408, 429):
        return InputError(
            f"{known.page}: expected the model's files, found HTTP {status}: {first_line}"
        )
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return OutputError(f"{known.folder}: cannot be written: {error.strerror}")
    return TryAgainError(
        f"{known.id}: the Hugging Face hub cannot be reached or broke off "
        f"({type(error).__name__}: {first_line}); run the same command again later to resume. "
        f"{_without_network(known)}"
    )


def _unconverted_pickles(known: KnownModel) -> list[str]:
    """Return the files of pickled weights that are here without a converted copy."""
    present = known.present_files()
    return [n for n in known.weights if n in present and safetensors_name(n) not in present]


def _convert_pickles(known: KnownModel, force: bool) -> None:
    """Check the pickles among a model's weights, then convert them once, in their folder."""
    pickles = [name for name in known.weights if safetensors_name(name) != name]
    unconverted = pickles if force else _unconverted_pickles(known)
    if unconverted:
        raise_if_changed(known, check_model_files(known))
    for name in unconverted:
        log.info("%s: converting %s to safetensors", known.name, name)
        convert_weights(known.folder / name, force=True)
        forget_checksums(known.name, safetensors_name(name))
    if unconverted and len(pickles) > 1:
        write_converted_index(known.folder)


def find_msa_transformer(model: str | Path | None = None) -> Path | None:
    """Return the file of the MSA Transformer's weights; nothing is downloaded.

    `model` is a file of weights (`.safetensors`, or a `.pt`, which is converted beside itself
    once), or `msa-transformer` for the file in torch hub's folder. None is `msa-transformer` too,
    but a missing file is then None, not an error. Tensors have the names of the published file:
    see `pepseq.models.conversion`. If the converted file cannot be written, a warning is logged
    and the `.pt` is returned, to be read as data. Raises InputError for a file that is missing,
    damaged or no weights; its message says which file to put where.
    """
    optional = model is None
    model = "msa-transformer" if model is None else model
    known = find_known_model(model)
    if known is not None and known.kind == MSA and (optional or not Path(model).is_file()):
        if known.missing_files():
            if optional:
                return None
            raise InputError(f"{known.name}: not on this machine: {known.download_advice()}")
        folder, (name,) = find_or_download(known), known.weights
        converted = folder / safetensors_name(name)
        return converted if converted.is_file() else folder / name
    path = Path(model)
    if not path.is_file():
        raise InputError(f"{path}: expected a file of weights or msa-transformer, found none")
    if path.suffix == ".safetensors":
        read_conversion_notes(path)
        return path
    try:
        return _converted_copy(path)
    except OutputError as error:
        log.warning(_NOT_CONVERTED, error)
        return path


def _converted_copy(path: Path) -> Path:
    """Return the safetensors file beside a pickle, converted again if the pickle has changed."""
    target = path.with_suffix(".safetensors")
    if path.suffix != ".pt":
        raise InputError(f"{path}: the name of a file of weights must end in .pt or .safetensors")
    source = read_conversion_notes(target).get("source_sha256") if target.exists() else None
    if target.exists() and source is None:
        raise InputError(
            f"{target}: not converted from {path.name}; give it as --model, or move it"
        )
    if source != sha256(path):
        convert_weights(path, target, force=True)
    return target
