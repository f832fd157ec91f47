"""What loading a network of transformers takes: no chatter, no network, errors of one line."""

import logging
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import transformers
from huggingface_hub import constants

from pepseq.errors import InputError


@contextmanager
def hub_offline(offline: bool) -> Iterator[None]:
    """Let the hub's library ask nobody, as HF_HUB_OFFLINE does.

    With `local_files_only` it looks for no file there, but still asks for other things.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or offline
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


class silenced_transformers:
    """Silence transformers' advice while a model loads; its errors still raise."""

    def __enter__(self):
        self._level = transformers.logging.get_verbosity()
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error):
        self._warnings.__exit__(*error)
        transformers.logging.set_verbosity(self._level)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"


def loading_error(source: str, error: Exception, kind: str) -> InputError:
    """Return what a failure to load `source` means to a user; `kind` is what it should be."""
    if "weights_only" in str(error) or isinstance(error, pickle.UnpicklingError):
        return InputError(
            f"{source}: expected weights alone, found a pickle that is damaged or holds code; it "
            "was not run"
        )
    if Path(source).is_dir():
        return InputError(
            f"{source}: expected a {kind} that transformers can load, found {_first_line(error)}"
        )
    return InputError(
        f"{source}: not in the local cache, and not to be had from the Hugging Face hub "
        f"({_first_line(error)}). Where there is no network, put its config.json, vocabulary and "
        "weights into a folder and give that folder as --model"
    )
