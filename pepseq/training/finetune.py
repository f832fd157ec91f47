"""Train a masked protein language model to complete readouts (Pham et al. 2024).

While a run goes on, its checkpoints lie in `.<output>.training` beside the output folder, which
appears whole at the end. A run that was stopped is resumed from there.
"""

import logging
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError

from pepseq.errors import (
    InputError,
    LostProcessError,
    OutputError,
    SettingsError,
    StoppedError,
)
from pepseq.io.atomic_files import disk_errors, locked
from pepseq.io.failures import write_failed
from pepseq.io.json_files import decode_json
from pepseq.io.outputs import Outputs
from pepseq.io.publishing import recover
from pepseq.io.run_record import run_record, to_json
from pepseq.models.checkpoints import DESCRIPTION, find_checkpoint, write_manifest
from pepseq.readout.readout import Readout
from pepseq.training.callbacks import Stopped
from pepseq.training.checkpoint_loading import read_state
from pepseq.training.config import FinetuneConfig
from pepseq.training.loss_curves import metrics_table, plot_losses
from pepseq.training.plan import Job, make_trainer
from pepseq.training.resume import (
    check_output,
    is_done,
    is_over,
    newest_whole_checkpoint,
    prepare_training,
    run_settings,
)
from pepseq.training.trainer import MaskedTrainer

log = logging.getLogger(__name__)
Paths = str | Path | Sequence[str | Path]


def finetune(
    train: Paths,
    validation: Paths,
    output: str | Path,
    readout: str | Readout | Sequence[str | Readout],
    *,
    model: str | Path | None = None,
    from_scratch: str | Path | None = None,
    teacher: str | Path | None = None,
    config: FinetuneConfig = FinetuneConfig(),  # noqa: B008 - frozen
    resume: bool = False,
    force: bool = False,
    keep_going: bool = False,
    tensorboard: bool = False,
    offline: bool = False,
) -> dict:
    """Train a network on whole proteins and return what `<output>/pepseq.json` says of it.

    `train` and `validation` are FASTA files; each protein is masked by every readout given. The
    network starts from `model` (a folder, a known model's name or a Hugging Face id; with `offline`
    it must be on this machine; None for the bundled default), or, with `from_scratch` (`tiny`,
    `small` or a JSON file), from random weights. With a `teacher`, named as `model` is, it learns
    that network's probabilities too: see `FinetuneConfig.teacher_weight`. `output` becomes a folder
    that `predict` and
    transformers can load. With `keep_going`, records that cannot be read are left out and listed
    in `<output>.failed.tsv`; otherwise the first of them ends the run before training.

    Raises SettingsError, InputError (bad data or model, changed settings on resuming, loss not
    finite), OutputError, and TryAgainError when stopped by SIGTERM or out of memory.
    """
    if model is not None and from_scratch is not None:
        raise SettingsError("expected either --model or --from-scratch, found both")
    started, output = time.time(), Path(os.path.realpath(output))
    readouts = [readout] if isinstance(readout, str | Readout) else list(readout)
    readouts = list(dict.fromkeys(r if isinstance(r, Readout) else Readout(r) for r in readouts))
    training = output.parent / f".{output.name}.training"
    job = Job(
        _as_list(train),
        _as_list(validation),
        readouts,
        model,
        from_scratch,
        config,
        training,
        tensorboard,
        keep_going,
        offline,
        [],
        teacher,
    )
    inputs = [*job.train, *job.validation]
    main = os.environ.get("RANK", "0") == "0"
    with locked(output) if main else nullcontext():
        if main:
            recover(output)
        settings = run_settings(
            job.train, job.validation, readouts, model, from_scratch, config, offline, teacher
        )
        trainer = None
        if resume and is_done(output, training, settings):
            log.info("%s: finished already, nothing to do", output)
            description = decode_json((output / DESCRIPTION).read_text())
        else:
            check_output(output, inputs, [model, teacher], force)
            trainer = _trained(job, settings, resume, force, main)
            description = _describe(trainer, job, settings, started)
        if main:
            with Outputs() as outputs, disk_errors(output):
                if trainer is not None:
                    _write(trainer, job, description, training / "final")
                    outputs.adopt(training / "final", output, "model", force)
                    write_failed(outputs, output, job.bad, trainer.train_dataset.proteins)
                if trainer is not None or not Path(f"{output}.run.json").exists():
                    outputs.record(output, run_record("finetune", settings, inputs, started))
            shutil.rmtree(training, ignore_errors=True)
    return description


