"""The networks that complete readouts, and how readouts of any length go through them."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pepseq.errors import SettingsError
from pepseq.io.progress import Progress
from pepseq.models.checkpoints import Checkpoint
from pepseq.models.windows import DEFAULT_WINDOW, blend_windows, check_overlap, cut_windows
from pepseq.prediction.calibration import Tempering, fit_tempering
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.prior import Expectation
from pepseq.prediction.reconstruction import candidates_of
from pepseq.readout.readout import READ_KINDS, Readout

if TYPE_CHECKING:
    from pepseq.prediction.combiner import Combiner, Evidence

BATCH_TOKENS = {"cuda": 65536, "mps": 8192}
CPU_BATCH_ACTIVATIONS = 1 << 18
"""Tokens x width of a batch on a CPU: more falls out of its cache and is slower."""
IMPOSSIBLE = -1e3
"""Finite logarithm of the probability of what cannot be."""
Asked = Sequence[tuple[str, "Evidence"]]
"""Readouts, and what templates say of them."""


def load_network(checkpoint: Checkpoint, config: PredictConfig, readout: Readout):
    """Return the network of a checkpoint, ready to complete such readouts."""
    if checkpoint.any_readout:
        return ReadoutNetwork(checkpoint, config, readout)
    return LanguageModel(checkpoint, config, readout)


class ReadoutNetwork:
    """A readout network: it is told of readout and errors, and sees whole proteins.

    `kinds`: of these it is asked where templates leave much open; for peptides it did no better
    than amino acid frequencies.
    """

    kinds = ("protein",)

    def __init__(self, checkpoint: Checkpoint, config: PredictConfig, readout: Readout):
        from pepseq.network.model import ReadoutModel
        from pepseq.templates.symbols import symbols_of

        if config.window or config.overlap:
            raise SettingsError(
                f"--window, --overlap: {checkpoint.name} sees whole proteins; they are for "
                "networks of transformers"
            )
        self.model = ReadoutModel(
            checkpoint.source,
            config.device,
            config.precision,
            config.threads,
            config.batch_residues,
        )
        self._expectation = Expectation(
            symbols_of(readout, config.missed_label, config.misread),
            self.model.background,
            config.kind,
            readout,
            config.candidates,
        )
        self.candidates, self.budget = self._expectation.candidates, self.model.budget

    def logits(self, readouts: list[str], progress: Progress | None = None) -> list[np.ndarray]:
        """Return log-probabilities of shape (length, 20) for each readout, without templates."""
        readings = [self._expectation.reading(residues) for residues in readouts]
        found = self.model.log_probabilities(readings, progress)
        return [np.maximum(logs, IMPOSSIBLE, out=logs) for logs in found]

    def mix(self, combiner: "Combiner", asked: Asked) -> list[np.ndarray]:
        """Return probabilities of shape (length, 20): copies, and the network where none is."""
        found = self.logits([residues for residues, _ in asked])
        for (_, evidence), logs in zip(asked, found, strict=True):
            np.exp(logs, out=logs)
            logs *= evidence.none[:, None]
            logs += evidence.copied
        return found


class LanguageModel:
    """A masked protein language model; readouts go through it in windows.

    `tempering` weighs its probabilities against amino acid frequencies, see `temper`.
    """

    kinds = READ_KINDS

    def __init__(self, checkpoint: Checkpoint, config: PredictConfig, readout: Readout):
        import torch

        from pepseq.models.masked_lm import ResidueModel

        if config.threads:
            torch.set_num_threads(config.threads)
        self.model = ResidueModel(checkpoint, config.device, config.precision)
        self.candidates = candidates_of(readout, config.candidates)
        self._window, self._overlap = _window(self.model.max_window, checkpoint, config)
        self._usual_budget = (
            BATCH_TOKENS.get(self.model.device.type) or CPU_BATCH_ACTIVATIONS // self.model.width
        )
        self.budget = config.batch_residues or self._usual_budget
        self.tempering: Tempering | None = None
        self._name = checkpoint.name

    def temper(self, source: str | Path, readout: Readout) -> None:
        """Calibrate a base model on the observed residues of a file, see `fit_tempering`.

        Batches have the usual size, so that the result does not depend on --batch-residues.
        """

        def logits(readouts: list[str]) -> list[np.ndarray]:
            return self._raw_logits(readouts, self._usual_budget)

        self.tempering = fit_tempering(logits, source, readout, self._name)

    def logits(self, readouts: list[str], progress: Progress | None = None) -> list[np.ndarray]:
        """Return logits of shape (length, 20) for each readout, tempered if it is calibrated."""
        found = self._raw_logits(readouts, self.budget, progress)
        return found if self.tempering is None else [self.tempering.apply(one) for one in found]

    def _raw_logits(
        self, readouts: list[str], budget: int, progress: Progress | None = None
    ) -> list[np.ndarray]:
        cuts = [cut_windows(len(readout), self._window, self._overlap) for readout in readouts]
        parts = [
            readout[start:end]
            for readout, cut in zip(readouts, cuts, strict=True)
            for start, end in cut
        ]
        ends = [[0, *(end for _, end in cut)] for cut in cuts]
        new = [end - before for of_one in ends for before, end in pairwise(of_one)]
        logits = iter(self.model.logits(parts, budget, progress, new))
        return [
            blend_windows(len(readout), cut, [next(logits) for _ in cut])
            for readout, cut in zip(readouts, cuts, strict=True)
        ]

    def mix(self, combiner: "Combiner", asked: Asked) -> list[np.ndarray]:
        """Return probabilities of shape (length, 20): copies, and the network where none is."""
        found = self.logits([residues for residues, _ in asked])
        return [
            combiner.mix(residues, evidence, logits)
            for (residues, evidence), logits in zip(asked, found, strict=True)
        ]


def _window(most: int, checkpoint: Checkpoint, config: PredictConfig) -> tuple[int, int]:
    window = config.window or min(checkpoint.window or DEFAULT_WINDOW, most)
    if window > most:
        raise SettingsError(
            f"window: expected at most {most} residues for {checkpoint.name}, found {window}"
        )
    return window, check_overlap(window, config.overlap)
