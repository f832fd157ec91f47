"""Reads with probabilities of labels, and patterns of labels, as `lookup` takes them."""

from pathlib import Path
from typing import Any

from pepseq.identification.config import LookupConfig
from pepseq.io.failures import FailedRecord
from pepseq.io.outputs import STDIO
from pepseq.prediction.read_warnings import warn_of_peptides
from pepseq.readout.confusion import Confusion
from pepseq.readout.label_probabilities import WeightedRead, read_label_probabilities
from pepseq.readout.masking import HIDDEN
from pepseq.readout.readout import Readout
from pepseq.readout.residue_patterns import read_patterns
from pepseq.sequences.fasta import Record
from pepseq.settings import require


def read_weighted(
    reads: Any,
    readout: Readout,
    config: LookupConfig,
    confusion: Confusion | None,
    bad: list[FailedRecord] | None = None,
) -> list[WeightedRead]:
    """Return the reads of a file or in memory, see `LookupConfig`; bad patterns go to `bad`.

    Raises InputError, and SettingsError for a confusion matrix of reads that contain the errors.
    """
    require(str(reads) != STDIO, "probabilities, patterns: give a file, not standard input")
    if config.patterns:
        weighted = read_patterns(reads, readout, bad)
    else:
        require(
            confusion is None,
            "confusion: probabilities of labels contain the errors; give no matrix",
        )
        weighted = read_label_probabilities(reads, readout)
    source = str(reads) if isinstance(reads, str | Path) else "reads"
    texts = (Record(r.id, "", HIDDEN * len(r.variants[0]), r.line) for r in weighted)
    for _ in warn_of_peptides(texts, config.read_kind, source):
        pass
    return weighted
