"""New networks of ProtBert's architecture and vocabulary, with random weights."""

import json
from pathlib import Path

from pepseq.errors import InputError

FOLDER = Path(__file__).parent / "scratch"
SCALE = 0.3
SIZES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def new_network(config: str | Path):
    """Return (network, tokenizer) for `tiny`, `small` or a JSON file of BertConfig's settings.

    The vocabulary and its order are ProtBert's (Elnaggar et al. 2021): 5 special tokens, the 20
    amino acids, X U B Z O. Raises InputError for settings that make no network.
    """
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    path = FOLDER / f"{config}.json" if str(config) in SIZES else Path(config)
    try:
        settings = json.loads(path.read_text())
        tokens = (FOLDER / "vocab.txt").read_text().split()
        network = BertForMaskedLM(
            BertConfig(vocab_size=len(tokens), pad_token_id=tokens.index("[PAD]"), **settings)
        )
    except MemoryError:
        raise
    except Exception as error:
        raise InputError(
            f"--from-scratch {config}: expected {' or '.join(SIZES)}, or a JSON file with the "
            f"settings of a BertConfig, found: {error}"
        ) from error
    _start_embeddings(network)
    tokenizer = BertTokenizer(str(FOLDER / "vocab.txt"), do_lower_case=False)
    tokenizer.model_max_length = network.config.max_position_embeddings
    return network, tokenizer


def _start_embeddings(network) -> None:
    """Start positions as sinusoids (Vaswani et al. 2017), tokens at random, alike in size.

    From random positions a small network would first have to learn which residues are neighbours.
    """
    import torch

    embeddings = network.bert.embeddings
    positions = embeddings.position_embeddings.weight.data
    count, width = positions.shape
    periods = 10000 ** (torch.arange(0, width, 2) / width)
    angles = torch.arange(count)[:, None] / periods
    positions.copy_(torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width] * SCALE)
    embeddings.word_embeddings.weight.data.normal_(0, SCALE)
