"""Proteins that were added to a sample with known numbers of copies."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.files import open_input
from pepseq.io.outputs import STDIO
from pepseq.io.tables import read_table
from pepseq.quantification.abundances import collect_copies, items
from pepseq.sequences.fasta import Record, read_fasta

_COPIES = re.compile(r"(?:^|\s)copies=(\S+)")


@dataclass(frozen=True)
class SpikeIns:
    """Known copies: rows of (place, id, copies as given), and the proteins if they are FASTA."""

    source: str
    rows: list[tuple[str, str, object]]
    records: list[Record]

    def copies(self, ids: Sequence[str], repeated: Collection[str] = ()) -> np.ndarray:
        """Return the copies of each protein, float64; 0 for those that are not known.

        Raises InputError for an id that is not among the proteins, or that several have
        (`repeated`), and for faulty copies.
        """
        known = set(ids)
        for place, name, _ in self.rows:
            if name not in known:
                raise InputError(
                    f"{place}: {quoted(name)} is not in the reference: add its FASTA to "
                    "--reference, or give the spike-ins as FASTA"
                )
            if name in repeated:
                raise InputError(
                    f"{place}: {quoted(name)} is the id of several proteins with other residues; "
                    "give them ids of their own"
                )
        return collect_copies(self.source, self.rows, ids)


def read_spike_ins(known: Any) -> SpikeIns:
    """Return the spike-ins of a FASTA file, of a table, of a mapping or of a DataFrame.

    The header of a FASTA record has copies=NUMBER; a table the columns protein and copies, whose
    proteins are those of the reference. Raises InputError.
    """
    if not isinstance(known, str | Path):
        return SpikeIns("known", list(items(known, "known")), [])
    if str(known) == STDIO:
        raise SettingsError("known: expected a file, found - (stdin)")
    with open_input(known) as stream:
        is_fasta = stream.peek(4)[:4].removeprefix(b"\xef\xbb\xbf").startswith(b">")
    if not is_fasta:
        table = read_table(known, ("protein", "copies"))
        rows = ((f"{known}:{line}", name, text) for line, (name, text) in table)
        return SpikeIns(str(known), list(rows), [])
    records = list(read_fasta(known))
    return SpikeIns(str(known), list(_rows_of_fasta(known, records)), records)


def _rows_of_fasta(
    path: str | Path, records: Sequence[Record]
) -> Iterator[tuple[str, str, object]]:
    for record in records:
        copies = _COPIES.search(record.description)
        if copies is None:
            raise InputError(
                f"{path}:{record.line}: expected copies=NUMBER in the header, found none"
            )
        yield f"{path}:{record.line}", record.id, copies[1]


@dataclass(frozen=True)
class Scale:
    """Copies for each relative copy, and the variance of this factor over its square."""

    factor: float
    variance: float


def find_scale(
    known: np.ndarray, copies: np.ndarray, reads: np.ndarray, peptides: np.ndarray
) -> Scale:
    """Return the scale at which the known copies of groups agree best with their reads.

    All arrays are float64 (groups,): known copies, 0 for unknown ones; estimated relative copies;
    expected reads; labelled peptides. Raises InputError if no read comes from a spike-in.
    """
    used = known > 0
    estimated = float(copies[used] @ peptides[used])
    if not estimated > 0:
        raise InputError(
            "known: no read comes from a protein with known copies that reads tell from all "
            "others; check ids, labels and protease, or leave out --known"
        )
    factor = float(known[used] @ peptides[used]) / estimated
    return Scale(factor, 1 / float(reads[used].sum()))


def known_of_groups(known: np.ndarray, groups: Sequence[Sequence[int]]) -> tuple[np.ndarray, int]:
    """Return the known copies of each group, and how many groups have other proteins too.

    Copies of a group with proteins that are not known are 0: its reads may come from these.
    """
    result = np.zeros(len(groups))
    mixed = 0
    for number, group in enumerate(groups):
        values = [float(known[protein]) for protein in group]
        if all(value > 0 for value in values):
            result[number] = sum(values)
        elif any(value > 0 for value in values):
            mixed += 1
    return result, mixed
