"""Proteins of a reference for quantification: ids, descriptions and residues of each."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pepseq.digestion.config import DigestConfig
from pepseq.digestion.digest import digest
from pepseq.errors import InputError, SettingsError, quoted
from pepseq.quantification.amounts_table import PROTEIN_SEPARATOR
from pepseq.quantification.digested_reference import encode_records
from pepseq.quantification.sample import channel_of_code
from pepseq.readout.readout import Readout
from pepseq.sequences.fasta import Record
from pepseq.sequences.molecular_weights import molecular_weights

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownProteins:
    """Proteins that may be in a sample; `residues`, `offsets` as of `digest`.

    repeated: ids that several records have, with other residues.
    """

    ids: list[str]
    descriptions: list[str]
    residues: np.ndarray
    offsets: np.ndarray
    repeated: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def weights(self) -> np.ndarray:
        """The molecular weight of each protein in daltons, float64."""
        return molecular_weights(self.residues, self.offsets)

    def given_labels(self, readout: Readout, digestion: DigestConfig) -> np.ndarray:
        """Return whether any peptide has the label of each channel, bool (channels,).

        Raises SettingsError if no peptide has a label.
        """
        peptides = digest(self.residues, self.offsets, digestion)
        channels = channel_of_code(readout)[self.residues]
        inside = np.zeros(len(channels) + 1, np.int64)
        np.add.at(inside, peptides.begin, 1)
        np.add.at(inside, peptides.end, -1)
        is_kept = np.cumsum(inside[:-1]) > 0
        found = np.unique(channels[is_kept & (channels >= 0)])
        if not len(found):
            raise SettingsError(
                f"no peptide of the reference has one of the labels {','.join(readout.labels)}: "
                "check labels, protease and lengths"
            )
        return np.isin(np.arange(len(readout.labels)), found)


def known_proteins(records: Iterable[Record], source: str) -> KnownProteins:
    """Return the proteins of records; a repeated record counts once.

    Ids that come with other residues again get `#2`, `#3`. Raises InputError for no record, and
    for an id with PROTEIN_SEPARATOR.
    """
    residues_of_id: dict[str, list[str]] = {}
    kept: list[Record] = []
    records = list(records)
    given, taken = {record.id for record in records}, set[str]()
    for record in records:
        if PROTEIN_SEPARATOR in record.id:
            raise InputError(
                f"{source}:{record.line}: {quoted(record.id)}: expected an id without "
                f"{PROTEIN_SEPARATOR}, which stands between the ids of a group"
            )
        earlier = residues_of_id.setdefault(record.id, [])
        if record.sequence in earlier:
            continue
        earlier.append(record.sequence)
        name, number = record.id, len(earlier)
        while name in taken or (name != record.id and name in given):
            name, number = f"{record.id}#{number}", number + 1
        taken.add(name)
        kept.append(Record(name, record.description, record.sequence, record.line))
    if not kept:
        raise InputError(f"{source}: expected known proteins, found none")
    ids, descriptions = [r.id for r in kept], [r.description for r in kept]
    repeated = frozenset(name for name, texts in residues_of_id.items() if len(texts) > 1)
    return KnownProteins(ids, descriptions, *encode_records(kept), repeated)
