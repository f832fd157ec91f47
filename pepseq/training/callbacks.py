"""Callbacks of the trainer: sealed checkpoints, a stop on SIGTERM, progress."""

import math
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pepseq.io.progress import Progress
from pepseq.models.checkpoints import write_manifest
from pepseq.training.trainer import MaskedTrainer


class TrainingStopped(Exception):
    """Training was stopped by a signal, after its checkpoint was written."""


class SealedCheckpoints(TrainerCallback):
    """Writes the manifest of each checkpoint; on SIGTERM, saves one after the step and stops."""

    def __init__(self, trainer: MaskedTrainer):
        self._trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Do a validation that a signal interrupted."""
        self._trainer.validate_if_due()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Request a checkpoint if a signal came; log the last step."""
        if self._trainer.must_stop():
            control.should_save, control.should_evaluate = True, False
        if state.global_step >= state.max_steps:
            control.should_log = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write the manifest of the new checkpoint; stop if a signal came."""
        if state.is_world_process_zero:
            write_manifest(self._trainer.checkpoint_folder(state.global_step))
        if self._trainer.must_stop():
            raise TrainingStopped


class TrainingProgress(TrainerCallback):
    """Shows the number of steps, the remaining time, and each validation."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._train_loss = math.nan

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the progress bar in the first process."""
        if state.is_world_process_zero:
            self._progress = Progress("training", state.max_steps, "steps", state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count a step."""
        if self._progress:
            self._progress.add(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the training loss, and print it with each validation."""
        logs = logs or {}
        self._train_loss = logs.get("loss", self._train_loss)
        if self._progress and "eval_loss" in logs:
            train_loss = f"training loss {self._train_loss:.4f}, " if state.global_step else ""
            self._progress.log_line(
                f"step {state.global_step} of {state.max_steps} (epoch {state.epoch or 0:.2f}): "
                f"{train_loss}validation loss {logs['eval_loss']:.4f}, "
                f"hidden-residue accuracy {100 * logs['eval_accuracy']:.2f} % (micro)"
            )

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the progress bar."""
        if self._progress:
            self._progress.__exit__()
