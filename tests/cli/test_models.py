import os
import shutil
import sys

import pytest

from pepseq.models.registry import KNOWN_MODELS, find_known_model, torch_hub_folder

PT = "esm_msa1b_t12_100M_UR50S.pt"


def rows(text):
    header, *lines = (line.split("\t") for line in text.splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_list_says_what_is_where(run, caches, msa_pickle):
    table = {row["name"]: row for row in rows(run("models", "list").out)}
    assert list(table) == [known.name for known in KNOWN_MODELS]
    assert {row["path"] for row in table.values()} == {"not here"}
    assert table["esm2-8m"]["sha256"] == "pinned" and table["protbert"]["sha256"] == "unknown"
    caches.files[f"/models/{PT}"] = msa_pickle.read_bytes()
    done = run("models", "download", "msa-transformer")
    assert done.code == 0 and done.out == f"msa-transformer\t{torch_hub_folder()}\n"
    row = {row["name"]: row for row in rows(run("models", "list").out)}["msa-transformer"]
    assert (row["sha256"], row["path"]) == ("recorded", str(torch_hub_folder()))


def test_list_is_aligned_on_a_terminal(run, caches, monkeypatch):
    table = [line.split("\t") for line in run("models", "list").out.splitlines()]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = run("models", "list").out.splitlines()
    for number, name in enumerate(table[0]):
        start = lines[0].index(f"{name}  " if number < len(table[0]) - 1 else name)
        for line, row in zip(lines, table, strict=True):
            assert line[start:].startswith(row[number]) and (not start or line[start - 1] == " ")
    assert "\t" not in "".join(lines)


def test_converted_weights_have_the_mode_of_new_files(run, msa_pickle, tmp_path):
    shutil.copy(msa_pickle, tmp_path / "w.pt")
    for mask, mode in ((0o022, 0o644), (0o027, 0o640)):
        before = os.umask(mask)
        try:
            assert run("models", "convert", tmp_path / "w.pt", "--force").code == 0
        finally:
            os.umask(before)
        assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == mode


def test_a_folder_that_is_converted_already_is_told_so(run, protbert):
    done = run("models", "convert", protbert)
    assert done.code == 65 and "nothing to convert: its weights are model.safetensors" in done.err


def test_verify_reads_every_file_and_names_the_changed_one(run, caches, legacy_protbert):
    known = find_known_model("protbert")
    shutil.copytree(legacy_protbert, known.folder)
    assert {row["state"] for row in rows(run("models", "verify").out)} == {"new"}
    done = run("models", "verify", "protbert")
    assert done.code == 0 and {row["state"] for row in rows(done.out)} == {"recorded"}
    weights = known.folder / "pytorch_model.bin"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = run("models", "verify")
    assert done.code == 65
    states = {row["file"]: row["state"] for row in rows(done.out)}
    assert states.pop(str(weights)) == "changed" and set(states.values()) == {"recorded"}
    assert f"{weights}: damaged or changed: expected SHA-256" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_verify_of_what_is_not_here_is_65(run, caches):
    done = run("models", "verify", "esm2-8m")
    assert done.code == 65 and "model.safetensors" in done.err
    assert run("models", "verify").code == 0


def test_convert_writes_beside_the_source_or_where_it_is_told(run, caches, msa_pickle, tmp_path):
    shutil.copy(msa_pickle, tmp_path / "w.pt")
    done = run("models", "convert", tmp_path / "w.pt")
    assert done.code == 0 and done.out == f"{tmp_path / 'w.safetensors'}\n"
    assert run("models", "convert", tmp_path / "w.pt").code == 74
    assert run("models", "convert", tmp_path / "w.pt", "--force").code == 0
    done = run("models", "convert", tmp_path / "w.pt", "-o", tmp_path / "v.safetensors")
    assert (tmp_path / "v.safetensors").read_bytes() == (tmp_path / "w.safetensors").read_bytes()
    assert run("models", "convert", tmp_path / "none.pt").code == 65


def test_unknown_names_are_2_and_name_the_known(run, caches):
    done = run("models", "download", "protbret")
    assert done.code == 2 and "protbert" in done.err
    assert run("models", "download").code == 2
    assert run("models", "nonsense").code == 2


@pytest.mark.parametrize("command", ["predict", "finetune"])
@pytest.mark.parametrize("model", ["esm2-8m", "no-one/nothing"])
def test_offline_commands_ask_nobody(run, caches, fasta, tmp_path, command, model, monkeypatch):
    asked = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *address, **_: asked.append(address) or [])
    if agents := sys.modules.get("huggingface_hub.utils._detect_agent"):
        monkeypatch.setattr(agents, "_registry", None, raising=False)  # else asked for only once
    source = fasta("r", [("a", "MXK" if command == "predict" else "MAK")])
    call = [command, source]
    if command == "finetune":
        call = [command, "--train", source, "--validation", source]
    common = ["-o", tmp_path / "o", "--model", model, "--readout", "K1", "--offline"]
    done = run(*call, *common)
    assert done.code == 65 and len(done.err.strip().splitlines()) == 1
    assert ("put config.json, vocab.txt, model.safetensors" in done.err) == (model == "esm2-8m")
    assert not asked and not caches.asked and not (tmp_path / "o").exists()


def test_predict_and_finetune_take_a_short_name(run, hub, legacy_protbert, fasta, tmp_path):
    hub(find_known_model("protbert"), legacy_protbert)
    source = fasta("r", [("a", "MXXK")])
    call = ["predict", source, "--readout", "K1", "--mode", "model"]
    assert run(*call, "--model", "protbert", "-o", tmp_path / "1").code == 0
    assert run(*call, "--model", "protbert", "--offline", "-o", tmp_path / "2").code == 0
    assert run(*call, "--model", legacy_protbert, "-o", tmp_path / "3").code == 0
    texts = [(tmp_path / name).read_text() for name in "123"]
    assert texts[0] == texts[1] == texts[2]
    assert "Rostlab/prot_bert@7a894481" in (tmp_path / "1.run.json").read_text()
    proteins = fasta("p", [("a", "MAKLVV"), ("b", "MKKALA")])
    done = run(
        *("finetune", "--train", proteins, "--validation", proteins, "--readout", "K1"),
        *("--model", "protbert", "--offline", "--max-steps", "1", "--evaluate-every", "1"),
        *("--window", "20", "--overlap", "5", "-o", tmp_path / "trained"),
    )
    assert done.code == 0, done.err
    assert "Rostlab/prot_bert@7a894481" in (tmp_path / "trained" / "pepseq.json").read_text()


@pytest.mark.parametrize("name", ["list", "download", "verify", "convert"])
def test_each_command_has_help(run, name):
    done = run("models", name, "--help")
    assert done.code == 0 and "Usage: pepseq models" in done.out
