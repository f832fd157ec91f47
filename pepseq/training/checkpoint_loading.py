"""Loading of the checkpoints of an interrupted run; an error names the damaged file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from transformers import Trainer, TrainerState

from pepseq.errors import InputError


class LoadingTrainer(Trainer):
    """Trainer that raises InputError, which names the file, if a checkpoint cannot be loaded.

    transformers loads pickles as data only; code in them is not run.
    """

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        with _reading(resume_from_checkpoint, "model.safetensors"):
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_best_model(self):
        with _reading(self.state.best_model_checkpoint, "model.safetensors"):
            super()._load_best_model()

    def _load_optimizer_and_scheduler(self, checkpoint):
        with _reading(checkpoint, "optimizer.pt or scheduler.pt"):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_scaler(self, checkpoint):
        with _reading(checkpoint, "scaler.pt"):
            super()._load_scaler(checkpoint)

    def _load_rng_state(self, checkpoint):
        with _reading(checkpoint, "rng_state.pth"):
            super()._load_rng_state(checkpoint)


def read_state(checkpoint: Path) -> TrainerState:
    """Return step, losses and counters of a checkpoint; InputError if its file is damaged."""
    with _reading(checkpoint, "trainer_state.json"):
        state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        json.dumps([state.log_history, int(state.global_step), int(state.max_steps)])
        validations_without_progress(state)
        return state


def validations_without_progress(state: TrainerState) -> int:
    """Return the number of validations since the loss last fell."""
    callbacks = cast(dict[str, Any], state.stateful_callbacks)
    attributes = callbacks["EarlyStoppingCallback"]["attributes"]
    return int(attributes["early_stopping_patience_counter"])


@contextmanager
def _reading(checkpoint: str | Path | None, name: str) -> Iterator[None]:
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise InputError(  # torch's own message advises to run the code
            f"{checkpoint}: cannot load {name} ({type(error).__name__}): the file is damaged, "
            "holds code (which was not run), or is not of this run; remove this folder to resume "
            "from the checkpoint before it, or start over with --force and without --resume"
        ) from error
