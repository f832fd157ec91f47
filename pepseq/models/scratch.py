"""New networks of ProtBert's architecture and vocabulary, with random weights."""

import json
from pathlib import Path

from pepseq.errors import InputError

FOLDER = Path(__file__).parent / "scratch"
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
    tokenizer = BertTokenizer(str(FOLDER / "vocab.txt"), do_lower_case=False)
    tokenizer.model_max_length = network.config.max_position_embeddings
    return network, tokenizer
