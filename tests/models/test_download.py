import dataclasses
import os
import shutil

import pytest
import torch
from servers import Fault

from pepseq.errors import InputError, OutputError, TryAgainError
from pepseq.io.run_record import sha256
from pepseq.models.checkpoints import find_checkpoint
from pepseq.models.checksums import read_checksums
from pepseq.models.conversion import read_conversion_notes
from pepseq.models.download import HTTP_CONFIG as patience
from pepseq.models.download import download_model, find_msa_transformer, find_or_download
from pepseq.models.masked_lm import ResidueModel
from pepseq.models.msa_weights import load_msa_transformer
from pepseq.models.registry import KNOWN_MODELS, find_known_model, torch_hub_folder

MSA = find_known_model("msa-transformer")
PT = "esm_msa1b_t12_100M_UR50S.pt"
SAFE = "esm_msa1b_t12_100M_UR50S.safetensors"


@pytest.fixture
def offer(caches, msa_pickle):
    """The server has the MSA Transformer's file."""
    caches.files[f"/models/{PT}"] = msa_pickle.read_bytes()
    return caches


@pytest.fixture
def pinned(esm2, monkeypatch):
    """esm2-8m with the SHA-256 of the tiny ESM-2 of the tests."""
    digest = sha256(esm2 / "model.safetensors")
    tiny = dataclasses.replace(find_known_model("esm2-8m"), weights={"model.safetensors": digest})
    others = tuple(known for known in KNOWN_MODELS if known.name != tiny.name)
    monkeypatch.setattr("pepseq.models.registry.KNOWN_MODELS", (tiny, *others))
    return tiny


def logits(model, offline=False):
    return ResidueModel(find_checkpoint(model, offline), "cpu").logits(["MXXK"], 99)[0]


def touch(path, content):
    stat = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))


def flip(path):
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    touch(path, bytes(content))


def test_msa_transformer_is_downloaded_recorded_and_converted(offer, msa_pickle):
    assert find_msa_transformer() is None and not offer.asked
    assert download_model(MSA) == torch_hub_folder()
    assert sorted(path.name for path in torch_hub_folder().iterdir()) == [PT, SAFE]
    files = read_checksums()["msa-transformer"]["files"]
    assert files[PT]["sha256"] == sha256(msa_pickle) and set(files) == {PT, SAFE}
    assert find_msa_transformer() == find_msa_transformer(MSA.name) == torch_hub_folder() / SAFE
    assert len(offer.asked) == 1
    download_model(MSA)
    assert len(offer.asked) == 1


@pytest.mark.parametrize("name", [PT, SAFE])
def test_a_changed_file_is_refused_ever_after(offer, name):
    download_model(MSA)
    flip(torch_hub_folder() / name)
    for get in (find_msa_transformer, lambda: download_model(MSA)):
        with pytest.raises(InputError, match=f"{name}: damaged or changed: expected SHA-256"):
            get()
    download_model(MSA, force=True)
    assert find_msa_transformer() is not None


def test_another_file_on_the_server_than_the_recorded_is_refused(offer, tmp_path):
    download_model(MSA)
    for path in torch_hub_folder().iterdir():
        path.unlink()
    torch.save({"model": {"a": torch.zeros(3)}}, tmp_path / "other.pt")
    offer.files[f"/models/{PT}"] = (tmp_path / "other.pt").read_bytes()
    with pytest.raises(InputError, match="expected SHA-256 .*, found"):
        download_model(MSA)
    assert not list(torch_hub_folder().iterdir())
    download_model(MSA, force=True)
    assert find_msa_transformer()


def test_torch_hubs_own_file_is_used_and_converted_once(caches, msa_pickle):
    torch_hub_folder().mkdir(parents=True)
    shutil.copy(msa_pickle, torch_hub_folder() / PT)
    found = find_msa_transformer()
    made = found.stat().st_mtime_ns
    assert find_msa_transformer() == found and found.stat().st_mtime_ns == made
    assert read_conversion_notes(found)["source_sha256"] == sha256(msa_pickle)
    (torch_hub_folder() / PT).unlink()
    assert find_msa_transformer() == found


def test_a_path_is_converted_beside_itself_and_anew_when_it_changes(caches, msa_pickle, tmp_path):
    path = tmp_path / "my.pt"
    shutil.copy(msa_pickle, path)
    found = find_msa_transformer(path)
    made = found.stat().st_mtime_ns
    assert found == tmp_path / "my.safetensors" == find_msa_transformer(found)
    assert find_msa_transformer(path).stat().st_mtime_ns == made
    torch.save({"model": {"a": torch.zeros(3)}}, path)
    assert read_conversion_notes(find_msa_transformer(path))["source_sha256"] == sha256(path)
    found.write_bytes(b"not ours")
    with pytest.raises(InputError, match="expected a safetensors file"):
        find_msa_transformer(path)


