"""transformers' Trainer for whole batches of masked proteins, which can be stopped and resumed."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel
from transformers.modeling_outputs import MaskedLMOutput

from pepseq.errors import InputError, OutputError, TryAgainError
from pepseq.training.checkpoint_loading import LoadingTrainer, read_state
from pepseq.training.data import IGNORED, TrainingBatches

log = logging.getLogger(__name__)


def masked_loss(
    outputs: MaskedLMOutput,
    labels: torch.Tensor,
    num_items_in_batch: torch.Tensor | int | None = None,
    candidates: torch.Tensor | None = None,
    targets: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the cross-entropy at labelled positions, summed and divided by `num_items_in_batch`.

    That number counts the labels of all batches of one step, so that accumulated batches weigh by
    their residues; None for the labels of this batch. With `candidates`, the token ids that labels
    can have, the softmax is over these alone, as in prediction: a network that learns several
    readouts need not learn which amino acids a readout excludes. `targets`, shape (rows, tokens,
    candidates), are probabilities of the candidates instead of labels.
    """
    scored = labels != IGNORED
    logits, truth = cast(torch.Tensor, outputs.logits)[scored].float(), labels[scored]
    if candidates is not None:
        logits = logits[:, candidates]
        truth = (truth[:, None] == candidates).int().argmax(1)
    if targets is not None:
        truth = targets[scored]
    loss = cross_entropy(logits, truth, reduction="sum")
    return loss / (scored.sum() if num_items_in_batch is None else num_items_in_batch)


