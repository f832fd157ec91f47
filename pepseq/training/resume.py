"""Resuming of a training run: its working folder, checkpoints, and settings that must agree."""

import json
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.atomic_files import disk_errors
from pepseq.io.files import check_outputs
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import to_json
from pepseq.models.checkpoints import DESCRIPTION, MANIFEST, check_manifest
from pepseq.training.checkpoint_loading import read_state, validations_without_progress
from pepseq.training.config import FinetuneConfig

log = logging.getLogger(__name__)


def is_done(output: Path, working_folder: Path, settings: dict[str, Any]) -> bool:
    """Return whether `output` is a finished run of these settings; InputError if of others."""
    if not (output / DESCRIPTION).exists() or _checkpoints(working_folder):
        return False
    check_manifest(output)
    earlier = decode_json((output / DESCRIPTION).read_text())["settings"]
    _check_same_settings(earlier, settings, output)
    return True


def _checkpoints(working_folder: Path) -> list[Path]:
    """Return the checkpoints of an unfinished run, oldest first."""
    steps = {
        path: path.name.removeprefix("checkpoint-")
        for path in (working_folder / "checkpoints").glob("checkpoint-*")
    }
    checkpoints = [path for path, step in steps.items() if step.isdecimal()]
    return sorted(checkpoints, key=lambda path: int(steps[path]))


def _check_same_settings(earlier: dict[str, Any], settings: dict[str, Any], folder: Path) -> None:
    """Raise InputError for a setting that differs and changes the result."""
    for key in sorted((earlier.keys() | settings.keys()) - {"device", "threads"}):
        was, is_now = earlier.get(key), settings.get(key)
        if was != json.loads(json.dumps(is_now)):
            raise InputError(
                f"{folder}: cannot resume, {key} differs: was {was}, is {is_now}; resume with the "
                "earlier value, or start over with --force and without --resume"
            )


def check_output(
    output: Path, inputs: list[str | Path], models: list[str | Path | None], force: bool
) -> None:
    """Raise an error for an output folder with an input or other files than a trained network."""
    check_outputs([output], inputs, force, folder=True)
    used = [Path(os.path.realpath(path)) for path in [*inputs, *models] if path]
    if any(output == path or output in path.parents for path in used):
        raise SettingsError(f"{output}: the folder contains an input or a model; give another name")
    if output.exists():
        listed: dict[str, str] = {}
        with suppress(OSError, ValueError, KeyError):
            listed = decode_json((output / MANIFEST).read_text())["sha256"]
        foreign = {path.name for path in output.iterdir()} - {MANIFEST, *listed}
        if foreign:
            raise OutputError(
                f"{output}: --force overwrites a trained network, but the folder also contains "
                f"{min(foreign)}; give another name"
            )


def prepare_working_folder(
    folder: Path, settings: dict[str, Any], resume: bool, force: bool
) -> None:
    """Make the working folder, or check that an earlier run there has the same settings.

    With both `resume` and `force`, a run of other settings is started over.
    """
    path = folder / "settings.json"
    if folder.is_symlink():
        raise OutputError(f"{folder}: expected a folder of this run, found a link: remove it")
    if _checkpoints(folder):
        if not (resume or force):
            raise OutputError(
                f"{folder}: this is an unfinished run; --resume resumes it, --force starts over"
            )
        try:
            if resume:
                _check_same_settings(decode_json(path.read_text()), settings, folder)
                return
        except (OSError, ValueError, AttributeError) as error:
            if not force:
                raise InputError(
                    f"{path}: expected the settings of the run, found {error}"
                ) from error
        except InputError:
            if not force:
                raise
    with disk_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        path.write_bytes(to_json(settings))


def newest_whole_checkpoint(working_folder: Path) -> Path | None:
    """Return the newest checkpoint that agrees with its manifest, as does its best checkpoint.

    Other checkpoints are named in the log and skipped; damaged ones are removed. Raises InputError
    for a checkpoint that agrees with its manifest but cannot be read.
    """
    for checkpoint in reversed(_checkpoints(working_folder)):
        try:
            check_manifest(checkpoint)
        except InputError as error:
            log.warning("skipping %s: %s", checkpoint.name, error)
            shutil.rmtree(checkpoint, ignore_errors=True)
            continue
        state = read_state(checkpoint)
        try:
            if state.best_model_checkpoint:
                check_manifest(checkpoint.with_name(f"checkpoint-{state.best_global_step}"))
        except InputError as error:
            log.warning("skipping %s: its best checkpoint is damaged: %s", checkpoint.name, error)
            continue
        log.info("resuming at %s", checkpoint.name)
        return checkpoint
    return None


def has_ended(checkpoint: Path, config: FinetuneConfig) -> bool:
    """Return whether training ended with this checkpoint: last step, or no more progress."""
    state = read_state(checkpoint)
    return (
        state.global_step >= state.max_steps
        or validations_without_progress(state) >= config.patience
    )
