"""The references of a run: those given, the bundled one, or none."""

from collections.abc import Sequence
from pathlib import Path

from pepseq.errors import SettingsError
from pepseq.library.entries import reference_paths
from pepseq.prediction.config import PredictConfig
from pepseq.settings import check_config
from pepseq.templates import BUNDLED_REFERENCE

References = str | Path | Sequence[str | Path] | None
"""FASTA files of known proteins; None for the default."""


def choose_references(
    reference: References, model: str | Path | None, config: PredictConfig
) -> list[str | Path]:
    """Return the FASTA files of templates: the given ones, the bundled one, or none.

    Raises SettingsError if reference, model and mode contradict each other.
    """
    check_config(config, PredictConfig)
    if config.mode == "templates" and model is not None:
        raise SettingsError("--model: mode templates uses no network; choose auto or model")
    paths: list[str | Path] = []
    if reference is not None:
        if config.mode == "model":
            raise SettingsError(
                "--reference: mode model uses no templates; choose auto or templates"
            )
        paths = reference_paths(reference)
    bundled = config.mode == "templates" or (config.mode == "auto" and model is None)
    return paths or ([BUNDLED_REFERENCE] if bundled else [])
