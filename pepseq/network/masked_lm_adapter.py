"""The readout network in the form of transformers' Trainer, so that `finetune` adapts it too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import MaskedLMOutput

from pepseq.models.checkpoints import READOUT_NETWORK
from pepseq.models.masked_lm import Vocabulary
from pepseq.network.architecture import ARCHITECTURE
from pepseq.network.export import write_network
from pepseq.network.model import GRAPH, read_folder
from pepseq.network.net import ReadoutNet, add_log_odds
from pepseq.network.temperature import Temperatures
from pepseq.network.training_examples import emission_table
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS
from pepseq.templates.read_symbols import read_symbols

TOKENS = AMINO_ACIDS + HIDDEN + AMINO_ACIDS.lower() + "-"
"""Amino acids, a hidden residue, groups by their first amino acid, padding."""
MIN_LOG_PROBABILITY = -30.0
"""Logarithm of an impossible amino acid's probability; finite, since a teacher may allow it."""


class ReadoutConfig(PreTrainedConfig):
    """The sizes of a readout network (`settings`), and what is stored beside its weights."""

    model_type = READOUT_NETWORK

    def __init__(
        self,
        settings: dict[str, int] | None = None,
        background: Sequence[float] = (),
        temperatures: Sequence[Any] = (),
        **more: Any,
    ):
        super().__init__(**more)
        self.settings, self.background = settings or {}, list(background)
        self.temperatures = list(temperatures)


class ReadoutMaskedLM(PreTrainedModel):
    """Rows of tokens in, logits over TOKENS out; padding is left out of all computation."""

    config_class = ReadoutConfig
    background: torch.Tensor

    def __init__(self, config: ReadoutConfig):
        super().__init__(config)
        self.net = ReadoutNet(config.settings)
        self.register_buffer("background", torch.tensor(config.background), persistent=False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, emission: torch.Tensor
    ) -> MaskedLMOutput:
        """Return log-probabilities as logits, (rows, tokens, len(TOKENS)).

        `emission`, (rows, len(TOKENS), 20): P(token | amino acid) under the row's readout.
        """
        row, place = attention_mask.nonzero(as_tuple=True)
        lengths = attention_mask.sum(1)
        packed = emission[row, input_ids[row, place]].float()
        prior = packed * self.background
        prior = prior / prior.sum(1, keepdim=True)
        no_templates = packed.new_zeros(0, len(row))
        states = self.net(
            packed,
            prior,
            torch.ones_like(prior[:, :1]),
            place.clamp(max=ARCHITECTURE.edge),
            (lengths[row] - 1 - place).clamp(max=ARCHITECTURE.edge),
            row,
            (1 / lengths.float())[:, None],
            no_templates.long(),
            no_templates,
            no_templates,
        )
        with torch.autocast(states.device.type, enabled=False):
            logs = add_log_odds(self.net.odds(states), prior)
        logits = logs.new_full((*input_ids.shape, len(TOKENS)), -torch.inf)
        logits[row, place, : len(AMINO_ACIDS)] = logs.clamp(min=MIN_LOG_PROBABILITY)
        return MaskedLMOutput(logits=logits)

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Leave weights as `ReadoutNet` makes them."""

    def save_network(self, folder: Path, base: Path) -> None:
        """Write a folder that `predict` loads; the graph is the base network's."""
        temperatures = Temperatures.from_rows(self.config.temperatures)
        write_network(self.net, folder, np.array(self.config.background), temperatures)
        (folder / GRAPH).write_bytes((base / GRAPH).read_bytes())


def load_for_training(folder: str | Path) -> tuple[ReadoutMaskedLM, Vocabulary]:
    """Return a readout network and the vocabulary of its rows; InputError if there is none."""
    settings, weights = read_folder(Path(folder))
    config = ReadoutConfig(settings["settings"], settings["background"], settings["temperatures"])
    network = ReadoutMaskedLM(config)
    network.net.load_state_dict({name: torch.from_numpy(v) for name, v in weights.items()})
    table = np.full(256, TOKENS.index(HIDDEN), np.int64)
    for token, letter in enumerate(TOKENS):
        table[ord(letter)] = token
    return network, Vocabulary(
        table, (), (), TOKENS.index("-"), np.arange(len(AMINO_ACIDS)), token_emission
    )


def token_emission(readout: Readout) -> np.ndarray:
    """Return P(token | amino acid) under a readout, (len(TOKENS), 20), float32."""
    symbols = read_symbols(readout)
    return emission_table(symbols)[symbols.encode(TOKENS.replace("-", HIDDEN))]
