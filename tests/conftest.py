"""Tiny networks of the true architectures, real proteins, and the command line in-process."""

import logging
import random
from types import SimpleNamespace

import pytest
from places import DATA, ESM_VOCABULARY

from pepseq.sequences.fasta import read_fasta


@pytest.fixture
def run(capfd):
    """Run a command line as the shell does; returns exit code, stdout, stderr."""
    from pepseq.cli.main import main

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return SimpleNamespace(code=end.value.code, out=out, err=err)

    log = logging.getLogger("pepseq")
    yield run
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def protbert(tmp_path_factory):
    """Folder of a tiny ProtBert with random weights large enough to matter."""
    import torch

    from pepseq.models.scratch import new_network

    torch.manual_seed(0)
    network, tokenizer = new_network("tiny")
    return _save(network, tokenizer, tmp_path_factory.mktemp("protbert"), 1)


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
