"""Tiny networks of the true architectures, real proteins, and the command line in-process."""

import logging
import os
import random
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import settings
from places import DATA, ESM_VOCABULARY

from pepseq.sequences.fasta import read_fasta

# Threads that wait for each other on small arrays take more time than they save, most of all on a
# busy machine; before torch is imported, and for the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("busy machines", deadline=None)
settings.load_profile("busy machines")


@pytest.fixture(scope="session", autouse=True)
def no_certificates(tmp_path_factory):
    """No certificate is trusted: no server but those of the tests is asked, and no time is lost.

    Each client reads all that the machine has, which takes 40 ms.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture(scope="session", autouse=True)
def empty_library(tmp_path_factory):
    """The user's library of references is not read, and nothing is added to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEPSEQ_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@contextmanager
def _stdin(content):
    """Let file descriptor 0 be a pipe that holds `content`."""
    assert len(content) < 1 << 16, "more than a pipe holds"
    before, (end, start) = os.dup(0), os.pipe()
    with open(start, "wb") as pipe:
        pipe.write(content)
    os.dup2(end, 0)
    os.close(end)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)


@pytest.fixture
def run(capfd):
    """Run a command line as the shell does; returns exit code, stdout, stderr."""
    from pepseq.cli.commands import run as run_here

    def run(*arguments, stdin=b""):
        with _stdin(stdin):
            code, message = run_here([str(a) for a in arguments])
        out, err = capfd.readouterr()
        err += f"{message.rstrip()}\n" if message else ""
        assert "Traceback" not in err
        return SimpleNamespace(code=code, out=out, err=err)

    log = logging.getLogger("pepseq")
    yield run
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def protbert(tmp_path_factory):
    """Folder of a tiny ProtBert with random weights large enough to matter."""
    import torch

    from pepseq.models.random_weights import new_masked_lm

    torch.manual_seed(0)
    network, tokenizer = new_masked_lm("tiny")
    return _save(network, tokenizer, tmp_path_factory.mktemp("protbert"), 1)


