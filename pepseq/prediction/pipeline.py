"""Complete readouts chunk by chunk: templates first, the network where they leave much open."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pepseq.io.progress import Progress
from pepseq.prediction.config import PredictConfig
from pepseq.prediction.networks import LanguageModel, ReadoutNetwork
from pepseq.prediction.reconstruction import Reconstruction, reconstruct
from pepseq.prediction.shards import Share
from pepseq.readout.masking import MaskedSequence
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record

if TYPE_CHECKING:  # it compiles code, which takes time where no template is asked
    from pepseq.prediction.combiner import Combiner

CHUNK_RESIDUES = 1 << 15
BATCHES_AT_ONCE = 2
"""A chunk has CHUNK_RESIDUES; without templates, so many batches if that is more."""
SETTLED = 0.05
"""If templates leave the network less than this, on average over a readout, it is not asked."""


def complete(
    records: Iterable[Record],
    readout: Readout,
    config: PredictConfig,
    network: LanguageModel | ReadoutNetwork | None,
    combiner: "Combiner | None" = None,
    progress: Progress | None = None,
    share: Share | None = None,
) -> Iterator[tuple[Record, Reconstruction]]:
    """Yield each record with its reconstruction, in order, holding a bounded number at a time.

    With a combiner, templates are weighed against the network, or against amino acid frequencies
    if there is none; without one the network decides alone. With a `share`, only its records.
    """
    size = CHUNK_RESIDUES if combiner else max(CHUNK_RESIDUES, BATCHES_AT_ONCE * network.budget)
    chunks = _chunks(records, size)
    chunks = chunks if share is None else share.of(chunks)
    if combiner is None:
        for chunk in chunks:
            logits = network.logits([record.sequence for record in chunk], progress)
            for record, one in zip(chunk, logits, strict=True):
                masked = MaskedSequence(record.sequence)
                yield record, reconstruct(masked, one, network.candidates, readout.groups)
        return
    told = network is not None and config.kind in network.kinds
    with ThreadPoolExecutor(config.threads or os.cpu_count()) as pool:
        for chunk in chunks:
            readouts = [record.sequence for record in chunk]
            weighed = list(pool.map(combiner.weigh, readouts))
            asked = [i for i, e in enumerate(weighed) if told and e.none.mean() > SETTLED]
            about = [(readouts[i], weighed[i]) for i in asked]
            found = network.mix(combiner, about) if about else []
            answers = dict(zip(asked, found, strict=True))
            for i, record in enumerate(chunk):
                yield record, combiner.decide(record.sequence, weighed[i], answers.get(i))
                if progress is not None:
                    progress.add(len(record.sequence))


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
