import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pepseq.errors import SettingsError, TryAgainError
from pepseq.models.batching import plan_batches
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.masked_lm import ResidueModel, load_masked_lm
from pepseq.models.quantization import Int8Linear
from pepseq.sequences.residues import AMINO_ACIDS


@given(st.lists(st.integers(1, 300), min_size=1, max_size=60), st.integers(1, 900))
def test_batches_hold_every_item_once_within_the_budget(lengths, budget):
    batches = plan_batches(lengths, budget)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget


@pytest.mark.parametrize("name", ["protbert", "esm2"])
def test_tokens_are_those_of_the_models_own_tokenizer(name, request):
    folder = request.getfixturevalue(name)
    _, tokenizer, vocabulary = load_masked_lm(find_checkpoint(folder))
    spaced = " " if name == "protbert" else ""
    ids, mask = vocabulary.encode([AMINO_ACIDS, "MXK"])
    expected = tokenizer(
        [spaced.join(AMINO_ACIDS), spaced.join(["M", tokenizer.mask_token, "K"])],
        padding=True,
        return_tensors="pt",
    )
    assert (ids == expected["input_ids"]).all() and (mask == expected["attention_mask"]).all()


@pytest.mark.parametrize("name", ["protbert", "esm2"])
def test_batching_and_padding_change_no_residue(name, request, small_proteins):
    model = ResidueModel(find_checkpoint(request.getfixturevalue(name)), "cpu")
    readouts = ["".join(r if r in "KCYM" else "X" for r in s) for _, s in small_proteins]
    alone = model.logits(readouts, 1)
    together = model.logits(readouts[::-1], 10_000)[::-1]
    for one, other in zip(alone, together, strict=True):
        assert one.shape == other.shape and one.dtype == np.float32
        assert (one.argmax(1) == other.argmax(1)).all()
        softmax = [torch.tensor(x).double().softmax(1) for x in (one, other)]
        assert (softmax[0] - softmax[1]).abs().max() < 3e-6  # fp32: 1.02e-6 on an AMD EPYC


def test_out_of_memory_halves_the_batch_and_goes_on(protbert, small_proteins, monkeypatch):
    model = ResidueModel(find_checkpoint(protbert), "cpu")
    readouts = [s for _, s in small_proteins]
    expected = model.logits(readouts, 10_000)
    network = model._network

    class Small(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            if len(input_ids) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return network(input_ids=input_ids, attention_mask=attention_mask)

    model._network = Small()
    for one, other in zip(expected, model.logits(readouts, 10_000), strict=True):
        assert np.allclose(one, other, atol=1e-4)

    class None_(Small):
        def forward(self, input_ids, attention_mask):
            raise torch.OutOfMemoryError("CUDA out of memory")

    model._network = None_()
    with pytest.raises(TryAgainError, match="--window"):
        model.logits(readouts[:2], 10_000)


def test_int8_rows_do_not_depend_on_their_batch_and_stay_close():
    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 48)
    quantized, x = Int8Linear(linear), torch.randn(33, 64)
    together = quantized(x)
    alone = torch.cat([quantized(row[None].repeat(17, 1))[:1] for row in x])
    assert torch.equal(together, alone)
    assert (together - linear(x)).abs().max() < 0.05


def test_precisions_agree_within_their_digits(protbert, small_proteins):
    checkpoint = find_checkpoint(protbert)
    readouts = [s.replace("A", "X") for _, s in small_proteins]
    exact = ResidueModel(checkpoint, "cpu", "fp32").logits(readouts, 999)
    for precision in ("bf16", "int8"):
        near = ResidueModel(checkpoint, "cpu", precision).logits(readouts, 999)
        correlation = np.corrcoef(np.concatenate(exact).ravel(), np.concatenate(near).ravel())
        assert correlation[0, 1] > 0.98


def test_a_device_that_is_not_there_is_refused(protbert):
    if torch.cuda.is_available():
        return
    with pytest.raises(SettingsError, match="not available on this machine"):
        ResidueModel(find_checkpoint(protbert), "cuda")
