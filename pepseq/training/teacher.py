"""Teacher: a network whose probabilities another learns (Hinton et al. 2015, arXiv 1503.02531)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from pepseq.errors import InputError, TryAgainError
from pepseq.models.checkpoints import Checkpoint, find_checkpoint
from pepseq.models.masked_lm import ResidueModel
from pepseq.readout.readout import Readout
from pepseq.sequences.residues import AMINO_ACIDS


@contextmanager
def _naming_teacher() -> Iterator[None]:
    """Name --teacher in errors about the network, instead of --model."""
    try:
        yield
    except (InputError, TryAgainError) as error:
        text = str(error).removeprefix("--model ").replace(" as --model", " as --teacher")
        raise type(error)(f"--teacher {text}") from error


def find_teacher(
    name: str | Path, readouts: Sequence[Readout], offline: bool = False
) -> Checkpoint:
    """Return the checkpoint of a teacher: a folder, a known model's name or a Hugging Face id.

    Raises InputError if there is none, for a readout network, and for a network that was trained on
    readouts, but not on all of these; base models fit every readout. Raises TryAgainError if it
    cannot be downloaded at the moment.
    """
    with _naming_teacher():
        checkpoint = find_checkpoint(name, offline)
    if checkpoint.any_readout:
        raise InputError(
            f"--teacher {name}: expected a masked protein language model, found a readout network"
        )
    lacking = [r for r in readouts if checkpoint.readouts and r not in checkpoint.readouts]
    if lacking:
        raise InputError(
            f"--teacher {name}: expected a network that completes {lacking[0]}, or a base model, "
            f"found one that completes {' or '.join(str(r) for r in checkpoint.readouts)}"
        )
    return checkpoint


class Teacher:
    """A constant network that gives the probability of each candidate.

    It has its own vocabulary and precision: input and output are in residues. `max_window` is the
    most residues of a sequence. Raises InputError if the checkpoint is not a masked language model
    of proteins, and SettingsError if `device` is not on this machine.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto"):
        with _naming_teacher():
            self._model = ResidueModel(checkpoint, device)
        self.name = checkpoint.name
        self.max_window = self._model.max_window

    def log_probabilities(self, residues: Sequence[str], candidates: str) -> list[np.ndarray]:
        """Return for each sequence (X = hidden) natural logarithms of probabilities, float32.

        Each has shape (length, candidates), columns in the order of `candidates`: a softmax over
        these amino acids alone, at observed positions too. All sequences are one batch, which is
        halved if a GPU's memory runs out. Raises InputError if they are not finite, and
        TryAgainError if one sequence alone exceeds the memory.
        """
        columns = [AMINO_ACIDS.index(candidate) for candidate in candidates]
        tokens = len(residues) * max(map(len, residues), default=0)
        results = []
        for logits in self._model.logits(residues, tokens):
            if not np.isfinite(logits).all():
                raise InputError(
                    f"--teacher {self.name}: expected finite logits, found others; its weights are "
                    "damaged or need a higher precision"
                )
            results.append(torch.from_numpy(logits[:, columns]).log_softmax(-1).numpy())
        return results
