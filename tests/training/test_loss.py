"""The loss of masked positions, and its gradient over the batches of a step."""

import pytest
import torch
from safetensors.torch import load_file
from training_runs import quick_config, train_tiny

from pepseq.errors import TryAgainError
from pepseq.models.random_weights import new_masked_lm
from pepseq.training.data import IGNORED
from pepseq.training.trainer import MaskedTrainer, masked_loss


def test_the_loss_is_that_of_transformers():
    network, _ = new_masked_lm("tiny")
    ids = torch.randint(5, 25, (3, 11))
    labels = torch.where(torch.rand(3, 11) < 0.5, ids, IGNORED)
    outputs = network(input_ids=ids, labels=labels)
    assert torch.allclose(masked_loss(outputs, labels), outputs.loss)


def test_the_softmax_is_over_the_candidates():
    network, _ = new_masked_lm("tiny")
    ids = torch.randint(5, 25, (3, 11))
    candidates = torch.arange(5, 15)
    labels = torch.where((torch.rand(3, 11) < 0.5) & (ids < 15), ids, IGNORED)
    outputs = network(input_ids=ids)
    log_p = outputs.logits[..., candidates].log_softmax(-1)
    scored = labels != IGNORED
    expected = -log_p[scored].gather(1, (labels[scored] - 5)[:, None]).mean()
    assert torch.allclose(masked_loss(outputs, labels, candidates=candidates), expected)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_accumulated_batches_give_the_gradient_of_one_large_batch(
    accumulate, train, validation, tmp_path, monkeypatch
):
    """The loss of a step is a mean over its hidden residues, however they are batched."""
    counts, totals = [], []
    original = MaskedTrainer.compute_loss

    def count_labels(self, model, inputs, *arguments, num_items_in_batch=None, **settings):
        counts.append(int((inputs["labels"] != IGNORED).sum()))
        totals.append(int(num_items_in_batch))
        settings["num_items_in_batch"] = num_items_in_batch
        return original(self, model, inputs, *arguments, **settings)

    monkeypatch.setattr(MaskedTrainer, "compute_loss", count_labels)
    config = quick_config(accumulate=accumulate, max_steps=1, evaluate_every=1)
    train_tiny(train, validation, tmp_path / "net", config=config)
    assert len(counts) == accumulate and set(totals) == {sum(counts)}


def out_of_memory_above(rows):
    """Return a loss for which more than so many rows exceed the memory."""
    original = MaskedTrainer.compute_loss

    def compute_loss(self, model, inputs, *arguments, **settings):
        if len(inputs["input_ids"]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(self, model, inputs, *arguments, **settings)

    return compute_loss


@pytest.mark.slow
def test_parts_of_a_batch_that_exceeds_the_memory_have_the_same_gradient(
    train, validation, tmp_path, monkeypatch
):
    train_tiny(train, validation, tmp_path / "whole")
    monkeypatch.setattr(MaskedTrainer, "compute_loss", out_of_memory_above(2))
    train_tiny(train, validation, tmp_path / "parts")
    whole, parts = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "parts"))
    assert all(torch.allclose(whole[k], parts[k], atol=1e-4) for k in whole)


def test_one_row_that_exceeds_the_memory_is_a_try_again_error(
    train, validation, tmp_path, monkeypatch
):
    monkeypatch.setattr(MaskedTrainer, "compute_loss", out_of_memory_above(0))
    with pytest.raises(TryAgainError, match="--batch-residues"):
        train_tiny(train, validation, tmp_path / "net")
