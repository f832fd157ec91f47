"""Loading of networks by transformers: without messages, offline on request, one-line errors."""

import logging
import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import transformers
from huggingface_hub import constants

from pepseq.errors import InputError, PepseqError
from pepseq.models.checkpoints import Checkpoint


@contextmanager
def loading(checkpoint: Checkpoint, architecture: str) -> Iterator[None]:
    """Silence transformers while the block loads a checkpoint; its errors become InputErrors.

    `architecture` is the expected kind of network, for messages. MemoryError passes.
    """
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    try:
        with _silenced_transformers(), _hub_offline(checkpoint.offline):
            yield
    except (MemoryError, PepseqError):
        raise
    except Exception as error:
        raise _loading_error(checkpoint.source, error, architecture) from error


def check_all_loaded(info: dict[str, Any], missing: list[str], source: str, network: str) -> None:
    """Raise InputError for `missing` weights, or weights of another shape in the loading info."""
    if missing or info.get("mismatched_keys"):
        names = ", ".join((missing or ["some of another shape"])[:3])
        raise InputError(f"{source}: expected all weights of {network}, found none for {names}")


@contextmanager
def _hub_offline(offline: bool) -> Iterator[None]:
    """Let the hub's library send no requests, as HF_HUB_OFFLINE does.

    `local_files_only` is not enough: it asks for no file, but still sends other requests.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or offline
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def _silenced_transformers() -> Iterator[None]:
    """Silence the messages and warnings of transformers; errors are raised as usual."""
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers.logging.set_verbosity(level)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"


def _loading_error(source: str, error: Exception, architecture: str) -> InputError:
    """Return the InputError for an exception of transformers."""
    if "weights_only" in str(error) or isinstance(error, pickle.UnpicklingError):
        return InputError(
            f"{source}: expected weights alone, found a pickle that is damaged or holds code; it "
            "was not run"
        )
    if Path(source).is_dir():
        return InputError(
            f"{source}: expected a {architecture} that transformers can load, found "
            f"{_first_line(error)}"
        )
    return InputError(
        f"{source}: not in the local cache, and not available from the Hugging Face hub "
        f"({_first_line(error)}). Without a network, put its config.json, vocabulary and "
        "weights into a folder and give that folder as --model"
    )
