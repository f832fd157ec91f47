"""Reads whose residues have probabilities or patterns of labels, of a file or in memory."""

from typing import Any

from pepseq.errors import InputError
from pepseq.io.failures import FailedRecord
from pepseq.readout.confusion import Confusion
from pepseq.readout.label_probabilities import (
    PROBABILITY_COLUMNS,
    WeightedRead,
    read_label_probabilities,
)
from pepseq.readout.readout import Readout
from pepseq.readout.residue_patterns import PATTERN_COLUMNS, read_patterns
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
    SettingsError for a confusion matrix of probabilities.
    """
    require(
        patterns or confusion is None,
        "confusion: probabilities of labels contain the errors; give no matrix",
    )
    try:
        if patterns:
            return read_patterns(reads, readout, bad)
        return read_label_probabilities(reads, readout)
    except InputError as error:
        if "expected one column" not in str(error):
            raise
        option = "--patterns" if patterns else "--probabilities"
        columns = ", ".join(PATTERN_COLUMNS if patterns else PROBABILITY_COLUMNS)
        raise InputError(f"{error}; {option} needs the columns {columns}") from error
