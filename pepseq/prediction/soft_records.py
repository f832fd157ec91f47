"""Records of reads with probabilities of labels at each residue."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pepseq.errors import SettingsError
from pepseq.readout.readout import Readout
from pepseq.readout.weighted_reads import read_weighted
from pepseq.sequences.fasta import Record
from pepseq.templates.read_symbols import read_symbols
from pepseq.templates.soft_reads import Read, SoftRead, soft_read

_CERTAIN = 1 - 1e-9


@dataclass(frozen=True)
class SoftRecord(Record):
    """A record of a soft `read`; residues of which no label is certain are hidden in `sequence`."""

    read: SoftRead


def soft_records(reads: Any, readout: str | Readout | None) -> list[SoftRecord]:
    """Return the records of a table as of `read_label_probabilities`.

    Raises InputError, and SettingsError without a readout.
    """
    if readout is None:
        raise SettingsError("probabilities: give the readout, such as --readout KCYM")
    readout = readout if isinstance(readout, Readout) else Readout(readout)
    symbols = read_symbols(readout)
    records = []
    for weighted in read_weighted(reads, readout, False, None):
        (weights,) = weighted.variants
        best = np.where(weights.max(1) >= _CERTAIN, weights.argmax(1), symbols.hidden)
        residues = "".join(symbols.texts[symbol] for symbol in best.tolist())
        read = soft_read(weights, symbols)
        records.append(SoftRecord(weighted.id, "", residues, weighted.line, read))
    return records


def read_of(record: Record) -> Read:
    """Return what is known of a record's residues: its sequence, or a soft read."""
    return record.read if isinstance(record, SoftRecord) else record.sequence
