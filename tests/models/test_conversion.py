import argparse
import json
import os
import pickle

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from pepseq.errors import InputError, OutputError, SettingsError
from pepseq.io.run_record import sha256
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.conversion import convert_weights, read_conversion_notes, read_pickled_weights
from pepseq.models.masked_lm import ResidueModel
from pepseq.models.registry import safetensors_name


def test_a_fair_esm_file_keeps_names_values_and_arguments(msa_pickle, tmp_path):
    output = convert_weights(msa_pickle, tmp_path / "w.safetensors")
    published = torch.load(msa_pickle, weights_only=False)
    weights = load_file(output)
    assert set(weights) == set(published["model"])
    for name, tensor in published["model"].items():
        assert torch.equal(weights[name], tensor) and weights[name].dtype == tensor.dtype
    notes = read_conversion_notes(output)
    assert notes["args"] == vars(published["args"])
    assert notes["source"] == msa_pickle.name and notes["source_sha256"] == sha256(msa_pickle)


def test_fair_esm_makes_the_same_network_of_the_converted_file(msa_pickle, tmp_path):
    import esm

    output = convert_weights(msa_pickle, tmp_path / "w.safetensors")
    arguments = argparse.Namespace(**read_conversion_notes(output)["args"])
    tokens = torch.randint(4, 24, (1, 3, 9))
    logits = []
    for weights in (torch.load(msa_pickle, weights_only=False)["model"], load_file(output)):
        data = {"args": arguments, "model": dict(weights)}
        network, _ = esm.pretrained.load_model_and_alphabet_core("msa", data)
        with torch.inference_mode():
            logits.append(network.eval()(tokens)["logits"])
    assert torch.equal(*logits)


def test_a_converted_model_folder_predicts_the_same(legacy_protbert, tmp_path):
    import shutil

    folder = shutil.copytree(legacy_protbert, tmp_path / "m")
    before = ResidueModel(find_checkpoint(folder), "cpu").logits(["MXXK"], 99)[0]
    assert convert_weights(folder) == folder
    (folder / "pytorch_model.bin").unlink()
    after = ResidueModel(find_checkpoint(folder), "cpu").logits(["MXXK"], 99)[0]
    assert (before == after).all()
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert weights.metadata()["format"] == "pt"


def test_weights_in_several_files_are_converted_with_their_index(legacy_protbert, tmp_path):
    weights, _ = read_pickled_weights(legacy_protbert / "pytorch_model.bin")
    where = {}
    for part in (1, 2):
        name = f"pytorch_model-0000{part}-of-00002.bin"
        names = [n for i, n in enumerate(sorted(weights)) if i % 2 == part - 1]
        torch.save({n: weights[n] for n in names}, tmp_path / name)
        where |= dict.fromkeys(names, name)
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
    for name in ("config.json", "vocab.txt"):
        (tmp_path / name).write_bytes((legacy_protbert / name).read_bytes())
    convert_weights(tmp_path)
    for path in tmp_path.glob("pytorch_model*"):
        path.unlink()
    one, two = (
        ResidueModel(find_checkpoint(f), "cpu").logits(["MXXK"], 99)[0]
        for f in (legacy_protbert, tmp_path)
    )
    assert (one == two).all()


def test_tensors_that_share_memory_are_written_each(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    torch.save({"a": base, "b": base, "c": base.t(), "d": base[1]}, tmp_path / "w.pt")
    weights = load_file(convert_weights(tmp_path / "w.pt"))
    assert torch.equal(weights["a"], base) and torch.equal(weights["b"], base)
    assert torch.equal(weights["c"], base.t()) and torch.equal(weights["d"], base[1])


class Bomb:
    def __init__(self, trap):
        self.trap = trap

    def __reduce__(self):
        return (open, (str(self.trap), "w"))


@pytest.mark.parametrize("where", ["whole", "weights", "args"])
@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_with_code_is_refused_and_never_run(tmp_path, where, new):
    bomb = Bomb(tmp_path / "ran")
    weights = {"a": torch.zeros(2)}
    content = {
        "whole": bomb,
        "weights": {"model": weights | {"b": bomb}},
        "args": {"model": weights, "args": argparse.Namespace(x=bomb)},
    }[where]
    source = tmp_path / "w.pt"
    torch.save(content, source, _use_new_zipfile_serialization=new)
    with pytest.raises(InputError, match=r"w\.pt: expected weights alone, .* it was not run"):
        convert_weights(source)
    source.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="it was not run") as refused:
        convert_weights(source)
    assert "Re-running" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.pt"]


