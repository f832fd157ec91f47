"""Complete readouts chunk by chunk: templates first, the network where they leave much open."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pepseq.errors import SettingsError
from pepseq.models.checkpoints import Checkpoint
from pepseq.progress import Progress
from pepseq.readout.masking import MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.reconstruction.combine import Combiner
from pepseq.reconstruction.config import PredictConfig
from pepseq.reconstruction.reconstruct import Reconstruction, candidates_of, reconstruct
from pepseq.reconstruction.shards import Share
from pepseq.reconstruction.windows import blend, cut_windows
from pepseq.sequences.fasta import Record

BATCH_TOKENS = {"cuda": 65536, "mps": 8192}
CPU_BATCH_ACTIVATIONS = 1 << 18
"""Tokens x width of a batch on a CPU: more falls out of its cache and is slower."""
CHUNK_RESIDUES = 1 << 15
BATCHES_AT_ONCE = 2
"""A chunk has CHUNK_RESIDUES; without templates, so many batches if that is more."""
DEFAULT_WINDOW = 1022
DEFAULT_OVERLAP = 128
SETTLED = 0.05
"""If templates leave the network less than this, on average over a readout, it is not asked."""


class Network:
    """A network, and how readouts of any length go through it."""

    def __init__(self, checkpoint: Checkpoint, config: PredictConfig):
        import torch

        from pepseq.models.protbert import ResidueModel

        if config.threads:
            torch.set_num_threads(config.threads)
        self.model = ResidueModel(checkpoint, config.device, config.precision)
        self._window, self._overlap = _window(self.model.max_window, checkpoint, config)
        self.budget = config.batch_residues or (
            BATCH_TOKENS.get(self.model.device.type) or CPU_BATCH_ACTIVATIONS // self.model.width
        )

    def logits(self, readouts: list[str], progress: Progress | None = None) -> list[np.ndarray]:
        """Return logits of shape (length, 20) for each readout."""
        cuts = [cut_windows(len(readout), self._window, self._overlap) for readout in readouts]
        parts = [
            readout[start:end]
            for readout, cut in zip(readouts, cuts, strict=True)
            for start, end in cut
        ]
        logits = iter(self.model.logits(parts, self.budget, progress))
        return [
            blend(len(readout), cut, [next(logits) for _ in cut])
            for readout, cut in zip(readouts, cuts, strict=True)
        ]


def complete(
    records: Iterable[Record],
    readout: Readout,
    config: PredictConfig,
    network: Network | None,
    combiner: Combiner | None = None,
    progress: Progress | None = None,
    share: Share | None = None,
) -> Iterator[tuple[Record, Reconstruction]]:
    """Yield each record with its reconstruction, in order, holding a bounded number at a time.

    With a combiner, templates are weighed against the network, or against amino acid frequencies
    if there is none; without one the network decides alone. With a `share`, only its records.
    """
    size = CHUNK_RESIDUES
    if combiner is None:
        size = max(size, BATCHES_AT_ONCE * network.budget)
    chunks = _chunks(records, size)
    chunks = chunks if share is None else share.of(chunks)
    if combiner is None:
        candidates = candidates_of(readout, config.candidates)
        for chunk in chunks:
            logits = network.logits([record.sequence for record in chunk], progress)
            for record, one in zip(chunk, logits, strict=True):
                masked = MaskedSequence(record.sequence)
                yield record, reconstruct(masked, one, candidates, readout.groups)
        return
    with ThreadPoolExecutor(config.threads or os.cpu_count()) as pool:
        for chunk in chunks:
            readouts = [record.sequence for record in chunk]
            weighed = list(pool.map(combiner.weigh, readouts))
            asked = [i for i, e in enumerate(weighed) if network and e.none.mean() > SETTLED]
            found = network.logits([readouts[i] for i in asked]) if asked else []
            logits = dict(zip(asked, found, strict=True))
            for i, record in enumerate(chunk):
                yield record, combiner.decide(record.sequence, weighed[i], logits.get(i))
                if progress is not None:
                    progress.add(len(record.sequence))


def _window(most: int, checkpoint: Checkpoint, config: PredictConfig) -> tuple[int, int]:
    window = config.window or min(checkpoint.window or DEFAULT_WINDOW, most)
    if window > most:
        raise SettingsError(
            f"window: expected at most {most} residues for {checkpoint.name}, found {window}"
        )
    overlap = min(DEFAULT_OVERLAP, window // 2) if config.overlap is None else config.overlap
    if overlap >= window:
        raise SettingsError(
            f"overlap: expected fewer residues than the window's {window}, found {overlap}"
        )
    return window, overlap


def _chunks(records: Iterable[Record], residues: int) -> Iterator[list[Record]]:
    chunk, size = [], 0
    for record in records:
        chunk.append(record)
        size += len(record.sequence)
        if size >= residues:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