@pytest.fixture(scope="session")
def small_network(tmp_path_factory):
    """Folder of a tiny ProtBert with 64 positions, two of them for special tokens."""
    import json

    import torch

    from pepseq.models.random_weights import ARCHITECTURES, new_masked_lm

    folder = tmp_path_factory.mktemp("small")
    settings = json.loads((ARCHITECTURES / "tiny.json").read_text()) | {
        "max_position_embeddings": 64
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    return _save(*new_masked_lm(folder / "settings.json"), folder / "network", 1)


@pytest.fixture(scope="session")
def esm2(tmp_path_factory):
    """Folder of a tiny ESM-2 with random weights."""
    import torch
    from transformers import EsmConfig, EsmForMaskedLM, EsmTokenizer

    folder = tmp_path_factory.mktemp("esm2")
    (folder / "vocab.txt").write_text("\n".join(ESM_VOCABULARY))
    tokenizer = EsmTokenizer(str(folder / "vocab.txt"))
    torch.manual_seed(0)
    config = EsmConfig(
        vocab_size=33,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=1026,
        pad_token_id=1,
        mask_token_id=32,
        position_embedding_type="rotary",
        token_dropout=True,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return _save(EsmForMaskedLM(config), tokenizer, folder, 8)


def _save(network, tokenizer, folder, factor):
    import torch

    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.mul_(factor)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def msa_pickle(tmp_path_factory):
    """A tiny MSA Transformer with random weights, as fair-esm publishes the true one."""
    import argparse

    import esm
    import torch

    path = tmp_path_factory.mktemp("msa") / "esm_msa1b_t12_100M_UR50S.pt"
    settings = {"layers": 2, "embed_dim": 16, "ffn_embed_dim": 32, "attention_heads": 2}
    settings |= {"dropout": 0.1, "attention_dropout": 0.1, "activation_dropout": 0.1}
    settings |= {"max_positions": 64, "max_tokens": 4096, "embed_positions_msa": True}
    torch.manual_seed(0)
    network = esm.MSATransformer(
        argparse.Namespace(**settings, embed_positions_msa_dim=16),
        esm.Alphabet.from_architecture("msa_transformer"),
    )
    swapped = str.maketrans({"\0": "column", "\1": "row"})
    weights = {}
    for name, tensor in network.state_dict().items():
        name = name.replace("row", "\0").replace("column", "\1").translate(swapped)
        inner = "" if name.startswith("lm_head") else "sentence_encoder."
        weights[f"encoder.{inner}{name}"] = tensor
    arguments = argparse.Namespace(arch="msa_transformer", **settings)
    torch.save({"args": arguments, "model": weights, "extra": None}, path)
    return path


@pytest.fixture(scope="session")
def legacy_protbert(protbert, tmp_path_factory):
    """Files of a tiny model as those of `Rostlab/prot_bert`: an old pickle, no model_type."""
    import json

    import torch
    from safetensors.torch import load_file

    from pepseq.models.random_weights import ARCHITECTURES

    folder = tmp_path_factory.mktemp("legacy")
    config = json.loads((protbert / "config.json").read_text())
    del config["model_type"]
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text((ARCHITECTURES / "vocab.txt").read_text())
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    weights = load_file(protbert / "model.safetensors")
    tied = weights["bert.embeddings.word_embeddings.weight"]
    weights["cls.predictions.decoder.weight"] = tied
    path = folder / "pytorch_model.bin"
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    return folder


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Empty caches of models in a temporary folder, and a server in place of the publishers'."""
    from servers import serve

    from pepseq.http.client import HttpConfig

    for name in ("PEPSEQ_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("PEPSEQ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(
        "pepseq.models.download.HTTP_CONFIG",
        HttpConfig(tries=3, first_wait=0.01, longest_wait=0.02, read_timeout=0.5),
    )
    with serve() as server:
        monkeypatch.setenv("PEPSEQ_MODELS_URL", f"{server.url}/models")
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def hub(caches):
    """Let the server play the Hugging Face hub for the files of a folder."""
    import hashlib
    import json

    def offer(known, folder):
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "blobId": hashlib.sha1(content).hexdigest(),
                "lfs": {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 1,
                },
            }
            for name, content in files.items()
        ]
        about = {"id": known.id, "sha": known.revision, "siblings": siblings}
        page = f"/api/models/{known.id}/revision/{known.revision}"
        caches.files[page] = json.dumps(about).encode()
        caches.types[page] = "application/json"
        caches.headers["X-Repo-Commit"] = known.revision
        for name, content in files.items():
            caches.files[f"/{known.id}/resolve/{known.revision}/{name}"] = content
        return caches

    return offer


@pytest.fixture(scope="session")
def proteins():
    """The real E. coli 536 proteins of data/ as (id, sequence)."""
    return [(r.id, r.sequence) for r in read_fasta(DATA / "ecoli_536.fasta")]


@pytest.fixture
def fasta(tmp_path):
    """Write (id, sequence) pairs to a FASTA file."""

    def write(name, pairs):
        path = tmp_path / name
        path.write_text("".join(f">{i}\n{s}\n" for i, s in pairs))
        return path

    return write


@pytest.fixture
def small_proteins(proteins):
    """Twenty real proteins cut to 20-80 residues."""
    draw = random.Random(7)
    return [(i, s[: draw.randint(20, 80)]) for i, s in proteins[:20]]


@pytest.fixture(scope="session")
def esmfold(tmp_path_factory):
    """Folder of a tiny ESMFold of the true architecture with random weights."""
    import torch
    from transformers import EsmConfig, EsmForProteinFolding

    module = {"sequence_dim": 16, "pairwise_dim": 8, "ipa_dim": 4, "resnet_dim": 8}
    module |= {"num_heads_ipa": 2, "num_qk_points": 2, "num_v_points": 2, "num_blocks": 2}
    trunk = {"num_blocks": 2, "sequence_state_dim": 32, "pairwise_state_dim": 16}
    trunk |= {"sequence_head_width": 8, "pairwise_head_width": 8, "max_recycles": 2}
    trunk |= {"chunk_size": None, "structure_module": module}
    config = EsmConfig(
        vocab_size=33,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=1026,
        pad_token_id=1,
        mask_token_id=32,
        position_embedding_type="rotary",
        token_dropout=True,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        is_folding_model=True,
        esmfold_config={"fp16_esm": False, "trunk": trunk},
        vocab_list=ESM_VOCABULARY,
    )
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = EsmForProteinFolding(config)
    with torch.no_grad():  # weights as they begin would make every pLDDT 50
        network.lddt_head[1].weight.mul_(30)
        network.lddt_head[3].weight.mul_(30)
    folder = tmp_path_factory.mktemp("esmfold")
    network.save_pretrained(folder)
    return folder
