"""Masked protein language models (ProtBert, ESM-2 and their kin): reads in, logits out.

The network, its weights and its vocabulary are those of transformers. Each residue is one token,
so tokens are looked up in a table of 256 entries, one for each byte.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from pepseq.errors import InputError, TryAgainError
from pepseq.io.progress import Progress
from pepseq.models.batching import plan_batches
from pepseq.models.checkpoints import Checkpoint
from pepseq.models.devices import DTYPES, pick_device, pick_precision
from pepseq.models.quantization import quantize
from pepseq.models.transformers_loading import check_all_loaded, loading
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS

log = logging.getLogger(__name__)
_LAYER = re.compile(r"\.layers?\.\d+\.")


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of residues.

    table: token id of each byte, shape (256,); X is the mask token.
    start, end: tokens before and after a sequence.
    pad: token that fills shorter rows.
    residues: tokens of the twenty amino acids, in the order of AMINO_ACIDS.
    emission: returns P(token | amino acid) of a readout, for networks that take it as an input.
    """

    table: np.ndarray
    start: tuple[int, ...]
    end: tuple[int, ...]
    pad: int
    residues: np.ndarray
    emission: Callable[[Readout], np.ndarray] | None = None

    def encode(self, residues: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return token ids and attention mask, both (rows, tokens of the longest row), int64."""
        width = max(map(len, residues)) + len(self.start) + len(self.end)
        ids = np.full((len(residues), width), self.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(residues):
            tokens = self.table[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
            row_ids = np.concatenate([self.start, tokens, self.end])
            ids[row, : len(row_ids)] = row_ids
            mask[row, : len(row_ids)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)


class LoadedMaskedLM(NamedTuple):
    """A network in float32 on the CPU, with its tokenizer, if it has one, and vocabulary."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase | None
    vocabulary: Vocabulary


def read_vocabulary(tokenizer: PreTrainedTokenizerBase, source: str) -> Vocabulary:
    """Return the vocabulary of a tokenizer; InputError unless each amino acid has a token."""
    tokens = tokenizer.get_vocab()
    missing = [amino_acid for amino_acid in AMINO_ACIDS if amino_acid not in tokens][:5]
    if missing or tokenizer.mask_token_id is None or tokenizer.pad_token_id is None:
        raise InputError(
            f"{source}: expected a vocabulary in which every amino acid is a token, found none for "
            f"{', '.join(missing or ['a mask and a pad token'])}"
        )
    table = np.full(256, tokenizer.mask_token_id, dtype=np.int64)
    for amino_acid in AMINO_ACIDS:
        table[ord(amino_acid)] = tokens[amino_acid]
    special_tokens: list[int] = tokenizer("", add_special_tokens=True)["input_ids"]
    half = (len(special_tokens) + 1) // 2
    return Vocabulary(
        table,
        tuple(special_tokens[:half]),
        tuple(special_tokens[half:]),
        tokenizer.pad_token_id,
        table[np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)],
    )


def load_masked_lm(checkpoint: Checkpoint) -> LoadedMaskedLM:
    """Load the network of a checkpoint.

    Pickled weights are read as data only, and code of a model is never run. Raises InputError if
    the checkpoint is not a masked language model of proteins, if weights are missing or damaged,
    or if it is not on this machine and cannot be downloaded.
    """
    source = checkpoint.source
    with loading(checkpoint, "masked protein language model"):
        config = _read_config(source)
        tokenizer = AutoTokenizer.from_pretrained(
            source, config=config, trust_remote_code=False, do_lower_case=False
        )
        network, info = AutoModelForMaskedLM.from_pretrained(
            source,
            config=config,
            trust_remote_code=False,
            dtype=torch.float32,
            attn_implementation="sdpa",
            output_loading_info=True,
        )
    deeper = [key for key in info["unexpected_keys"] if _LAYER.search(key)]
    if deeper:
        raise InputError(
            f"{source}: expected weights for as many layers as config.json says, found more, such "
            f"as {min(deeper)}"
        )
    missing = sorted(key for key in info["missing_keys"] if "pooler" not in key)
    check_all_loaded(info, missing, source, f"a {config.model_type} masked language model")
    vocabulary = read_vocabulary(tokenizer, source)
    if vocabulary.table.max() >= network.get_input_embeddings().num_embeddings:
        raise InputError(f"{source}: expected a vocabulary of the network's size, found a larger")
    return LoadedMaskedLM(network.eval(), tokenizer, vocabulary)


