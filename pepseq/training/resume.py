"""What a training run leaves behind when it is stopped, and when another may go on with it."""

import dataclasses
import json
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.atomic_files import disk_errors
from pepseq.io.files import check_outputs
from pepseq.io.json_files import decode_json
from pepseq.io.run_record import sha256, to_json
from pepseq.models.checkpoints import (
    DESCRIPTION,
    MANIFEST,
    Checkpoint,
    check_manifest,
    find_checkpoint,
    weights_sha256,
)
from pepseq.models.random_weights import new_masked_lm
from pepseq.readout.readout import Readout
from pepseq.training.checkpoint_loading import read_state
from pepseq.training.config import FinetuneConfig
from pepseq.training.teacher import find_teacher

log = logging.getLogger(__name__)


def run_settings(
    train: list[str],
    validation: list[str],
    readouts: list[Readout],
    model: str | Path | None,
    from_scratch: str | Path | None,
    config: FinetuneConfig,
    offline: bool = False,
    teacher: str | Path | None = None,
) -> dict:
    """Return all that decides the result, to compare on resuming."""
    for path in (*train, *validation):
        if not Path(path).is_file():
            raise InputError(f"{path}: expected a file, found none (pipes cannot be read again)")
    if from_scratch is None:
        base = _identity(find_checkpoint(model, offline))
    else:
        network = new_masked_lm(from_scratch)[0].config.to_diff_dict()
        base = {"from_scratch": {k: v for k, v in network.items() if k != "transformers_version"}}
    values = dataclasses.asdict(config)
    weight = values.pop("teacher_weight")
    if teacher is not None:
        if config.loss == "all":
            raise SettingsError("--teacher: expected --loss hidden, found all")
        identity = _identity(find_teacher(teacher, readouts, offline))
        values |= {"teacher": identity, "teacher_weight": weight}
    elif weight != FinetuneConfig.teacher_weight:
        raise SettingsError(f"--teacher-weight {weight}: expected a --teacher, found none")
    return {
        "readouts": [str(r) for r in readouts],
        "base": base,
        "train": [[Path(p).name, sha256(p)] for p in train],
        "validation": [[Path(p).name, sha256(p)] for p in validation],
        **values,
    }


def _identity(checkpoint: Checkpoint) -> dict:
    """Return what tells a network from others: id and revision, or the SHA-256 of its weights."""
    folder = Path(checkpoint.source)
    if checkpoint.published is not None:
        return {"model": checkpoint.published}  # its files are checked when it is found
    if folder.is_dir():
        return {"model": folder.name, "sha256": weights_sha256(folder)}
    return {"model": checkpoint.source}


def is_done(output: Path, training: Path, settings: dict) -> bool:
    """Return whether `output` is the finished result of these settings; InputError if of others."""
    if not (output / DESCRIPTION).exists() or _checkpoints(training):
        return False
    check_manifest(output)
    before = decode_json((output / DESCRIPTION).read_text())["settings"]
    _compare(before, settings, output)
    return True


def _checkpoints(training: Path) -> list[Path]:
    """Return the checkpoints of an unfinished run, oldest first."""
    found = (training / "checkpoints").glob("checkpoint-*")
    found = (p for p in found if p.name.removeprefix("checkpoint-").isdecimal())
    return sorted(found, key=lambda p: int(p.name.removeprefix("checkpoint-")))


def _compare(before: dict, now: dict, where: Path) -> None:
    free = {"device", "threads"}
    for key in sorted((before.keys() | now.keys()) - free):
        if before.get(key) != json.loads(json.dumps(now.get(key))):
            raise InputError(
                f"{where}: cannot resume, {key} differs: was {before.get(key)}, is {now.get(key)}; "
                "resume with what it was, or start over with --force and without --resume"
            )


def check_output(
    output: Path, inputs: list[str], models: list[str | Path | None], force: bool
) -> None:
    """Refuse an output folder that holds an input, or that is not a trained network to replace."""
    check_outputs([output], inputs, force, folder=True)
    used = [Path(os.path.realpath(p)) for p in [*inputs, *filter(None, models)]]
    if any(output == path or output in path.parents for path in used):
        raise SettingsError(f"{output}: an output must not hold the inputs or a model")
    if output.exists():
        listed = {}
        with suppress(OSError, ValueError, KeyError):
            listed = decode_json((output / MANIFEST).read_text())["sha256"]
        foreign = {p.name for p in output.iterdir()} - {MANIFEST, *listed}
        if foreign:
            raise OutputError(
                f"{output}: expected a trained network to overwrite, found a folder that also "
                f"holds {min(foreign)}"
            )


def prepare_training(training: Path, settings: dict, resume: bool, force: bool) -> None:
    """Make the working folder, or check that the one of an earlier run fits.

    With both `resume` and `force`, a run of other settings is started over.
    """
    path = training / "settings.json"
    if training.is_symlink():
        raise OutputError(f"{training}: expected a folder of this run, found a link: remove it")
    if _checkpoints(training):
        if not (resume or force):
            raise OutputError(
                f"{training}: an unfinished run; --resume goes on with it, --force starts over"
            )
        try:
            if resume:
                _compare(decode_json(path.read_text()), settings, training)
                return
        except (OSError, ValueError, AttributeError) as error:
            if not force:
                raise InputError(f"{path}: expected the settings of the run, found {error}") from (
                    error
                )
        except InputError:
            if not force:
                raise
    with disk_errors(training):
        shutil.rmtree(training, ignore_errors=True)
        training.mkdir(parents=True)
        path.write_bytes(to_json(settings))


def newest_whole_checkpoint(training: Path) -> Path | None:
    """Return the newest checkpoint whose files are those of its manifest, its best one's too.

    Others are named in the log and passed over; those that are damaged are removed. Raises
    InputError for one whose state cannot be read though its files are those of its manifest.
    """
    for checkpoint in reversed(_checkpoints(training)):
        try:
            check_manifest(checkpoint)
        except InputError as error:
            log.warning("passing over %s: %s", checkpoint.name, error)
            shutil.rmtree(checkpoint, ignore_errors=True)
            continue
        state = read_state(checkpoint)
        try:
            if state.best_model_checkpoint:
                check_manifest(checkpoint.with_name(f"checkpoint-{state.best_global_step}"))
        except InputError as error:
            log.warning("passing over %s, whose best is damaged: %s", checkpoint.name, error)
            continue
        log.info("resuming at %s", checkpoint.name)
        return checkpoint
    return None


def is_over(checkpoint: Path, config: FinetuneConfig) -> bool:
    """Return whether training ended with this checkpoint: last step, or no more progress."""
    state = read_state(checkpoint)
    stopper = state.stateful_callbacks["EarlyStoppingCallback"]["attributes"]
    return (
        state.global_step >= state.max_steps
        or stopper["early_stopping_patience_counter"] >= config.patience
    )
