"""What a training run leaves behind when it is stopped, and when another may go on with it."""

import dataclasses
import json
import logging
import shutil
from pathlib import Path

from pepseq.errors import InputError, OutputError
from pepseq.files import disk_errors, sha256, to_json
from pepseq.models.checkpoints import DESCRIPTION, check_manifest, find_checkpoint
from pepseq.models.scratch import new_network
from pepseq.readout.readout import Readout
from pepseq.reconstruction.config import FinetuneConfig

log = logging.getLogger(__name__)


def run_settings(
    train: list[str],
    validation: list[str],
    readouts: list[Readout],
    model: str | Path | None,
    from_scratch: str | Path | None,
    config: FinetuneConfig,
) -> dict:
    """Return all that decides the result, to compare on resuming."""
    for path in (*train, *validation):
        if not Path(path).is_file():
            raise InputError(f"{path}: expected a file, found none (pipes cannot be read again)")
    if from_scratch is None:
        checkpoint = find_checkpoint(model)
        folder = Path(checkpoint.source)
        base = {"model": folder.name if folder.is_dir() else checkpoint.source}
        if folder.is_dir():
            files = sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".bin"))
            base["sha256"] = {p.name: sha256(p) for p in files}
    else:
        network = new_network(from_scratch)[0].config.to_diff_dict()
        base = {"from_scratch": {k: v for k, v in network.items() if k != "transformers_version"}}
    return {
        "readouts": [str(r) for r in readouts],
        "base": base,
        "train": {Path(p).name: sha256(p) for p in train},
        "validation": {Path(p).name: sha256(p) for p in validation},
        **dataclasses.asdict(config),
    }


def is_done(output: Path, settings: dict) -> bool:
    """Return whether `output` is the finished result of these settings; InputError if of others."""
    if not (output / DESCRIPTION).exists():
        return False
    check_manifest(output)
    _compare(json.loads((output / DESCRIPTION).read_text())["settings"], settings, output)
    return True


def _compare(before: dict, now: dict, where: Path) -> None:
    free = {"device", "threads"}
    for key in sorted((before.keys() | now.keys()) - free):
        if before.get(key) != json.loads(json.dumps(now.get(key))):
            raise InputError(
                f"{where}: cannot resume, {key} differs: was {before.get(key)}, is {now.get(key)}; "
                "resume with what it was, or start over with --force"
            )


def prepare_training(
    output: Path, training: Path, settings: dict, resume: bool, force: bool
) -> None:
    """Make the working folder, or check that the one of an earlier run fits."""
    if output.exists() and not force:
        raise OutputError(f"{output}: exists already; --force overwrites it")
    if output.exists() and not (output / DESCRIPTION).exists() and any(output.iterdir()):
        raise OutputError(f"{output}: expected a trained network to overwrite, found other things")
    path = training / "settings.json"
    if any(training.glob("checkpoints/checkpoint-*")) and not force:
        if not resume:
            raise OutputError(
                f"{training}: an unfinished run; --resume goes on with it, --force starts over"
            )
        _compare(json.loads(path.read_text()), settings, training)
        return
    with disk_errors(training):
        shutil.rmtree(training, ignore_errors=True)
        training.mkdir(parents=True)
        path.write_bytes(to_json(settings))


def newest_whole_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint whose files are those of its manifest, its best one's too.

    Damaged ones are named in the log and removed.
    """
    found = sorted(folder.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    while found:
        newest = found.pop()
        try:
            check_manifest(newest)
            state = json.loads((newest / "trainer_state.json").read_text())
            if state["best_model_checkpoint"]:
                check_manifest(Path(state["best_model_checkpoint"]))
            log.info("resuming at %s", newest.name)
            return newest
        except InputError as error:
            log.warning("passing over %s: %s", newest.name, error)
            shutil.rmtree(newest, ignore_errors=True)
    return None


def is_over(checkpoint: Path, config: FinetuneConfig) -> bool:
    """Return whether training ended with this checkpoint: last step, or no more progress."""
    state = json.loads((checkpoint / "trainer_state.json").read_text())
    stopper = state["stateful_callbacks"]["EarlyStoppingCallback"]["attributes"]
    return (
        state["global_step"] >= state["max_steps"]
        or stopper["early_stopping_patience_counter"] >= config.patience
    )