def test_anothers_safetensors_file_is_not_overwritten(caches, msa_pickle, tmp_path):
    from safetensors.torch import save_file

    shutil.copy(msa_pickle, tmp_path / "my.pt")
    save_file({"a": torch.zeros(2)}, tmp_path / "my.safetensors")
    before = sha256(tmp_path / "my.safetensors")
    with pytest.raises(InputError, match=r"my\.safetensors: not converted from my\.pt"):
        find_msa_transformer(tmp_path / "my.pt")
    assert sha256(tmp_path / "my.safetensors") == before


@pytest.mark.parametrize("place", ["a path", "torch hub's folder"])
def test_pickles_where_nothing_can_be_written_are_read_as_data(
    place, caches, msa_pickle, tmp_path, monkeypatch, caplog
):
    path = tmp_path / "my.pt" if place == "a path" else torch_hub_folder() / PT
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(msa_pickle, path)

    def refuse(*arguments, **settings):
        raise OutputError("my.safetensors: cannot be written: Read-only file system")

    monkeypatch.setattr("pepseq.models.download.convert_weights", refuse)
    assert find_msa_transformer(path if place == "a path" else None) == path
    assert "Read-only file system: the pickled weights are read as data each time" in caplog.text
    assert load_msa_transformer(path)


def test_no_network_is_told_soon_with_the_file_to_put_where(caches, monkeypatch):
    """Waits are at most 1, 2 and 4 s, and four connections 5 s each."""
    assert patience.tries == 4 and patience.first_wait * 7 + patience.connect_timeout * 4 < 30
    monkeypatch.setenv("PEPSEQ_MODELS_URL", "http://127.0.0.1:9")
    with pytest.raises(TryAgainError) as error:
        download_model(MSA)
    for words in ("gave up after 3 tries", f"put {PT} from", str(torch_hub_folder())):
        assert words in str(error.value)


@pytest.mark.parametrize("address", ["nonsense", "ftp://x", "http://"])
def test_a_hub_address_that_is_none_is_2(caches, monkeypatch, address, run):
    monkeypatch.setenv("HF_ENDPOINT", address)
    done = run("models", "download", "esm2-8m")
    assert done.code == 2 and done.err.startswith("Error: HF_ENDPOINT: ")
    assert "expected an http or https address" in done.err and len(done.err.splitlines()) == 1


def test_missing_weights_say_which_file_to_put_where(caches, tmp_path):
    with pytest.raises(InputError) as error:
        find_msa_transformer("msa-transformer")
    for words in (PT, str(torch_hub_folder()), "pepseq models download msa-transformer"):
        assert words in str(error.value)
    for path in ("no/such.pt", "protbert"):
        with pytest.raises(InputError, match="expected a file of weights or msa-transformer"):
            find_msa_transformer(path)
    (tmp_path / "w.txt").write_text("")
    with pytest.raises(InputError, match=r"must end in \.pt or \.safetensors"):
        find_msa_transformer(tmp_path / "w.txt")


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ([Fault(status=404)], InputError),
        ([Fault(status=503)] * 3, TryAgainError),
        ([Fault(status=200, headers={"Content-Type": "text/html"}, body=b"<html>")] * 3, None),
        ([Fault(cut=0)] * 3, TryAgainError),
    ],
    ids=["404", "503", "html", "cut"],
)
def test_a_download_that_fails_leaves_nothing_and_the_next_finishes(offer, faults, error):
    offer.faults = list(faults)
    with pytest.raises(error or TryAgainError):
        download_model(MSA)
    assert find_msa_transformer() is None and not read_checksums()
    download_model(MSA)
    assert find_msa_transformer()


def test_what_is_no_weights_never_gets_the_name(offer, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"model": {"a": torch.zeros(2), "b": Bomb()}}, tmp_path / "bomb.pt")
    offer.files[f"/models/{PT}"] = (tmp_path / "bomb.pt").read_bytes()
    with pytest.raises(InputError, match="holds code"):
        download_model(MSA)
    assert not list(torch_hub_folder().iterdir()) and not (tmp_path / "ran").exists()


def test_two_runs_that_want_the_same_model_download_it_once(offer):
    from concurrent.futures import ThreadPoolExecutor

    offer.faults = [Fault(cut=5000, stall=0.3)]
    with ThreadPoolExecutor(3) as runs:
        found = list(runs.map(lambda _: download_model(MSA), range(3)))
    assert found == [torch_hub_folder()] * 3
    assert sum("Range" not in headers for _, headers in offer.asked) == 1


