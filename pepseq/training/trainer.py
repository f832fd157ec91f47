"""transformers' Trainer for whole batches of masked proteins, made safe to stop and to resume."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch.nn.functional import cross_entropy

from pepseq.errors import InputError, OutputError, TryAgainError
from pepseq.training.checkpoint_loading import LoadingTrainer
from pepseq.training.data import IGNORED, TrainingBatches

log = logging.getLogger(__name__)


def masked_loss(
    outputs,
    labels: torch.Tensor,
    num_items_in_batch=None,
    candidates: torch.Tensor | None = None,
    targets: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the cross-entropy at labelled positions, summed and divided by `num_items_in_batch`.

    That number counts the labels of all batches that make up one step, so accumulated batches
    weigh by their residues; None means the labels of this batch. With `candidates`, token ids of
    which each label is one, the choice is among these alone, as in prediction: networks that learn
    several readouts at once need not learn which amino acids a readout rules out. `targets`, of
    shape (rows, tokens, candidates), are probabilities of the candidates in place of the label.
    """
    scored = labels != IGNORED
    logits, wanted = outputs.logits[scored].float(), labels[scored]
    if candidates is not None:
        logits = logits[:, candidates]
        wanted = (wanted[:, None] == candidates).int().argmax(1)
    if targets is not None:
        wanted = targets[scored]
    loss = cross_entropy(logits, wanted, reduction="sum")
    return loss / (scored.sum() if num_items_in_batch is None else num_items_in_batch)


class MaskedTrainer(LoadingTrainer):
    """Trainer whose batches are made beforehand and whose faults name the batch.

    A loss that is not finite stops the run before the weights change. A batch that exceeds the
    GPU's memory is done again in halves, then quarters, with the same gradient. Several processes
    of a batch each do what one process with as many accumulated batches does.
    """

    def __init__(self, *, train: TrainingBatches, validation: TrainingBatches, **arguments):
        super().__init__(
            train_dataset=train,
            eval_dataset=validation,
            data_collator=_only,
            compute_loss_func=self._loss,
            **arguments,
        )
        self._parts = 1
        self._step_inputs: list[dict] = []
        self.stop_asked = False

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """Return the batches of a step, and how many labels they have in all processes."""
        rounds = math.ceil(len(self.train_dataset) / self.args.world_size)
        steps = math.ceil(rounds / self.args.gradient_accumulation_steps)
        first = self.state.global_step % steps * self.args.gradient_accumulation_steps
        once = self._once(epoch_iterator, first)
        return super().get_batch_samples(once, num_batches, device)

    def _once(self, batches: Iterator[dict], first: int) -> Iterator[dict]:
        """Hide the labels of batches that come again because processes outnumber those left."""
        for number, inputs in enumerate(batches, first):
            place = number * self.args.world_size + self.args.process_index
            if place >= len(self.train_dataset):
                inputs["labels"] = torch.full_like(inputs["labels"], IGNORED)
            yield inputs

    def compute_loss(self, model, inputs, *arguments, **keywords):
        """Return the loss of one batch; InputError if it is not finite."""
        batch, self._targets = inputs.pop("batch"), inputs.pop("targets", None)
        self._candidates = self._scored_candidates(self.train_dataset, int(batch))
        loss = super().compute_loss(model, inputs, *arguments, **keywords)
        if not torch.isfinite(loss):
            raise InputError(
                f"step {self.state.global_step + 1}: loss is {loss.item()} at "
                f"{self.train_dataset.describe(int(batch))}; the weights are still those of the "
                "step before. A lower --learning-rate or --precision fp32 helps"
            )
        return loss

    def _loss(self, outputs, labels, num_items_in_batch=None):
        return masked_loss(outputs, labels, num_items_in_batch, self._candidates, self._targets)

    def _scored_candidates(self, data: TrainingBatches, batch: int) -> torch.Tensor | None:
        return None if data.scores_all else data.candidates(batch).to(self.args.device)

    def training_step(self, model, inputs, num_items_in_batch=None):
        """Add up the gradients of one batch, in parts if memory asks for it."""
        self._step_inputs.append(inputs)
        todo = [inputs]
        while True:
            try:
                losses = [self._in_parts(model, item, num_items_in_batch) for item in todo]
                break
            except torch.OutOfMemoryError as error:
                self._halve(error)
                model.zero_grad()
                todo = list(self._step_inputs)
        if self.accelerator.sync_gradients:
            self._step_inputs.clear()
        return losses[-1]

    def _in_parts(self, model, inputs, num_items_in_batch):
        rows = inputs["input_ids"].shape[0]
        size = math.ceil(rows / self._parts)
        return sum(
            super(MaskedTrainer, self).training_step(
                model, _rows(inputs, start, start + size), num_items_in_batch
            )
            for start in range(0, rows, size)
        )

    def _halve(self, error: torch.OutOfMemoryError) -> None:
        rows = max(item["input_ids"].shape[0] for item in self._step_inputs)
        if self._parts >= rows or self.accelerator.num_processes > 1:
            raise TryAgainError(
                "out of memory: resume with a smaller --batch-residues or --window, or with "
                "--gradient-checkpointing"
            ) from error
        self._parts *= 2
        torch.cuda.empty_cache()
        log.warning("out of memory: batches are done in %d parts from here on", self._parts)

    @torch.no_grad()
    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
        """Return loss and hidden-residue accuracy (micro, 0-1) over the validation proteins."""
        data: TrainingBatches = self.eval_dataset
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
                f"step {self.state.global_step}: the validation loss is {loss}. A lower "
                "--learning-rate or --precision fp32 helps"
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

    def must_stop(self) -> bool:
        """Return whether a signal has come to any process before the last step; ask in all."""
        asked = self.stop_asked
        if self.args.world_size > 1:
            flag = torch.tensor([float(asked)], device=self.args.device)
            asked = bool(self.accelerator.reduce(flag).item())
            if asked:  # a signal may come at any moment: never set back what it sets
                self.stop_asked = True
        return asked and self.state.global_step < self.state.max_steps

    def save_and_stop(self):
        """Write a checkpoint now, its validation left for the run that resumes."""
        self._save_checkpoint(self.model, None)
        self.callback_handler.on_save(self.args, self.state, self.control)

    def catch_up(self):
        """Validate before the first step, or what was due at the checkpoint; follow its folder."""
        if self.state.best_model_checkpoint:
            best = self.checkpoint_folder(self.state.best_global_step)
            self.state.best_model_checkpoint = str(best)
        step = self.state.global_step
        done = any(row["step"] == step and "eval_loss" in row for row in self.state.log_history)
        if not step:
            self.evaluate()
        elif step % self.state.eval_steps == 0 and not done:
            self._determine_best_metric(self.evaluate(), None)

    def checkpoint_folder(self, step: int) -> Path:
        """Return where the checkpoint of a step lies."""
        return Path(self.args.output_dir) / f"checkpoint-{step}"

    def _validate(self, model, data: TrainingBatches, index: int) -> torch.Tensor:
        """Return summed loss, labels, correct hidden residues, hidden residues of one batch."""
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
        choice = outputs.logits.cpu()[hidden][:, candidates].argmax(-1)
        correct = (candidates[choice] == labels[hidden]).sum()
        counts = [float(loss), (labels != IGNORED).sum(), correct, hidden.sum()]
        return torch.tensor(counts, dtype=torch.float64)


def _only(items: list) -> dict:
    return items[0]


def _rows(inputs: dict, start: int, end: int) -> dict:
    return {
        key: value[start:end] if isinstance(value, torch.Tensor) else value
        for key, value in inputs.items()
    }