def _read_config(source: str) -> PreTrainedConfig:
    """Return the config of a model, also one that names its class alone (`Rostlab/prot_bert`)."""
    settings, _ = PreTrainedConfig.get_config_dict(source)
    if "model_type" not in settings and "auto_map" not in settings:
        types = {name: kind for kind, name in MODEL_FOR_MASKED_LM_MAPPING_NAMES.items()}
        for architecture in settings.get("architectures") or ():
            if architecture in types:
                return AutoConfig.for_model(types[architecture], **settings)
    return AutoConfig.from_pretrained(source, trust_remote_code=False)


def max_residues(network: torch.nn.Module, vocabulary: Vocabulary) -> int:
    """Return the most residues that a network can take at once, without special tokens."""
    positions = getattr(network.config, "max_position_embeddings", None) or 1 << 20
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None):
            positions -= module.padding_idx + 1  # RoBERTa counts positions from there
    return positions - len(vocabulary.start) - len(vocabulary.end)


class ResidueModel:
    """A loaded network that gives logits over the twenty amino acids at every position."""

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", precision: str = "auto"):
        self.device = pick_device(device)
        self.precision = pick_precision(precision, self.device)
        loaded = load_masked_lm(checkpoint)
        network: Any = loaded.network
        self.vocabulary = loaded.vocabulary
        self.max_window = max_residues(network, self.vocabulary)
        """The most residues that the network can take at once."""
        self.width: int = network.get_input_embeddings().embedding_dim
        if self.precision == "int8":
            quantize(network)
        else:
            network = network.to(DTYPES[self.precision])
        self._network = network.to(self.device)
        self._residues = torch.from_numpy(self.vocabulary.residues).to(self.device)

    def logits(
        self,
        residues: Sequence[str],
        budget: int,
        progress: Progress | None = None,
        counts: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Return for each sequence (X = hidden) float32 logits of shape (length, 20).

        A batch has at most `budget` tokens, padding included; a batch that exceeds the GPU's memory
        is halved. `counts`: residues of each sequence that `progress` counts, None for all. Raises
        TryAgainError if one sequence alone exceeds the memory.
        """
        lengths = [len(text) for text in residues]
        counts = lengths if counts is None else counts
        results: dict[int, np.ndarray] = {}
        for batch in plan_batches(lengths, budget):
            logits = self._forward([residues[index] for index in batch])
            for index, rows in zip(batch.tolist(), logits, strict=True):
                results[index] = rows
            if progress is not None:
                progress.add(sum(counts[index] for index in batch))
        return [results[index] for index in range(len(residues))]

    def _forward(self, residues: Sequence[str]) -> list[np.ndarray]:
        try:
            ids, mask = self.vocabulary.encode(residues)
            with torch.inference_mode():
                logits = self._network(
                    input_ids=ids.to(self.device), attention_mask=mask.to(self.device)
                ).logits
                logits = logits.index_select(-1, self._residues).float().cpu().numpy()
        except torch.OutOfMemoryError as error:
            if len(residues) == 1:
                raise TryAgainError(
                    f"out of memory with one window of {len(residues[0])} residues: "
                    "give a smaller --window, or --device cpu"
                ) from error
            torch.cuda.empty_cache()
            log.warning("out of memory: halving a batch of %d windows", len(residues))
            half = len(residues) // 2
            return self._forward(residues[:half]) + self._forward(residues[half:])
        first = len(self.vocabulary.start)
        return [row[first : first + len(text)] for row, text in zip(logits, residues, strict=True)]
