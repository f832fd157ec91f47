"""The table of fits of reads."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from pepseq.errors import is_text
from pepseq.identification.fits import ReadFits
from pepseq.templates.reference import Reference


@dataclass(frozen=True)
class FitRow:
    """A row of the table of fits; None is an empty cell. Columns: docs/reference."""

    id: str
    rank: int | None
    protein: str | None
    begin: int | None
    end: int | None
    score: float | None
    coverage: float | None
    labels_matched: int | None
    labels: int | None
    equal_fits: int | None
    probability: float | None
    e_value: float | None
    q_value: float | None
    q_value_related: float | None
    description: str | None
    count: int | None
    sequence: str | None


LOOKUP_COLUMNS = tuple(field.name for field in fields(FitRow))


def empty_row(read: str, count: int, sequence: str | None) -> FitRow:
    """Return the row of a read that fits nothing."""
    cells = dict.fromkeys(LOOKUP_COLUMNS) | {"id": read, "count": count, "sequence": sequence}
    return FitRow(**cells)  # type: ignore[arg-type]


def fit_rows(
    read: str,
    fits: ReadFits,
    q_value: float,
    q_value_related: float,
    count: int,
    sequence: str | None,
    reference: Reference,
) -> Iterable[FitRow]:
    """Yield a row for each of the best fits of a read; one with empty cells if it fits nothing.

    What belongs to the read and not to a fit (q-value, count, equal fits, sequence as in the file)
    is in its first row.
    """
    if not fits.best:
        yield empty_row(read, count, sequence)
    total = np.logaddexp2(fits.total, np.log2(max(fits.places, 1)))
    for rank, fit in enumerate(fits.best, 1):
        name, _, description = reference.header(fit.protein).partition(" ")
        first = rank == 1
        yield FitRow(
            read,
            rank,
            name,
            fit.begin,
            fit.end,
            fit.score,
            fit.coverage,
            fit.matched,
            fit.labels,
            fits.equal if first else None,
            float(2.0 ** (fit.score - total)),
            float(fits.places * 2.0 ** min(fit.bonus - fit.score, 60)),
            float(q_value) if first else None,
            float(q_value_related) if first else None,
            one_cell(description),
            count if first else None,
            sequence if first else None,
        )


def one_cell(text: str) -> str:
    """Return a text with a space for each tab and anything else that would break a table."""
    return "".join(symbol if is_text(symbol) else " " for symbol in text).strip()
