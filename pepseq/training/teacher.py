"""A network whose probabilities another network learns (Hinton et al. 2015, arXiv 1503.02531)."""

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
    """Let an error speak of --teacher, where it would speak of --model or of no option."""
    try:
        yield
    except (InputError, TryAgainError) as error:
        text = str(error).removeprefix("--model ").replace(" as --model", " as --teacher")
        raise type(error)(f"--teacher {text}") from error


def find_teacher(
    name: str | Path, readouts: Sequence[Readout], offline: bool = False
) -> Checkpoint:
    """Return the checkpoint of a teacher: a folder, a known model's name or a Hugging Face id.

    Raises InputError if there is none, and for a folder of a network that was trained to complete
    readouts, but not all of these; a base model is let be. TryAgainError if it cannot be
    downloaded now.
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
    """A network that never changes and says how probable each candidate is.

    It has a vocabulary, and a precision, of its own: what it is given and what it says are in
    residues. `max_window` is the most residues that it can take at once. Raises InputError for a
    checkpoint that is no masked language model of proteins, and SettingsError if `device` is not
    on this machine.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto"):
        with _naming_teacher():
            self._model = ResidueModel(checkpoint, device)
        self.name = checkpoint.name
        self.max_window = self._model.max_window

    def log_probabilities(self, residues: Sequence[str], candidates: str) -> list[np.ndarray]:
        """Return for each sequence (X = hidden) natural logarithms of probabilities, float32.

        Each is of shape (length, candidates), columns in the order of `candidates`: a softmax over
        these amino acids alone, at observed positions too. All sequences go through the network at
        once; on a GPU, in parts if memory asks for it. Raises InputError if they are not finite,
        and TryAgainError if memory runs out with one sequence.
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
