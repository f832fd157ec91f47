import re

import pytest

from pepseq.models.registry import KNOWN_MODELS, MSA, find_known_model, torch_hub_folder


def test_every_known_model_says_what_it_is_and_where_from():
    assert (
        len({known.name for known in KNOWN_MODELS})
        == len({known.id for known in KNOWN_MODELS})
        == len(KNOWN_MODELS)
    )
    for known in KNOWN_MODELS:
        assert known.citation and known.licence and known.weights
        assert (known.revision is None) == (known.kind == MSA)
        assert known.revision is None or re.fullmatch("[0-9a-f]{40}", known.revision)
        for digest in filter(None, known.weights.values()):
            assert re.fullmatch("[0-9a-f]{64}", digest)
        assert known.pins or not (known.revision or any(known.weights.values()))


@pytest.mark.parametrize("known", KNOWN_MODELS, ids=lambda known: known.name)
def test_a_name_and_an_id_find_the_same_model(known):
    assert find_known_model(known.name) is find_known_model(known.id) is known
    assert find_known_model(known.name + "x") is None


def test_torch_hubs_folder_is_torchs_own(monkeypatch):
    import torch

    monkeypatch.delenv("TORCH_HUB", raising=False)
    for home, cache in (("/a", None), (None, "/b"), (None, None)):
        for name, value in (("TORCH_HOME", home), ("XDG_CACHE_HOME", cache)):
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        assert str(torch_hub_folder()) == torch.hub.get_dir() + "/checkpoints"


def test_the_hubs_folder_is_where_the_hub_looks(caches, protbert):
    from huggingface_hub import try_to_load_from_cache

    known = find_known_model("esm2-8m")
    known.folder.mkdir(parents=True)
    (known.folder / "config.json").write_text("{}")
    found = try_to_load_from_cache(known.id, "config.json", revision=known.revision)
    assert found == str(known.folder / "config.json")


def test_what_is_missing_is_what_is_needed_and_not_here(caches):
    known = find_known_model("esm2-3b")
    assert known.missing_files() == [*known.other_files, *known.weights]
    known.folder.mkdir(parents=True)
    for name in ("config.json", "vocab.txt", "pytorch_model.bin.index.json"):
        (known.folder / name).write_text("")
    assert known.missing_files() == list(known.weights)
    (known.folder / "model-00001-of-00002.safetensors").write_text("")
    assert known.missing_files() == ["pytorch_model-00002-of-00002.bin"]
    (known.folder / "pytorch_model-00002-of-00002.bin").write_text("")
    assert not known.missing_files()
