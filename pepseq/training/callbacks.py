"""What happens beside training: checkpoints are sealed, signals heard, progress shown."""

import math
from contextlib import AbstractContextManager

from transformers import TrainerCallback

from pepseq.io.progress import Progress
from pepseq.models.checkpoints import write_manifest
from pepseq.processes.signals import noting_sigterm


class Stopped(Exception):
    """Training ended early on purpose, after its checkpoint was written."""


class SafeCheckpoints(TrainerCallback):
    """Writes each checkpoint's manifest, and on SIGTERM saves one at the step's end and stops."""

    def __init__(self):
        self.trainer = None

    def on_train_begin(self, args, state, control, **others):
        """Catch up on a validation that a signal cut off."""
        self.trainer.catch_up()

    def on_step_end(self, args, state, control, **others):
        """Ask for a checkpoint if a signal came; bring the last step to its end, and log it."""
        if self.trainer.must_stop():
            control.should_save, control.should_evaluate = True, False
        if state.global_step >= state.max_steps:
            control.should_log = True
        return control

    def on_save(self, args, state, control, **others):
        """Seal the checkpoint just written; stop if a signal came."""
        if state.is_world_process_zero:
            write_manifest(self.trainer.checkpoint_folder(state.global_step))
        if self.trainer.must_stop():
            raise Stopped

    def hearing(self) -> AbstractContextManager:
        """Return the block within which SIGTERM asks for a checkpoint at the end of the step."""
        return noting_sigterm(self._stop)

    def _stop(self):
        self.trainer.stop_asked = True


class ShowProgress(TrainerCallback):
    """Shows steps done and time left, and each validation."""

    def __init__(self):
        self._progress, self._train_loss = None, math.nan

    def on_train_begin(self, args, state, control, **others):
        """Start counting."""
        if state.is_world_process_zero:
            self._progress = Progress("training", state.max_steps, "steps", state.global_step)

    def on_step_end(self, args, state, control, **others):
        """Count a step."""
        if self._progress:
            self._progress.add(1)

    def on_log(self, args, state, control, logs=None, **others):
        """Remember the training loss, and tell it with each validation."""
        self._train_loss = (logs or {}).get("loss", self._train_loss)
        if self._progress and "eval_loss" in (logs or {}):
            trained = f"training loss {self._train_loss:.4f}, " if state.global_step else ""
            self._progress.log_line(
                f"step {state.global_step} of {state.max_steps} (epoch {state.epoch or 0:.2f}): "
                f"{trained}validation loss {logs['eval_loss']:.4f}, "
                f"hidden-residue accuracy {100 * logs['eval_accuracy']:.2f} % (micro)"
            )

    def on_train_end(self, args, state, control, **others):
        """Close the bar."""
        if self._progress:
            self._progress.__exit__()
