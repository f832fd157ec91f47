"""The paired alignment of two families or more, as FASTA and as A3M of a complex."""

import logging
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from pepseq.errors import InputError, SettingsError, quoted
from pepseq.io.compression import without_suffix
from pepseq.io.files import encode_text
from pepseq.io.plurals import plural
from pepseq.pairing.msa import GAP_CODE, SYMBOLS, Alignment
from pepseq.sequences.fasta import format_fasta

log = logging.getLogger(__name__)
FAMILY_NAMES = string.ascii_uppercase
FIRST_CHAIN = 101
"""Id of the first chain of an A3M of ColabFold; the others have the next numbers."""

NO_PROTEIN = "DUMMY"
"""Name of a protein that a row of the A3M lacks, as in the files of ColabFold's server."""

_SYMBOLS = np.frombuffer(SYMBOLS.encode(), np.uint8)


@dataclass(frozen=True)
class Complex:
    """Proteins of one species that are taken to form a complex: one of each family, or None."""

    species: str
    proteins: tuple[str | None, ...]
    confidence: float


class PairedAlignment:
    """Aligned families side by side: rows of complexes, and rows of single proteins.

    `complexes` are those of at least `min_confidence`, and the query. `unpaired` holds for each
    family the ids of the proteins in none of them, in the order of the alignment, if they have
    residues in the columns of the query.
    """

    def __init__(
        self,
        families: Sequence[Alignment],
        complexes: Sequence[Complex],
        query: Complex,
        min_confidence: float,
    ):
        self.query = query
        self.complexes = [
            c for c in complexes if c.confidence >= min_confidence or c.proteins == query.proteins
        ]
        self._rows = [dict(zip(family.ids, family.codes, strict=True)) for family in families]
        self._gaps = [np.full(family.codes.shape[1], GAP_CODE, np.uint8) for family in families]
        self._kept = self.codes(query.proteins) != GAP_CODE
        self.unpaired = []
        for place, family in enumerate(families):
            paired = {c.proteins[place] for c in self.complexes}
            single = [id for id in family.ids if id not in paired and self._has_residues(place, id)]
            self.unpaired.append(single)

    def codes(self, proteins: Sequence[str | None]) -> np.ndarray:
        """Return the codes of the proteins side by side, gaps for None."""
        rows = zip(proteins, self._rows, self._gaps, strict=True)
        return np.concatenate([gaps if id is None else own[id] for id, own, gaps in rows])

    def fasta(self) -> Iterator[bytes]:
        """Yield the rows of the complexes as FASTA."""
        for c in self.complexes:
            names = "+".join(id for id in c.proteins if id is not None)
            header = f"{names} species={c.species} confidence={c.confidence:.4f}"
            yield format_fasta(header, _text(self.codes(c.proteins)))

    def a3m(self, paired_only: bool) -> Iterator[bytes]:
        r"""Yield the A3M of the query, as ColabFold reads it (Mirdita et al. 2022).

        The first line is `#` and the residues of the chains; then come the query (chains 101, 102,
        ...), the other complexes with their ids divided by tabs, and for each chain its row of the
        query and, unless `paired_only`, the unpaired proteins, with gaps in the other chains.
        Columns in which the query has a gap are left out.
        """
        ends = np.cumsum([len(gaps) for gaps in self._gaps])
        lengths = ",".join(str(part.sum()) for part in np.split(self._kept, ends[:-1]))
        chains = [str(FIRST_CHAIN + place) for place in range(len(self._gaps))]
        yield f"#{lengths}\t{','.join('1' for _ in chains)}\n".encode()
        yield self._record("\t".join(chains), self.query.proteins)
        for c in self.complexes:
            if c.proteins != self.query.proteins:
                yield self._record("\t".join(id or NO_PROTEIN for id in c.proteins), c.proteins)
        for place, chain in enumerate(chains):
            yield self._record(chain, self._alone(place, self.query.proteins[place]))
            for id in [] if paired_only else self.unpaired[place]:
                yield self._record(id, self._alone(place, id))

    def _record(self, header: str, proteins: Sequence[str | None]) -> bytes:
        return encode_text(f">{header}\n{_text(self.codes(proteins)[self._kept])}\n")

    def _alone(self, place: int, protein: str | None) -> list[str | None]:
        return [protein if at == place else None for at in range(len(self._rows))]

    def _has_residues(self, place: int, protein: str) -> bool:
        return bool((self.codes(self._alone(place, protein))[self._kept] != GAP_CODE).any())


def is_a3m(path: str | Path | None) -> bool:
    """Return whether a paired alignment of this name is an A3M, compressed or not."""
    return path is not None and without_suffix(path).endswith(".a3m")


def check_paired_only(paired_only: bool, paired_msa: str | Path | None) -> None:
    """Raise SettingsError for `paired_only` without an A3M."""
    if paired_only and not is_a3m(paired_msa):
        raise SettingsError(
            "paired-only: applies to an .a3m only. Add --paired-msa NAME.a3m, or omit --paired-only"
        )


def write_paired_msa(
    stream: IO[bytes], path: str | Path, alignment: PairedAlignment, paired_only: bool
) -> None:
    """Write the A3M of the query, or, if `path` does not end in .a3m, the complexes as FASTA.

    Logs the numbers of paired rows and, for an A3M, of unpaired rows of each family.
    """
    if not is_a3m(path):
        stream.writelines(alignment.fasta())
        return
    stream.writelines(alignment.a3m(paired_only))
    numbers = [0 if paired_only else len(rows) for rows in alignment.unpaired]
    counts = [f"{number} of {FAMILY_NAMES[place]}" for place, number in enumerate(numbers)]
    paired, query = len(alignment.complexes), alignment.query
    log.info(
        "%s: %d paired %s, unpaired rows: %s; the query is %s, confidence %.4f",
        path,
        paired,
        plural(paired, "row"),
        ", ".join(counts),
        " with ".join(map(str, query.proteins)),
        query.confidence,
    )


def find_query(
    complexes: Sequence[Complex], families: Sequence[Alignment], query: str | None
) -> Complex:
    """Return the complex of protein `query` of family A, or of the first protein that has one.

    InputError if there is none with a protein of each family, all with residues.
    """
    with_residues = [
        {id for id, row in zip(f.ids, f.codes, strict=True) if (row != GAP_CODE).any()}
        for f in families
    ]
    complex_of = {
        c.proteins[0]: c
        for c in complexes
        if all(id in ids for id, ids in zip(c.proteins, with_residues, strict=True))
    }
    for protein in families[0].ids if query is None else [query]:
        if protein in complex_of:
            return complex_of[protein]
    raise no_query_error(query, len(families))


def no_query_error(query: str | None, families: int) -> InputError:
    """Return the error of a query that is in no pair, or in no complex of three or more."""
    place = "a pair" if families == 2 else "a complex with a protein of each family"
    members = "both" if families == 2 else "all"
    return InputError(
        f"query: expected a protein of FAMILY_A in {place}, and {members} with residues, found "
        + ("none" if query is None else f"none with id {quoted(query)}")
    )


def _text(codes: np.ndarray) -> str:
    return _SYMBOLS[codes].tobytes().decode("ascii")