@pytest.mark.parametrize(
    "content",
    [
        *([], {}, {"a": 1}, {1: torch.zeros(1)}, {"model": {}}, torch.zeros(3)),
        {"a": torch.zeros(3).to_sparse()},
        {"a": torch.zeros(3, device="meta")},
    ],
    ids=str,
)
def test_what_is_no_weights_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"w\.pt: .*expected"):
        convert_weights(tmp_path / "w.pt")


def test_damaged_pickles_are_refused(msa_pickle, tmp_path):
    whole = msa_pickle.read_bytes()
    for damaged in (b"", b"<html>", whole[:1000], whole[:-100], b"\x80\x02garbage"):
        (tmp_path / "w.pt").write_bytes(damaged)
        with pytest.raises(InputError, match="damaged or holds code"):
            convert_weights(tmp_path / "w.pt")


def test_outputs_are_not_overwritten_or_half_written(msa_pickle, tmp_path, monkeypatch):
    output = tmp_path / "w.safetensors"
    output.write_text("old")
    with pytest.raises(OutputError, match="already exists"):
        convert_weights(msa_pickle, output)

    def full(*arguments):
        raise RuntimeError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("safetensors.torch.save_file", full)
        with pytest.raises(OutputError, match="No space left"):
            convert_weights(msa_pickle, output, force=True)
    assert output.read_text() == "old"
    convert_weights(msa_pickle, output, force=True)
    assert read_conversion_notes(output)["source"] == msa_pickle.name
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_outputs_that_will_not_do_are_refused(msa_pickle, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="exists and is not a regular file"):
        convert_weights(msa_pickle, tmp_path / "pipe", force=True)
    assert (tmp_path / "pipe").is_fifo()
    for output, words in ((msa_pickle, "overwrite an input"), ("-", "expected a file")):
        with pytest.raises(SettingsError, match=words):
            convert_weights(msa_pickle, output, force=True)


def test_sources_that_are_none_are_refused(tmp_path):
    for source, words in (
        (tmp_path / "missing.pt", "no such file"),
        (tmp_path, "expected a model folder with pytorch_model.bin"),
    ):
        with pytest.raises(InputError, match=words):
            convert_weights(source)
    (tmp_path / "w.txt").write_text("x")
    with pytest.raises(InputError, match="must end in"):
        convert_weights(tmp_path / "w.txt")
    with pytest.raises(InputError, match="expected a safetensors file"):
        read_conversion_notes(tmp_path / "w.txt")


def test_metadata_have_one_key_so_that_the_bytes_are_always_the_same(
    msa_pickle, legacy_protbert, tmp_path
):
    """Safetensors writes several keys in an order that differs from run to run."""
    keys = []
    for source in (msa_pickle, legacy_protbert / "pytorch_model.bin"):
        output = convert_weights(source, tmp_path / f"{source.name}.safetensors")
        with safe_open(output, "pt") as weights:
            keys.append(list(weights.metadata()))
    assert keys == [["pepseq"], ["format"]]


@pytest.mark.parametrize(
    ("name", "converted"),
    [
        ("pytorch_model.bin", "model.safetensors"),
        ("pytorch_model-00001-of-00002.bin", "model-00001-of-00002.safetensors"),
        ("pytorch_model.bin.index.json", "model.safetensors.index.json"),
        ("esm_msa1b_t12_100M_UR50S.pt", "esm_msa1b_t12_100M_UR50S.safetensors"),
        ("config.json", "config.json"),
    ],
)
def test_names_of_converted_files(name, converted):
    assert safetensors_name(name) == converted
