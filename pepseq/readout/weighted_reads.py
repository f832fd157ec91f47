"""Reads whose residues have probabilities or patterns of labels, of a file or in memory."""

from typing import Any

from pepseq.io.failures import FailedRecord
from pepseq.io.outputs import STDIO
from pepseq.readout.confusion import Confusion
from pepseq.readout.label_probabilities import WeightedRead, read_label_probabilities
from pepseq.readout.readout import Readout
from pepseq.readout.residue_patterns import read_patterns
from pepseq.settings import require


def read_weighted(
    reads: Any,
    readout: Readout,
    patterns: bool,
    confusion: Confusion | None,
    bad: list[FailedRecord] | None = None,
) -> list[WeightedRead]:
    """Return reads as of `read_patterns`, or without `patterns` of `read_label_probabilities`.

    Patterns that cannot be read are added to `bad`; without it, the first raises InputError. Raises
    SettingsError for standard input, and for a confusion matrix of probabilities.
    """
    require(str(reads) != STDIO, "probabilities, patterns: give a file, not standard input")
    if patterns:
        return read_patterns(reads, readout, bad)
    require(
        confusion is None, "confusion: probabilities of labels contain the errors; give no matrix"
    )
    return read_label_probabilities(reads, readout)