class MaskedTrainer(LoadingTrainer):
    """Trainer on TrainingBatches.

    A loss that is not finite stops the run before the weights change, and its error names the
    batch. A batch that exceeds the GPU's memory is repeated in halves, then quarters, with the same
    gradient. Several processes with one batch each do the same step as one process that accumulates
    as many batches.
    """

    model: PreTrainedModel
    train_dataset: TrainingBatches
    eval_dataset: TrainingBatches

    def __init__(self, *, train: TrainingBatches, validation: TrainingBatches, **arguments: Any):
        super().__init__(
            train_dataset=train,
            eval_dataset=validation,
            data_collator=_first_item,
            compute_loss_func=self._loss,
            **arguments,
        )
        self._parts = 1
        self._step_inputs: list[dict[str, Any]] = []
        self._stop_requested = False

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """Return the batches of a step, and how many labels they have in all processes."""
        rounds = math.ceil(len(self.train_dataset) / self.args.world_size)
        steps = math.ceil(rounds / self.args.gradient_accumulation_steps)
        first = self.state.global_step % steps * self.args.gradient_accumulation_steps
        batches = self._ignore_repeats(epoch_iterator, first)
        return super().get_batch_samples(batches, num_batches, device)

    def _ignore_repeats(
        self, batches: Iterator[dict[str, Any]], first: int
    ) -> Iterator[dict[str, Any]]:
        """Remove the labels of batches that are repeated to give every process one."""
        for number, inputs in enumerate(batches, first):
            index = number * self.args.world_size + self.args.process_index
            if index >= len(self.train_dataset):
                inputs["labels"] = torch.full_like(inputs["labels"], IGNORED)
            yield inputs

    def compute_loss(self, model, inputs, *arguments, **keywords):
        """Return the loss of one batch; InputError if it is not finite."""
        batch, self._targets = inputs.pop("batch"), inputs.pop("targets", None)
        self._candidates = self._scored_candidates(self.train_dataset, int(batch))
        loss: Any = super().compute_loss(model, inputs, *arguments, **keywords)
        if not torch.isfinite(loss):
            raise InputError(
                f"step {self.state.global_step + 1}: loss is {loss.item()} at "
                f"{self.train_dataset.describe(int(batch))}; the weights are those of the "
                "previous step. Try a lower --learning-rate or --precision fp32"
            )
        return loss

    def _loss(self, outputs, labels, num_items_in_batch=None):
        return masked_loss(outputs, labels, num_items_in_batch, self._candidates, self._targets)

    def _scored_candidates(self, data: TrainingBatches, batch: int) -> torch.Tensor | None:
        return None if data.scores_all else data.candidates(batch).to(self.args.device)

    def training_step(self, model, inputs, num_items_in_batch=None):
        """Add the gradients of one batch; if memory runs out, repeat the step in smaller parts."""
        self._step_inputs.append(inputs)
        batches = [inputs]
        while True:
            try:
                losses = [self._step_in_parts(model, item, num_items_in_batch) for item in batches]
                break
            except torch.OutOfMemoryError as error:
                self._halve_parts(error)
                model.zero_grad()
                batches = list(self._step_inputs)
        if self.accelerator.sync_gradients:
            self._step_inputs.clear()
        return losses[-1]

    def _step_in_parts(self, model, inputs, num_items_in_batch):
        rows = inputs["input_ids"].shape[0]
        size = math.ceil(rows / self._parts)
        return sum(
            super(MaskedTrainer, self).training_step(
                model, _rows(inputs, start, start + size), num_items_in_batch
            )
            for start in range(0, rows, size)
        )

    def _halve_parts(self, error: torch.OutOfMemoryError) -> None:
        rows = max(item["input_ids"].shape[0] for item in self._step_inputs)
        if self._parts >= rows or self.accelerator.num_processes > 1:
            raise TryAgainError(
                "out of memory: resume with a smaller --batch-residues or --window, or with "
                "--gradient-checkpointing"
            ) from error
        self._parts *= 2
        torch.cuda.empty_cache()
        log.warning("out of memory: each batch is split into %d parts from here on", self._parts)

    @torch.no_grad()
    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
        """Return loss and hidden-residue accuracy (micro, 0-1) over the validation proteins."""
        data = self.eval_dataset
        model = self.model.eval()
        totals = torch.zeros(4, dtype=torch.float64)
        for first in range(0, len(data), self.args.world_size):
            if self.state.global_step and self.must_stop():
                self.save_and_stop()
            if (index := first + self.args.process_index) < len(data):
                totals += self._validate(model, data, index)
        loss, labels, correct, hidden = self.accelerator.reduce(
            totals.float().to(self.args.device)
        ).tolist()
        if not math.isfinite(loss):
            raise InputError(
                f"step {self.state.global_step}: the validation loss is {loss}. Try a lower "
                "--learning-rate or --precision fp32"
            )
        metrics = {
            f"{metric_key_prefix}_loss": loss / labels,
            f"{metric_key_prefix}_accuracy": correct / max(hidden, 1),
        }
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _save_checkpoint(self, *arguments):
        try:
            super()._save_checkpoint(*arguments)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise OutputError(f"{self.args.output_dir}: cannot be written: {error}") from error

    def request_stop(self) -> None:
        """Stop after the current step, with a checkpoint; may be called by a signal handler."""
        self._stop_requested = True

    def must_stop(self) -> bool:
        """Return whether any process has a request to stop before the last step.

        All processes must call it together.
        """
        requested = self._stop_requested
        if self.args.world_size > 1:
            flag = torch.tensor([float(requested)], device=self.args.device)
            requested = bool(self.accelerator.reduce(flag).item())
            if requested:  # never set to False: a signal may come at any moment
                self._stop_requested = True
        return requested and self.state.global_step < self.state.max_steps

    def save_and_stop(self) -> None:
        """Write a checkpoint without its validation, which the resumed run does."""
        self._save_checkpoint(self.model, None)
        self.callback_handler.on_save(self.args, self.state, self.control)

    def load_ended_run(self, checkpoint: Path) -> None:
        """Load state and best weights of a run that has ended with this checkpoint."""
        self.state = read_state(checkpoint)
        self.validate_if_due()
        self._load_best_model()

    def validate_if_due(self) -> None:
        """Validate before the first step, or if the validation of the checkpoint is missing.

        The path of the best checkpoint is corrected if the run was moved.
        """
        if self.state.best_global_step is not None and self.state.best_model_checkpoint:
            best = self.checkpoint_folder(self.state.best_global_step)
            self.state.best_model_checkpoint = str(best)
        step = self.state.global_step
        done = any(row["step"] == step and "eval_loss" in row for row in self.state.log_history)
        if not step:
            self.evaluate()
        elif step % self.state.eval_steps == 0 and not done:
            self._determine_best_metric(self.evaluate(), None)

    def checkpoint_folder(self, step: int) -> Path:
        """Return the folder of the checkpoint of a step."""
        return Path(str(self.args.output_dir)) / f"checkpoint-{step}"

    def _validate(self, model, data: TrainingBatches, index: int) -> torch.Tensor:
        """Return the sums of a batch: loss, labels, correct hidden residues, hidden residues."""
        item = data[index]
        labels, hidden = item["labels"], data.hidden(item)
        with self.compute_loss_context_manager():
            outputs = model(
                **{
                    name: item[name].to(self.args.device)
                    for name in ("input_ids", "attention_mask", "emission")
                    if name in item
                }
            )
        scored = self._scored_candidates(data, index)
        loss = masked_loss(outputs, labels.to(self.args.device), 1, scored)
        candidates = data.candidates(index)
        best = outputs.logits.cpu()[hidden][:, candidates].argmax(-1)
        correct = (candidates[best] == labels[hidden]).sum()
        counts = [float(loss), (labels != IGNORED).sum(), correct, hidden.sum()]
        return torch.tensor(counts, dtype=torch.float64)


def _first_item(items: list[dict[str, Any]]) -> dict[str, Any]:
    return items[0]


def _rows(inputs: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    return {
        key: value[start:end] if isinstance(value, torch.Tensor) else value
        for key, value in inputs.items()
    }
