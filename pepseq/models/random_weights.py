"""New networks of ProtBert's architecture and vocabulary, with random weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pepseq.errors import InputError
from pepseq.io.json_files import decode_json

if TYPE_CHECKING:
    from transformers import BertForMaskedLM, BertTokenizer

ARCHITECTURES = Path(__file__).parent / "architectures"
ATTENTION_SHARPNESS = 8.0
"""Scale of the first attention logits: a higher value concentrates a head on its distance."""
SIZES = tuple(sorted(path.stem for path in ARCHITECTURES.glob("*.json")))


def new_masked_lm(config: str | Path) -> tuple["BertForMaskedLM", "BertTokenizer"]:
    """Return network and tokenizer for `tiny`, `small` or a JSON file of BertConfig's settings.

    The vocabulary and its order are ProtBert's (Elnaggar et al. 2021): 5 special tokens, the 20
    amino acids, X U B Z O. Raises InputError for settings that are not valid.
    """
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    path = ARCHITECTURES / f"{config}.json" if str(config) in SIZES else Path(config)
    try:
        settings = decode_json(path.read_text())
        tokens = (ARCHITECTURES / "vocab.txt").read_text().split()
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
    _initialize_neighbour_attention(network)
    tokenizer = BertTokenizer(str(ARCHITECTURES / "vocab.txt"), do_lower_case=False)
    tokenizer.model_max_length = network.config.max_position_embeddings
    return network, tokenizer


def _initialize_neighbour_attention(network: "BertForMaskedLM") -> None:
    """Set positions to sinusoids, and heads of all but the last layer to attend to neighbours.

    Tokens and positions take half of the width each. Head h of layer l attends to a fixed distance
    before or after each residue: its query is the position's sinusoids, rotated by that distance,
    much as gated positional attention starts as convolution (d'Ascoli et al. 2021). From random
    weights, a small network has to learn first which residues are neighbours.
    """
    import torch

    config, bert = network.config, network.bert
    width, heads = config.hidden_size, config.num_attention_heads
    half, size = width // 2, width // heads
    if width % 4 or size % 2:
        return
    rates = 50.0 ** -(torch.arange(half // 2) / (half // 2))
    positions = bert.embeddings.position_embeddings.weight.data
    angles = torch.arange(len(positions))[:, None] * rates
    positions.zero_()
    positions[:, half::2], positions[:, half + 1 :: 2] = angles.sin(), angles.cos()
    tokens = bert.embeddings.word_embeddings.weight.data.normal_(0, 0.7)
    tokens[:, half:] = 0
    bert.embeddings.token_type_embeddings.weight.data.zero_()
    used = torch.linspace(0, half // 2 - 1, size // 2).round().long()  # the sinusoids of a head
    sines, rows = half + 2 * used, torch.arange(0, size, 2)
    strength = 2 * (ATTENTION_SHARPNESS * size**0.5 / (size // 2)) ** 0.5
    for number, layer in enumerate(bert.encoder.layer[:-1]):
        attention: Any = layer.get_submodule("attention.self")
        for head in range(heads):
            distance = (number * (heads + 1) // 2 + head // 2 + 1) * (-1 if head % 2 else 1)
            cos, sin = (rates[used] * distance).cos(), (rates[used] * distance).sin()
            query, key = torch.zeros(size, width), torch.zeros(size, width)
            key[rows, sines] = key[rows + 1, sines + 1] = strength
            query[rows, sines] = query[rows + 1, sines + 1] = strength * cos
            query[rows, sines + 1], query[rows + 1, sines] = strength * sin, -strength * sin
            part = slice(head * size, (head + 1) * size)
            attention.query.weight.data[part] = query
            attention.key.weight.data[part] = key
