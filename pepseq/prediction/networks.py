"""Networks that predict residues of reads of any length, with and without templates."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pepseq.errors import SettingsError
from pepseq.io.progress import Progress
from pepseq.models.checkpoints import Checkpoint
from pepseq.models.windows import DEFAULT_WINDOW, blend_windows, check_overlap, cut_windows
from pepseq.prediction.calibration import CalibrationWeights, fit_calibration
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.prior import ResiduePrior
from pepseq.prediction.reconstruction import candidates_of
from pepseq.readout.confusion import Confusion
from pepseq.readout.readout import READ_KINDS, Readout
from pepseq.sequences.fasta import Record
from pepseq.templates.soft_reads import Read

if TYPE_CHECKING:  # compiles kernels, which takes time where no template is used
    from pepseq.prediction.template_model import CopyEvidence, TemplateModel

BATCH_TOKENS = {"cuda": 65536, "mps": 8192}
CPU_BATCH_ACTIVATIONS = 1 << 18
"""Tokens x width of a batch on a CPU: more falls out of its cache and is slower."""
MIN_LOG_PROBABILITY = -1e3
"""Finite logarithm of the probability of an impossible amino acid."""


class NetworkPredictor(Protocol):
    """A network that predicts residues of reads.

    `kinds`: kinds of reads for which it is used where templates leave much open; `candidates`: the
    amino acids that a hidden residue may be; `budget`: residues, or tokens, of a batch; `device`
    and `precision` as in PredictConfig, chosen; `weights`: those of `calibrate`.
    """

    kinds: tuple[str, ...]
    candidates: str
    budget: int
    device: str
    precision: str
    weights: CalibrationWeights | None

    def logits(self, reads: Sequence[Read], progress: Progress | None = None) -> list[np.ndarray]:
        """Return logits of shape (length, 20) for each read, without templates."""

    def probabilities(
        self,
        reads: Sequence[Read],
        evidence: "Sequence[CopyEvidence]",
        templates: "TemplateModel",
        progress: Progress | None = None,
    ) -> list[np.ndarray]:
        """Return probabilities, (length, 20): copies, and the network where none is."""

    def calibrate(self, records: Iterable[Record], readout: Readout, source: str) -> None:
        """Calibrate a base model on the observed residues of some reads."""


def load_network(
    checkpoint: Checkpoint,
    config: PredictConfig,
    readout: Readout,
    confusion: Confusion | None = None,
) -> NetworkPredictor:
    """Return the network of a checkpoint, ready to predict reads of this readout.

    `confusion` replaces the error rates of `config`; only readout networks use either.
    """
    if checkpoint.any_readout:
        return ReadoutNetworkPredictor(checkpoint, config, readout, confusion)
    return MaskedLMPredictor(checkpoint, config, readout)


class ReadoutNetworkPredictor:
    """A readout network: its input has readout and error rates, and it sees whole proteins.

    It is used for proteins only where there are templates: for peptides it did no better than amino
    acid frequencies.
    """

    kinds: tuple[str, ...] = ("protein",)
    weights: CalibrationWeights | None = None

    def __init__(
        self,
        checkpoint: Checkpoint,
        config: PredictConfig,
        readout: Readout,
        confusion: Confusion | None,
    ):
        from pepseq.network.model import ReadoutModel
        from pepseq.templates.read_symbols import read_symbols

        if config.window or config.overlap:
            raise SettingsError(
                f"--window, --overlap: {checkpoint.name} sees whole proteins; these options are "
                "for networks of transformers"
            )
        self.model = ReadoutModel(
            checkpoint.source,
            config.device,
            config.precision,
            config.threads,
            config.batch_residues,
        )
        self._prior = ResiduePrior(
            read_symbols(readout, config.missed_label, config.misread, confusion),
            self.model.background,
            config.kind,
            readout,
            config.candidates,
        )
        self.candidates, self.budget = self._prior.candidates, self.model.budget
        self.device, self.precision = self.model.device, self.model.precision

    def logits(self, reads: Sequence[Read], progress: Progress | None = None) -> list[np.ndarray]:
        """Return log-probabilities of shape (length, 20) for each read, without templates."""
        inputs = [self._prior.network_input(read) for read in reads]
        logits = self.model.log_probabilities(inputs, progress)
        return [np.maximum(logs, MIN_LOG_PROBABILITY, out=logs) for logs in logits]

    def probabilities(
        self,
        reads: Sequence[Read],
        evidence: "Sequence[CopyEvidence]",
        templates: "TemplateModel",
        progress: Progress | None = None,
    ) -> list[np.ndarray]:
        """Return probabilities, (length, 20): copies, and the network where none is."""
        from pepseq.prediction.template_model import add_copies

        return [
            add_copies(np.exp(logs, out=logs), of_read)
            for logs, of_read in zip(self.logits(reads, progress), evidence, strict=True)
        ]

    def calibrate(self, records: Iterable[Record], readout: Readout, source: str) -> None:
        """Do nothing: a readout network was calibrated when it was trained."""


class MaskedLMPredictor:
    """A masked protein language model; reads go through it in windows."""

    kinds: tuple[str, ...] = READ_KINDS

    def __init__(self, checkpoint: Checkpoint, config: PredictConfig, readout: Readout):
        import torch

        from pepseq.models.masked_lm import ResidueModel

        if config.threads:
            torch.set_num_threads(config.threads)
        self.model = ResidueModel(checkpoint, config.device, config.precision)
        self.device, self.precision = str(self.model.device), self.model.precision
        self.candidates = candidates_of(readout, config.candidates)
        self._window, self._overlap = _choose_window(self.model.max_window, checkpoint, config)
        self._usual_budget = (
            BATCH_TOKENS.get(self.model.device.type) or CPU_BATCH_ACTIVATIONS // self.model.width
        )
        self.budget = config.batch_residues or self._usual_budget
        self.weights: CalibrationWeights | None = None
        self._name = checkpoint.name

    def calibrate(self, records: Iterable[Record], readout: Readout, source: str) -> None:
        """Calibrate a base model on the observed residues of some reads, see `fit_calibration`.

        Batches have the usual size, so that the result does not depend on --batch-residues.
        """

        def logits(reads: list[str]) -> list[np.ndarray]:
            return self._raw_logits(reads, self._usual_budget)

        self.weights = fit_calibration(logits, records, readout, self._name, source)

    def logits(self, reads: Sequence[Read], progress: Progress | None = None) -> list[np.ndarray]:
        """Return logits of shape (length, 20) for each read, by `weights` if it is calibrated."""
        texts = [read if isinstance(read, str) else read.residues for read in reads]
        raw = self._raw_logits(texts, self.budget, progress)
        return raw if self.weights is None else [self.weights.apply(logits) for logits in raw]

    def _raw_logits(
        self, reads: list[str], budget: int, progress: Progress | None = None
    ) -> list[np.ndarray]:
        windows = [cut_windows(len(read), self._window, self._overlap) for read in reads]
        parts = [
            read[start:end] for read, cut in zip(reads, windows, strict=True) for start, end in cut
        ]
        ends = [[0, *(end for _, end in cut)] for cut in windows]
        new_residues = [end - before for of_read in ends for before, end in pairwise(of_read)]
        logits = iter(self.model.logits(parts, budget, progress, new_residues))
        return [
            blend_windows(len(read), cut, [next(logits) for _ in cut])
            for read, cut in zip(reads, windows, strict=True)
        ]

    def probabilities(
        self,
        reads: Sequence[Read],
        evidence: "Sequence[CopyEvidence]",
        templates: "TemplateModel",
        progress: Progress | None = None,
    ) -> list[np.ndarray]:
        """Return probabilities, (length, 20): copies, and the network where none is."""
        of_reads = zip(reads, evidence, self.logits(reads, progress), strict=True)
        return [templates.probabilities(*of_read) for of_read in of_reads]


def _choose_window(largest: int, checkpoint: Checkpoint, config: PredictConfig) -> tuple[int, int]:
    """Return the residues of a window and of the overlap of two."""
    window = config.window or min(checkpoint.window or DEFAULT_WINDOW, largest)
    if window > largest:
        raise SettingsError(
            f"window: expected at most {largest} residues for {checkpoint.name}, found {window}"
        )
    return window, check_overlap(window, config.overlap)