def _as_list(paths: Paths) -> list[str]:
    return [str(p) for p in ([paths] if isinstance(paths, str | Path) else paths)]


def _trained(job: Job, settings: dict, resume: bool, force: bool, main: bool) -> MaskedTrainer:
    """Return the trainer when all is done; leave nothing behind if it ends before a checkpoint."""
    if main:
        prepare_training(job.training, settings, resume, force)
    try:
        if job.config.threads:
            torch.set_num_threads(job.config.threads)
        trainer = make_trainer(job)
        _train(trainer, job.training, job.config)
    except BaseException:
        if main and not any(job.training.glob("checkpoints/checkpoint-*")):
            shutil.rmtree(job.training, ignore_errors=True)
        raise
    return trainer


def _train(trainer: MaskedTrainer, training: Path, config: FinetuneConfig) -> None:
    """Train to the end, from the newest whole checkpoint if there is one."""
    checkpoint = _newest_checkpoint(training)
    try:
        with trainer.callback_handler.callbacks[-1].hearing():
            if checkpoint and is_over(checkpoint, config):
                trainer.state = read_state(checkpoint)
                trainer.catch_up()
                trainer._load_best_model()
            else:
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except Stopped as stop:
        raise StoppedError(
            f"stopped at step {trainer.state.global_step}; to resume, run the same command with "
            "--resume"
        ) from stop
    except RuntimeError as error:
        if _lost(error):
            raise LostProcessError(
                f"step {trainer.state.global_step}: another process of this run has ended, which "
                "says why; to resume, run the same command with --resume"
            ) from error
        raise


def _lost(error: RuntimeError) -> bool:
    """Say whether this process failed because it cannot reach another one."""
    if not torch.distributed.is_initialized():
        return False
    words = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "Timed out")
    return isinstance(error, torch.distributed.DistError) or any(w in str(error) for w in words)


def _newest_checkpoint(training: Path) -> Path | None:
    """Return the checkpoint to go on from: the first process chooses, and the others follow."""
    if not torch.distributed.is_initialized():
        return newest_whole_checkpoint(training)
    first = torch.distributed.get_rank() == 0
    chosen = broadcast_object_list([newest_whole_checkpoint(training) if first else None])[0]
    if chosen is not None and not chosen.is_dir():
        raise InputError(
            f"{chosen}: expected the checkpoint that the first process resumes from, found none: "
            "the folder of the output must be the same one on every node"
        )
    return chosen


def _describe(trainer: MaskedTrainer, job: Job, settings: dict, started: float) -> dict:
    best = min(
        (row for row in trainer.state.log_history if "eval_loss" in row),
        key=lambda row: row["eval_loss"],
    )
    data = trainer.train_dataset
    return {
        "readouts": [str(r) for r in job.readouts],
        "window": data.window,
        "validation": {
            "step": best["step"],
            "loss": best["eval_loss"],
            "hidden_residue_accuracy_micro": best["eval_accuracy"],
        },
        "train": {"proteins": data.proteins, "residues": data.residues},
        "steps": trainer.state.global_step,
        "seconds": round(time.time() - started, 1),
        "device": str(trainer.args.device),
        "settings": settings,
        "versions": run_record("finetune", {}, [], started)["libraries"],
    }


def _write(trainer: MaskedTrainer, job: Job, description: dict, folder: Path) -> None:
    """Write network, tokenizer, description, curves and manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    config, network = job.config, trainer.accelerator.unwrap_model(trainer.model)
    if config.lora:
        network = network.merge_and_unload()
    dtype = {"fp32": torch.float32, "fp16": torch.float16}[config.save_precision]
    try:
        if trainer.processing_class is None:
            network.save_network(folder, Path(find_checkpoint(job.model).source))
        else:
            network.to(dtype).save_pretrained(folder)
            trainer.processing_class.save_pretrained(folder)
    except (RuntimeError, SafetensorError) as error:
        raise OutputError(f"{folder}: cannot be written: {error}") from error
    table = metrics_table(trainer.state.log_history)
    table.to_csv(folder / "metrics.tsv", sep="\t", index=False)
    plot_losses(table, folder / "loss.png")
    (folder / DESCRIPTION).write_bytes(to_json(description))
    for path in folder.iterdir():
        path.chmod(0o644)
    write_manifest(folder)
