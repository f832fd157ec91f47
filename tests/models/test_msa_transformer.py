"""The MSA Transformer against fair-esm's, and its loader against damaged files."""

import json
import os
import pickle

import numpy as np
import published_msa
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import cosine_similarity, cross_entropy, one_hot

from pepseq.errors import InputError, SettingsError
from pepseq.models.conversion import convert_weights
from pepseq.models.msa_layers import _layer_norm
from pepseq.models.msa_transformer import (
    MASK,
    PAD,
    START,
    TOKEN_OF_CODE,
    TOKENS,
    MsaTransformer,
)
from pepseq.models.msa_weights import load_msa_transformer, network_from_tensors
from pepseq.sequences.residues import AMINO_ACIDS


@pytest.fixture(scope="module")
def published():
    return published_msa.checkpoint()


@pytest.fixture(scope="module")
def theirs(published):
    return published_msa.module_of(published)


@pytest.fixture
def ours(published):
    return network_from_tensors(published["model"], "published", 4)


def alignment(depth=5, length=9, seed=0):
    codes = np.random.default_rng(seed).integers(22, size=(depth, length))
    return one_hot(torch.from_numpy(TOKEN_OF_CODE[codes]), len(TOKENS)).float()


def somewhere(depth=5, length=9, share=0.5, seed=0):
    mask = torch.rand(depth, length, generator=torch.Generator().manual_seed(seed)) < share
    mask[:, 3] = False
    return mask.nonzero(as_tuple=True)


def test_the_alphabet_is_the_published_one():
    theirs = published_msa.alphabet()
    assert list(TOKENS) == theirs.all_toks
    assert (theirs.cls_idx, theirs.padding_idx, theirs.mask_idx) == (START, PAD, MASK)
    assert theirs.prepend_bos and not theirs.append_eos
    assert [theirs.get_tok(token) for token in TOKEN_OF_CODE] == [*AMINO_ACIDS, "-", "X"]


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_logits_are_the_published_ones(theirs, ours, depth):
    residues = alignment(depth)
    with torch.no_grad():
        expected = published_msa.logits_of(theirs, residues)
        assert expected.std() > 0.5
        torch.testing.assert_close(ours(residues), expected, atol=1e-5, rtol=1e-5)
        rows, columns = somewhere(depth)
        found = ours(residues, rows, columns)
    torch.testing.assert_close(found, expected[rows, columns], atol=1e-5, rtol=1e-5)


def test_logits_are_those_of_tokens(theirs, ours):
    residues = alignment()
    tokens = torch.cat([torch.full((5, 1), START), residues.argmax(-1)], dim=1)
    with torch.no_grad():
        expected = theirs(tokens[None])["logits"][0, :, 1:]
        torch.testing.assert_close(ours(residues), expected, atol=1e-5, rtol=1e-5)


def loss_and_gradient(logits_at, residues):
    residues = residues.clone().requires_grad_()
    rows, columns = somewhere()
    loss = cross_entropy(logits_at(residues, rows, columns), residues[rows, columns])
    loss.backward()
    return loss.item(), residues.grad


def test_gradients_are_the_published_ones(theirs, ours):
    residues = alignment().softmax(-1)
    loss, gradient = loss_and_gradient(
        lambda r, rows, columns: published_msa.logits_of(theirs, r)[rows, columns], residues
    )
    for checkpointing in (False, True):
        network = ours.freeze()
        network.checkpointing = checkpointing
        own_loss, own = loss_and_gradient(network, residues)
        assert own_loss == pytest.approx(loss, abs=1e-5)
        scale = gradient.abs().max().item()
        torch.testing.assert_close(own, gradient, atol=1e-5 * scale, rtol=1e-4)
    assert all(weight.grad is None for weight in ours.parameters())


@pytest.mark.parametrize("part", [1, 5, 12])
def test_parts_on_a_cpu_change_nothing(ours, monkeypatch, part):
    residues = alignment().softmax(-1)
    for precision in ("fp32", "bf16"):
        network = ours.freeze(precision)
        loss, gradient = loss_and_gradient(network, residues)
        whole = network(residues)
        monkeypatch.setattr("pepseq.models.msa_layers.POSITIONS_PER_PART", part)
        torch.testing.assert_close(network(residues), whole, atol=1e-5, rtol=1e-5)
        own_loss, own = loss_and_gradient(network, residues)
        monkeypatch.undo()
        assert own_loss == pytest.approx(loss, abs=1e-5)
        torch.testing.assert_close(own, gradient, atol=1e-5, rtol=1e-4)


def test_layer_norm_that_keeps_its_output_has_the_same_gradient():
    torch.manual_seed(0)
    norm = torch.nn.LayerNorm(16)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    norm.requires_grad_(False)
    results = []
    for normed in (norm, lambda x: _layer_norm(norm, x, torch.float64)):
        x = torch.arange(48.0).reshape(3, 16).sin().mul(3).requires_grad_()
        y = normed(x)
        (y.double() * torch.arange(48.0).reshape(3, 16).cos()).sum().backward()
        results.append((y.double(), x.grad))
    torch.testing.assert_close(results[1], results[0], atol=1e-5, rtol=1e-5)


def test_bf16_is_near_and_leaves_logits_in_float32(ours):
    residues = alignment()
    loss, gradient = loss_and_gradient(ours.freeze("fp32"), residues)
    near, own = loss_and_gradient(ours.freeze("bf16"), residues)
    assert near == pytest.approx(loss, rel=0.05)
    assert cosine_similarity(own.flatten(), gradient.flatten(), dim=0) > 0.98
    assert ours(residues).dtype == torch.float32


