"""A training run from its start, or its newest checkpoint, to its end."""

import logging
import shutil
from pathlib import Path
from typing import Any

import torch

from pepseq.errors import InputError, LostProcessError, StoppedError
from pepseq.io.failures import FailedRecord
from pepseq.processes.signals import noting_sigterm
from pepseq.training.callbacks import TrainingStopped
from pepseq.training.plan import TrainingPlan
from pepseq.training.process_group import (
    broadcast_from_first,
    is_first_process,
    is_lost_connection,
)
from pepseq.training.resume import has_ended, newest_whole_checkpoint, prepare_working_folder
from pepseq.training.trainer import MaskedTrainer
from pepseq.training.trainer_setup import make_trainer

log = logging.getLogger(__name__)


def run_training(
    plan: TrainingPlan,
    settings: dict[str, Any],
    failed: list[FailedRecord],
    *,
    resume: bool,
    force: bool,
) -> MaskedTrainer:
    """Return the trainer after the last step, with the weights of the best validation.

    Records that cannot be read are added to `failed`. If the run ends before its first checkpoint,
    the working folder is removed.
    """
    first = is_first_process()
    if first:
        prepare_working_folder(plan.working_folder, settings, resume, force)
    try:
        if plan.config.threads:
            torch.set_num_threads(plan.config.threads)
        trainer = make_trainer(plan, failed)
        _train_to_end(trainer, plan)
    except BaseException:
        if first and not any(plan.working_folder.glob("checkpoints/checkpoint-*")):
            shutil.rmtree(plan.working_folder, ignore_errors=True)
        raise
    return trainer


def _train_to_end(trainer: MaskedTrainer, plan: TrainingPlan) -> None:
    """Train from the newest whole checkpoint, or from the start."""
    checkpoint = _choose_checkpoint(plan.working_folder)
    try:
        with noting_sigterm(trainer.request_stop):
            if checkpoint and has_ended(checkpoint, plan.config):
                trainer.load_ended_run(checkpoint)
            else:
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except TrainingStopped as stop:
        raise StoppedError(
            f"stopped at step {trainer.state.global_step}; to resume, run the same command with "
            "--resume"
        ) from stop
    except RuntimeError as error:
        if is_lost_connection(error):
            raise LostProcessError(
                f"step {trainer.state.global_step}: another process of this run has ended, and "
                "its message gives the reason; to resume, run the same command with --resume"
            ) from error
        raise


def _choose_checkpoint(working_folder: Path) -> Path | None:
    """Return the checkpoint to resume from, the same in all processes."""
    checkpoint = newest_whole_checkpoint(working_folder) if is_first_process() else None
    checkpoint = broadcast_from_first(checkpoint)
    if checkpoint is not None and not checkpoint.is_dir():
        raise InputError(
            f"{checkpoint}: the first process resumes from this checkpoint, but it is missing "
            "here: the output folder must be the same on every node"
        )
    return checkpoint
