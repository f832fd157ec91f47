"""Loading the checkpoints of an interrupted run, whose faults are faults of a file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import Trainer, TrainerState

from pepseq.errors import InputError


class LoadingTrainer(Trainer):
    """Trainer that raises InputError, with the file named, for a checkpoint it cannot load.

    transformers loads pickles as data only; code in one is not run.
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
    """Return how far a checkpoint's run had come; InputError for a file that does not say."""
    with _reading(checkpoint, "trainer_state.json"):
        state = TrainerState.load_from_json(checkpoint / "trainer_state.json")
        counters = state.stateful_callbacks["EarlyStoppingCallback"]["attributes"]
        json.dumps([state.log_history, int(state.global_step), int(state.max_steps)])
        int(counters["early_stopping_patience_counter"])
        return state


@contextmanager
def _reading(checkpoint: str | Path | None, name: str) -> Iterator[None]:
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise InputError(  # torch's own words advise to run the code
            f"{checkpoint}: cannot load {name} ({type(error).__name__}): the file is damaged, "
            "holds code (which was not run), or is not of this run; remove this folder to resume "
            "from the checkpoint before it, or start over with --force and without --resume"
        ) from error