@pytest.mark.parametrize("name", ["msa-transformer", "protbert", "esm2-3b"])
@pytest.mark.parametrize("how", ["option", "PEPSEQ_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_asks_nobody_and_says_what_to_put_where(caches, monkeypatch, name, how):
    known = find_known_model(name)
    if how != "option":
        monkeypatch.setenv(how, "1")
    with pytest.raises(InputError) as error:
        download_model(known, offline=how == "option")
    for words in (*known.weights, str(known.folder), known.page):
        assert words in str(error.value)
    assert "with a network" in str(error.value) and "pepseq models download" in str(error.value)
    assert not caches.asked


def test_protbert_comes_from_the_hub_and_is_converted(hub, legacy_protbert):
    known = find_known_model("protbert")
    server = hub(known, legacy_protbert)
    before = logits(legacy_protbert)
    assert (logits("protbert") == before).all()
    assert (known.folder / "model.safetensors").exists()
    assert set(read_checksums()["protbert"]["files"]) == {
        *("config.json", "vocab.txt", "pytorch_model.bin", "model.safetensors")
    }
    asked = len(server.asked)
    for name in ("protbert", "Rostlab/prot_bert"):
        assert (logits(name, offline=True) == before).all()
    assert len(server.asked) == asked
    assert find_checkpoint("protbert").name == f"Rostlab/prot_bert@{known.revision}"


@pytest.mark.parametrize("file", ["config.json", "pytorch_model.bin", "model.safetensors"])
def test_a_changed_file_of_the_hub_is_refused(hub, legacy_protbert, file):
    known = find_known_model("protbert")
    hub(known, legacy_protbert)
    download_model(known)
    flip(known.folder / file)
    with pytest.raises(InputError, match=f"{file}: damaged or changed.*--force protbert"):
        find_or_download(known)
    download_model(known, force=True)
    find_or_download(known)


def test_esm2_with_another_sha256_than_the_pinned_is_refused_and_removed(hub, esm2):
    known = find_known_model("esm2-8m")
    hub(known, esm2)
    with pytest.raises(InputError, match=r"model\.safetensors: expected SHA-256 24c5fa47"):
        download_model(known)
    assert known.missing_files() == ["model.safetensors"] and not read_checksums()


def test_esm2_with_the_pinned_sha256_loads(hub, esm2, pinned):
    hub(pinned, esm2)
    assert (logits("esm2-8m") == logits(esm2)).all()
    flip(pinned.folder / "model.safetensors")
    with pytest.raises(InputError, match="damaged or changed"):
        find_checkpoint("esm2-8m")


def test_a_file_other_than_the_hub_says_is_refused(hub, legacy_protbert):
    known = find_known_model("protbert")
    server = hub(known, legacy_protbert)
    wrong = bytearray(server.files[f"/{known.id}/resolve/{known.revision}/pytorch_model.bin"])
    wrong[-9] ^= 1
    server.files[f"/{known.id}/resolve/{known.revision}/pytorch_model.bin"] = bytes(wrong)
    with pytest.raises(InputError, match=r"pytorch_model\.bin: expected SHA-256"):
        download_model(known)
    assert known.missing_files() == ["pytorch_model.bin"]
    hub(known, legacy_protbert)
    download_model(known)


def test_files_put_by_hand_are_used_and_recorded(caches, legacy_protbert):
    known = find_known_model("protbert")
    shutil.copytree(legacy_protbert, known.folder)
    assert (logits("protbert", offline=True) == logits(legacy_protbert)).all()
    assert "pytorch_model.bin" in read_checksums()["protbert"]["files"] and not caches.asked


def test_a_hub_without_the_model_is_65_and_one_that_is_down_75(caches, monkeypatch):
    known = find_known_model("protbert")
    with pytest.raises(InputError, match="expected the model's files, found HTTP 404"):
        download_model(known)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(TryAgainError, match=r"cannot be reached.*put config\.json, vocab\.txt"):
        download_model(known)


def test_a_hub_without_the_weights_is_65(hub, legacy_protbert, tmp_path):
    folder = shutil.copytree(legacy_protbert, tmp_path / "x")
    (folder / "pytorch_model.bin").unlink()
    hub(find_known_model("protbert"), folder)
    with pytest.raises(InputError, match=r"expected pytorch_model\.bin, found "):
        download_model(find_known_model("protbert"))


def test_a_cache_that_cannot_be_written_is_read_as_it_is(caches, legacy_protbert, monkeypatch):
    known = find_known_model("protbert")
    shutil.copytree(legacy_protbert, known.folder)

    def refuse(*arguments, **settings):
        raise OutputError("model.safetensors: cannot be written: Read-only file system")

    monkeypatch.setattr("pepseq.models.download.convert_weights", refuse)
    assert (logits("protbert") == logits(legacy_protbert)).all()
    assert not (known.folder / "model.safetensors").exists()


def test_a_folder_comes_before_a_known_model_of_its_name(caches, protbert, tmp_path, monkeypatch):
    shutil.copytree(protbert, tmp_path / "esm2-8m")
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint("esm2-8m").source == "esm2-8m" and not caches.asked


def test_any_model_in_the_hubs_cache_loads_offline(caches, protbert, tmp_path):
    repository = tmp_path / "hub" / "models--no-one--tiny"
    shutil.copytree(protbert, repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert (logits("no-one/tiny", offline=True) == logits(protbert)).all()