def test_too_many_rows_or_columns_are_refused(ours):
    assert (ours.max_rows, ours.max_columns) == (1024, 63)
    ours(alignment(2, 63))
    for depth, length in ((2, 64), (1025, 2)):
        with pytest.raises(SettingsError, match="at most 1024 rows and 63 columns"):
            ours(alignment(depth, length))
    with pytest.raises(SettingsError, match="multiple of the 5 heads"):
        MsaTransformer(layers=1, width=32, heads=5)


def test_every_form_of_file_gives_the_same_network(published, theirs, tmp_path):
    torch.save(published, tmp_path / "published.pt")
    folder = tmp_path / "folder"
    folder.mkdir()
    own = {name: tensor.clone() for name, tensor in published["model"].items()}
    settings = {"pepseq": json.dumps({"args": vars(published["args"])})}
    save_file(own, folder / "model.safetensors", metadata=settings)
    named = {name: tensor.clone() for name, tensor in theirs.state_dict().items()}
    args = {"pepseq": '{"args": {"attention_heads": 4}}'}
    save_file(named, tmp_path / "module.safetensors", metadata=args)
    converted = convert_weights(tmp_path / "published.pt")
    residues = alignment()
    with torch.no_grad():
        expected = published_msa.logits_of(theirs, residues)
        module = tmp_path / "module.safetensors"
        for path in (tmp_path / "published.pt", folder, module, converted):
            found = load_msa_transformer(path)(residues)
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_heads_are_64_wide_where_nothing_is_said(tmp_path):
    data = published_msa.checkpoint(layers=1, width=128, heads=2, ffn=16)
    residues = alignment()
    with torch.no_grad():
        expected = published_msa.logits_of(published_msa.module_of(data), residues)
        found = network_from_tensors(data["model"], "it")(residues)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_the_first_release_has_row_positions_of_width_one(published, theirs):
    name = "encoder.sentence_encoder.msa_position_embedding"
    data = {**published, "model": dict(published["model"])}
    data["model"][name] = data["model"][name][..., :1].clone()
    residues = alignment()
    with torch.no_grad():
        expected = published_msa.logits_of(published_msa.module_of(data), residues)
        found = network_from_tensors(data["model"], "it", 4)(residues)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


STORED = "encoder.sentence_encoder."
CHANGES = {
    "no layers": lambda s: [s.pop(k) for k in list(s) if "layers.0" in k],
    "a missing weight": lambda s: s.pop(STORED + "layers.1.feed_forward_layer.layer.fc2.bias"),
    "a missing projection": lambda s: s.pop(
        STORED + "layers.1.row_self_attention.layer.k_proj.weight"
    ),
    "an unknown weight": lambda s: s.update({STORED + "more": torch.zeros(2)}),
    "another shape": lambda s: s.update({"encoder.lm_head.bias": torch.zeros(31)}),
    "no embedding": lambda s: s.pop(STORED + "embed_tokens.weight"),
    "a head of its own": lambda s: s.update({"encoder.lm_head.weight": torch.zeros(33, 32)}),
    "a number": lambda s: s.update({"encoder.lm_head.bias": 3}),
    "NaN": lambda s: s.update({"encoder.lm_head.bias": torch.full((33,), torch.nan)}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_weights_are_named(published, change):
    state = dict(published["model"])
    CHANGES[change](state)
    with pytest.raises(InputError, match="^weights.bin: expected"):
        network_from_tensors(state, "weights.bin", 4)


@pytest.mark.parametrize("heads", [0, 5, "many"])
def test_a_wrong_number_of_heads_is_refused(published, heads):
    with pytest.raises(InputError, match="heads|many"):
        network_from_tensors(published["model"], "it", heads)


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


def test_files_that_are_no_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"args": Harmful(), "model": {}}, "code.pt")
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps(Harmful()))
    torch.save([1, 2], "list.pt")
    torch.save({"model": {"a": 1}}, "number.pt")
    whole = tmp_path / "whole.pt"
    torch.save({"model": {"a": torch.zeros(100)}}, whole)
    (tmp_path / "cut.pt").write_bytes(whole.read_bytes()[:-200])
    (tmp_path / "text.pt").write_text("<html>")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "text.safetensors").write_text("<html>")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    save_file({"a": torch.zeros(2)}, "other.safetensors")
    save_file({"a": torch.zeros(2)}, "settings.safetensors", metadata={"pepseq": "{"})
    save_file({"a": torch.zeros(2)}, "list.safetensors", metadata={"pepseq": "[1]"})
    (tmp_path / "folder").mkdir()
    names = [path.name for path in tmp_path.iterdir()] + ["absent.pt"]
    assert len(names) == 15
    for name in names:
        with pytest.raises(InputError, match=f"^{name}.*: (expected|no such file)") as error:
            load_msa_transformer(name)
        assert "\n" not in str(error.value), name
    assert not (tmp_path / "harmed").exists()


@pytest.mark.skipif("PEPSEQ_HEAVY_TESTS" not in os.environ, reason="opt-in: PEPSEQ_HEAVY_TESTS=1")
def test_the_true_shape_agrees():
    data = published_msa.checkpoint(12, 768, 12, 3072, 1024)
    for name, tensor in data["model"].items():
        if tensor.dim() > 1 and "head" not in name:
            tensor /= 4
    theirs = published_msa.module_of(data)
    ours = network_from_tensors(data["model"], "it").freeze()
    assert sum(weight.numel() for weight in ours.parameters()) > 100e6
    residues = alignment(8, 40)
    with torch.no_grad():
        expected = published_msa.logits_of(theirs, residues)
        found = ours(residues)
    scale = expected.abs().max().item()
    torch.testing.assert_close(found, expected, atol=1e-5 * scale, rtol=1e-5)
