"""Reads with probabilities of labels, and patterns of labels, as `lookup` takes them."""

from pathlib import Path
from typing import Any

from pepseq.identification.config import LookupConfig
from pepseq.io.failures import FailedRecord
from pepseq.prediction.read_warnings import warn_of_peptides
from pepseq.readout.confusion import Confusion
from pepseq.readout.label_probabilities import WeightedRead
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.readout.weighted_reads import read_weighted
from pepseq.sequences.fasta import Record


def read_and_check(
    reads: Any,
    readout: Readout,
    config: LookupConfig,
    confusion: Confusion | None,
    bad: list[FailedRecord] | None = None,
) -> list[WeightedRead]:
    """Return the reads of `read_weighted`; warn of short ones that are taken for proteins."""
    weighted = read_weighted(reads, readout, config.patterns, confusion, bad)
    source = str(reads) if isinstance(reads, str | Path) else "reads"
    texts = (Record(r.id, "", HIDDEN * len(r.variants[0]), r.line) for r in weighted)
    for _ in warn_of_peptides(texts, config.read_kind, source):
        pass
    return weighted
