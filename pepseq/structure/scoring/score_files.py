"""What the files that `score` writes hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pepseq.io.tables import format_tsv
from pepseq.sequences.fasta import format_fasta
from pepseq.structure.model_names import PairOfFiles
from pepseq.structure.scoring.complex_rows import COMPLEX_COLUMNS, INTERFACE_COLUMNS, ComplexRow
from pepseq.structure.scoring.rows import SCORE_COLUMNS, ScoreRow, format_row

if TYPE_CHECKING:
    from pepseq.structure.alignment_rows import AlignedChains

Rows = list[tuple[PairOfFiles, ScoreRow | ComplexRow]]
"""Pairs of files with their scores."""


def format_scores(rows: Rows, are_complexes: bool) -> bytes:
    """Return the table of scores, a row for each pair."""
    columns = COMPLEX_COLUMNS if are_complexes else SCORE_COLUMNS
    return format_tsv([columns, *(format_row(pair, row.to_dict()) for pair, row in rows)])


def format_interfaces(rows: Rows) -> bytes:
    """Return the table of the interfaces of all complexes."""
    cells = [
        format_row(pair, interface.to_dict())
        for pair, row in rows
        if isinstance(row, ComplexRow)
        for interface in row.interface_rows
    ]
    return format_tsv([INTERFACE_COLUMNS, *cells])


def format_alignment(pair: PairOfFiles, alignment: Sequence[AlignedChains]) -> bytes:
    """Return two FASTA records for each two aligned chains.

    Their names are `ID|model|CHAIN` and `ID|reference|CHAIN`.
    """
    records = [
        (f"{pair.id}|{side}|{chain} {path}", row)
        for chains in alignment
        for side, chain, path, row in (
            ("model", chains.model_chain, pair.model, chains.model_row),
            ("reference", chains.reference_chain, pair.reference, chains.reference_row),
        )
    ]
    return b"".join(format_fasta(header, row) for header, row in records)
