import json
import pickle
import shutil

import pytest
import torch
from places import ESM_VOCABULARY

from pepseq.errors import InputError
from pepseq.models.checkpoints import check_manifest, find_checkpoint, write_manifest
from pepseq.models.masked_lm import ResidueModel, load_masked_lm
from pepseq.models.random_weights import ARCHITECTURES


@pytest.fixture
def folder(protbert, tmp_path):
    """A copy of the tiny ProtBert to break."""
    return shutil.copytree(protbert, tmp_path / "model")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_manifest_finds_every_kind_of_damage(folder):
    write_manifest(folder)
    check_manifest(folder)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    flipped = bytearray(whole)
    flipped[-5] ^= 1
    for damaged in (bytes(flipped), whole[:-1], b""):
        weights.write_bytes(damaged)
        with pytest.raises(InputError, match=r"model\.safetensors: damaged"):
            check_manifest(folder)
    weights.unlink()
    with pytest.raises(InputError, match="but missing"):
        check_manifest(folder)
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(InputError, match="expected a list of files"):
        check_manifest(folder)


def test_folders_that_are_no_model_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a model folder, .* no config.json"):
        find_checkpoint(tmp_path)
    with pytest.raises(InputError, match="one of protbert, "):
        find_checkpoint(tmp_path / "not" / "there")


def refuse(folder, match):
    with pytest.raises(InputError, match=match) as error:
        load_masked_lm(find_checkpoint(folder))
    assert len(str(error.value).splitlines()) == 1


def test_a_vocabulary_without_amino_acids_is_refused(folder):
    for path in folder.glob("tokenizer*"):
        path.write_text(path.read_text().replace('"K"', '"k"'))
    refuse(folder, "every amino acid is a token, found none for K")


def test_missing_and_misshapen_weights_are_refused(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    name = "bert.encoder.layer.1.output.dense.weight"
    save_file(
        {k: v for k, v in weights.items() if k != name},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    refuse(folder, f"found none for {name}")
    weights[name] = torch.zeros(3, 3)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    refuse(folder, "found")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\0\0\0\0\0\0\0{notjson"])
def test_damaged_weights_without_a_manifest_are_refused(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    refuse(folder, "found")


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]},
        {"model_type": "no-such-thing"},
        {"hidden_size": 30},
    ],
)
def test_other_architectures_are_refused(folder, changes):
    edit(folder / "config.json", **changes)
    refuse(folder, "found")


def test_a_config_that_is_no_json_is_refused(folder):
    (folder / "config.json").write_text("{")
    refuse(folder, "found")


def test_code_in_a_pickle_is_never_run(folder, tmp_path):
    trap = tmp_path / "ran"

    class Bomb:
        def __reduce__(self):
            return (open, (str(trap), "w"))

    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    refuse(folder, "found")
    torch.save({"x": Bomb()}, folder / "pytorch_model.bin")
    refuse(folder, "found")
    assert not trap.exists()


def test_remote_code_is_never_run(folder, tmp_path):
    trap = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(trap)!r}, 'w')\nclass C: pass\nclass M: pass\n")
    edit(
        folder / "config.json",
        model_type="evil",
        auto_map={"AutoConfig": "evil.C", "AutoModelForMaskedLM": "evil.M"},
    )
    refuse(folder, "found")
    assert not trap.exists()


def test_a_repository_like_protberts_loads(protbert, folder):
    """`Rostlab/prot_bert` has a pickle of the old format, keys of its time, and vocab.txt alone."""
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    width = weights["bert.embeddings.word_embeddings.weight"].shape[1]
    weights = {k: v for k, v in weights.items() if "predictions.decoder" not in k} | {
        "cls.predictions.decoder.weight": weights["bert.embeddings.word_embeddings.weight"],
        "bert.embeddings.position_ids": torch.arange(1024)[None],
        "bert.pooler.dense.weight": torch.zeros(width, width),
        "bert.pooler.dense.bias": torch.zeros(width),
        "cls.seq_relationship.weight": torch.zeros(2, width),
        "cls.seq_relationship.bias": torch.zeros(2),
    }
    torch.save(weights, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    (folder / "vocab.txt").write_text((ARCHITECTURES / "vocab.txt").read_text())
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    before, after = (ResidueModel(find_checkpoint(f), "cpu") for f in (protbert, folder))
    assert (before.logits(["MXXK"], 99)[0] == after.logits(["MXXK"], 99)[0]).all()


def test_no_network_and_no_cache_say_what_to_do(monkeypatch, run, fasta, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = run(
        "predict",
        fasta("r", [("a", "MXK")]),
        "-o",
        tmp_path / "o",
        "--model",
        "no-one/nothing",
        "--readout",
        "K1",
    )
    assert result.code == 65 and "give that folder as --model" in result.err
    assert len(result.err.strip().splitlines()) == 1 and not (tmp_path / "o").exists()


def test_more_layers_in_the_weights_than_in_the_config_are_refused(folder):
    edit(folder / "config.json", num_hidden_layers=1)
    refuse(folder, "as many layers as config.json says")


@pytest.mark.parametrize("changes", [{"num_attention_heads": 0}, {"hidden_size": "abc"}])
def test_configs_that_make_transformers_stumble_are_refused(folder, changes):
    edit(folder / "config.json", **changes)
    refuse(folder, "found")


def test_positions_that_start_after_padding_are_counted(tmp_path):
    """RoBERTa and absolute ESM use up padding_idx + 1 of their positions."""
    from transformers import EsmConfig, EsmForMaskedLM

    from pepseq.models.masked_lm import Vocabulary, max_residues

    config = EsmConfig(
        vocab_size=len(ESM_VOCABULARY),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=66,
        pad_token_id=1,
        mask_token_id=32,
        position_embedding_type="absolute",
    )
    network = EsmForMaskedLM(config).eval()
    most = max_residues(network, Vocabulary(None, (0,), (2,), 1, None))
    network(input_ids=torch.full((1, most + 2), 5))
    with pytest.raises((IndexError, RuntimeError)):
        network(input_ids=torch.full((1, most + 3), 5))
